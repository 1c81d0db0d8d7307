"""What each network answers, and how good that is."""


rule predict:
    input:
        **IMAGES,
        model=f"{SEED}/models/{{network}}.keras",
        lineage=f"{SEED}/models/{{network}}.lineage.json",
        splits=f"{RUN}/data/splits.csv",
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
    threads: half_of_the_cores()
    resources:
        mem_mb=mem_mb_of_network,
        runtime=runtime_by_size(3),
    params:
        code=code_of("predict"),
        backend=config["backend"],
    message:
        "Predicting with {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/predict.py"


rule evaluate:
    input:
        **PREDICTIONS,
        model=f"{SEED}/models/{{network}}.keras",
        splits=f"{RUN}/data/splits.csv",
        test_images=IMAGES["test"],
        teacher_labels=teacher_labels,
        lineage=lineage_of([f"{SEED}/models/{{network}}.keras", *PREDICTIONS.values()]),
        teacher_lineage=lambda wildcards: lineage_of(filter(None, [teacher_labels(wildcards)])),
    output:
        evaluation=f"{SEED}/evaluation/{{network}}.csv",
        augmented=f"{SEED}/predictions/{{network}}/augmented.csv",
        lineage=f"{SEED}/predictions/{{network}}/augmented.lineage.json",
    log:
        f"{SEED}/logs/evaluate/{{network}}.log",
    benchmark:
        f"{SEED}/benchmarks/evaluate/{{network}}.tsv"
    conda:
        NETWORK_ENVIRONMENT
    threads: half_of_the_cores()
    resources:
        mem_mb=mem_mb_of_network,
        runtime=runtime_by_size(3 * (1 + config["evaluation"]["augmented_repeats"])),
    params:
        code=code_of("evaluate"),
        augmentation=augmentation_of_network,
        repeats=config["evaluation"]["augmented_repeats"],
        backend=config["backend"],
    message:
        "Evaluating {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/evaluate.py"
