"""The labels that each network trains on."""


rule write_labels:
    message:
        "Labelling the images for {wildcards.network}, seed {wildcards.seed}"
    input:
        splits=f"{RUN}/data/splits.csv",
        predictions=predictions_of_giver,
    output:
        labels=f"{SEED}/labels/{{network}}.csv",
    log:
        f"{SEED}/logs/labels/{{network}}.log",
    params:
        kind=kind_of_labels,
    conda:
        "../../envs/light.yaml"
    script:
        "../scripts/write_labels.py"
