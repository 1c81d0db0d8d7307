"""The labels that each network trains on."""


rule write_labels:
    input:
        unpack(predictions_of_source),
        splits=f"{RUN}/data/splits.csv",
    output:
        labels=f"{SEED}/labels/{{network}}.csv",
        lineage=f"{SEED}/labels/{{network}}.lineage.json",
    log:
        f"{SEED}/logs/labels/{{network}}.log",
    priority: 2  # the chains of students are the longest way; evaluations fill the gaps
    localrule: True
    conda:
        "../../envs/light.yaml"
    resources:
        **LIGHT,
    params:
        code=code_of("write_labels"),
        kind=kind_of_labels,
        source=source_of_labels,
    message:
        "Labelling the images for {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/write_labels.py"
