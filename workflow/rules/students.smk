"""Every student and every step of recursion: one rule, whatever labels it trains on."""


rule train_student:
    input:
        train=IMAGES["train"],
        validation=IMAGES["validation"],
        splits=f"{RUN}/data/splits.csv",
        labels=f"{SEED}/labels/{{student}}.csv",
        lineage=f"{SEED}/labels/{{student}}.lineage.json",
        backbone=backbone_of_student,
        weights=weights_of_student,
    output:
        model=f"{SEED}/models/{{student}}.keras",
        lineage=f"{SEED}/models/{{student}}.lineage.json",
        history=f"{SEED}/history/{{student}}.csv",
    log:
        f"{SEED}/logs/train/{{student}}.log",
    benchmark:
        f"{SEED}/benchmarks/train/{{student}}.tsv"
    priority: 2  # the chains of students are the longest way; evaluations fill the gaps
    conda:
        NETWORK_ENVIRONMENT
    threads: half_of_the_cores()
    resources:
        **GPU,
        mem_mb=mem_mb_of_network,
        runtime=runtime_of_training,
    params:
        code=code_of("train"),
        network="{student}",
        checkpoints=checkpoints,
        recipe=recipe_of_student,
        image_size=config["image_size"],
        precision=config["precision"],
        backend=config["backend"],
        fingerprints=fingerprints_of_student,
    message:
        "Training {wildcards.student}, seed {wildcards.seed}"
    script:
        "../scripts/train.py"
