"""The teacher: its ImageNet weights, and its training on manual labels."""


rule fetch_weights:
    output:
        "results/weights/{backbone}-imagenet-notop.h5",
    log:
        "results/weights/{backbone}.log",
    localrule: True  # compute nodes may have no connection
    conda:
        "../../envs/training.yaml"
    resources:
        **LIGHT,
    params:
        code=code_of("fetch_weights"),
    message:
        "Fetching the ImageNet weights of {wildcards.backbone}"
    script:
        "../scripts/fetch_weights.py"


rule train_teacher:
    input:
        train=IMAGES["train"],
        validation=IMAGES["validation"],
        splits=f"{RUN}/data/splits.csv",
        labels=f"{SEED}/labels/teacher.csv",
        lineage=f"{SEED}/labels/teacher.lineage.json",
        backbone=backbone_file("teacher"),
        weights=weights_file("teacher"),
    output:
        model=f"{SEED}/models/teacher.keras",
        lineage=f"{SEED}/models/teacher.lineage.json",
        history=f"{SEED}/history/teacher.csv",
    log:
        f"{SEED}/logs/train/teacher.log",
    benchmark:
        f"{SEED}/benchmarks/train/teacher.tsv"
    priority: 3  # all but the classic student wait for it
    conda:
        NETWORK_ENVIRONMENT
    threads: CORES
    resources:
        **GPU,
        mem_mb=mem_mb_of_network,
        runtime=runtime_of_training,
    params:
        code=code_of("train"),
        network="teacher",
        checkpoints=checkpoints,
        recipe=recipe_of("teacher"),
        image_size=config["image_size"],
        precision=config["precision"],
        backend=config["backend"],
        fingerprints=fingerprints_of_recipe("teacher"),
    message:
        "Training the teacher, seed {wildcards.seed}"
    script:
        "../scripts/train.py"
