"""What each network answers, and how good that is."""


rule evaluate:
    input:
        unpack(lambda wildcards: FILES.teacher_labels(wildcards.network, wildcards.seed)),
        unpack(lambda wildcards: FILES.own_labels(wildcards.network, wildcards.seed)),
        **FILES.predictions,
        model=FILES.model,
        splits=FILES.splits,
        test_images=lambda wildcards: FILES.array(TEST, wildcards.network, wildcards.seed),
        lineage=lineages([FILES.model, *FILES.predictions.values()]),
    output:
        evaluation=FILES.evaluation,
        augmented=FILES.augmented,
        lineage=lineages([FILES.augmented]),
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
        code=lambda wildcards: code_of_evaluation(PLAN, wildcards.network),
        augmentation=lambda wildcards: PLAN.recipe(wildcards.network)["augmentation"],
        repeats=config["evaluation"]["augmented_repeats"],
        classes=config["classes"],
        backend=config["backend"],
    message:
        "Evaluating {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/evaluate.py"
