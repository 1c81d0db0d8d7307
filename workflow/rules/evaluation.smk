"""What each network answers, and how good that is."""


rule predict:
    message:
        "Predicting with {wildcards.network}, seed {wildcards.seed}"
    input:
        **IMAGES,
        model=f"{SEED}/models/{{network}}.keras",
        splits=f"{RUN}/data/splits.csv",
    output:
        **PREDICTIONS,
    log:
        f"{SEED}/logs/predict/{{network}}.log",
    params:
        backend=config["backend"],
    threads: half_of_the_cores()
    conda:
        "../../envs/training.yaml"
    script:
        "../scripts/predict.py"


rule evaluate:
    message:
        "Evaluating {wildcards.network}, seed {wildcards.seed}"
    input:
        **PREDICTIONS,
        model=f"{SEED}/models/{{network}}.keras",
        splits=f"{RUN}/data/splits.csv",
        test_images=IMAGES["test"],
        teacher_labels=teacher_labels,
    output:
        evaluation=f"{SEED}/evaluation/{{network}}.csv",
    log:
        f"{SEED}/logs/evaluate/{{network}}.log",
    params:
        augmentation=augmentation_of_network,
        repeats=config["evaluation"]["augmented_repeats"],
        backend=config["backend"],
    threads: half_of_the_cores()
    conda:
        "../../envs/training.yaml"
    script:
        "../scripts/evaluate.py"
