"""What each network answers, and how good that is."""


rule predict:
    input:
        **IMAGES,
        model=f"{SEED}/models/{{network}}.keras",
        lineage=f"{SEED}/models/{{network}}.lineage.json",
        splits=SPLITS,
    output:
        **PREDICTIONS,
        lineage=lineage_of(PREDICTIONS.values()),
    log:
        f"{SEED}/logs/predict/{{network}}.log",
    benchmark:
        f"{SEED}/benchmarks/predict/{{network}}.tsv"
    priority: 2  # the chains of students are the longest way; evaluations fill the gaps
    conda:
        NETWORK_ENVIRONMENT
    threads: HALF_OF_THE_CORES
    resources:
        **growing(mem_mb_of_network, minutes_by_size(3)),
    params:
        **params_of("predict", "backend", "classes"),
        parts=PARTS,
    message:
        "Predicting with {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/predict.py"


rule evaluate:
    input:
        unpack(teacher_labels),
        **PREDICTIONS,
        model=f"{SEED}/models/{{network}}.keras",
        splits=SPLITS,
        test_images=IMAGES[TEST],
        lineage=lineage_of([f"{SEED}/models/{{network}}.keras", *PREDICTIONS.values()]),
    output:
        evaluation=f"{SEED}/evaluation/{{network}}.csv",
        augmented=AUGMENTED,
        lineage=lineage_of([AUGMENTED]),
    log:
        f"{SEED}/logs/evaluate/{{network}}.log",
    benchmark:
        f"{SEED}/benchmarks/evaluate/{{network}}.tsv"
    conda:
        NETWORK_ENVIRONMENT
    threads: HALF_OF_THE_CORES
    resources:
        **growing(
            mem_mb_of_network, minutes_by_size(3 * (1 + config["evaluation"]["augmented_repeats"]))
        ),
    params:
        code=lambda wildcards: code_of(
            "evaluate", TRANSFORMATIONS=active(recipe_of_job(wildcards)["augmentation"])
        ),
        augmentation=lambda wildcards: recipe_of_job(wildcards)["augmentation"],
        repeats=config["evaluation"]["augmented_repeats"],
        classes=config["classes"],
        backend=config["backend"],
    message:
        "Evaluating {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/evaluate.py"
