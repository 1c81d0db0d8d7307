"""The labels that each network trains on."""


rule write_labels:
    input:
        unpack(predictions_of_source),
        splits=SPLITS,
    output:
        labels=LABELS,
        lineage=lineage_of([LABELS]),
    log:
        f"{SEED}/logs/labels/{{network}}.log",
    priority: 2  # the chains of students are the longest way; evaluations fill the gaps
    localrule: True
    conda:
        LIGHT_ENVIRONMENT
    params:
        code=lambda wildcards: code_of(
            "write_labels",
            WAYS=(NETWORKS[wildcards.network].way,),
            OPTIONS=tuple(options_of(wildcards.network)),
        ),
        way=lambda wildcards: NETWORKS[wildcards.network].way,
        options=lambda wildcards: options_of(wildcards.network),
        source=labels_made_from,
        classes=config["classes"],
    message:
        "Labelling the images for {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/write_labels.py"
