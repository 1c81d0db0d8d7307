"""The labels that each network trains on."""


localrules:
    write_labels,


rule write_labels:
    input:
        splits=f"{RUN}/data/splits.csv",
        predictions=predictions_of_giver,
    output:
        labels=f"{SEED}/labels/{{network}}.csv",
    log:
        f"{SEED}/logs/labels/{{network}}.log",
    priority: 1  # the chains of students are the longest way; evaluations fill the gaps
    conda:
        "../../envs/light.yaml"
    resources:
        **LIGHT,
    params:
        code=code_of("write_labels"),
        kind=kind_of_labels,
    message:
        "Labelling the images for {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/write_labels.py"
