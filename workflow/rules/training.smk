"""Weights that come from elsewhere, and the training of every student: one rule, whatever labels it trains on.

The stages of a teacher are trained by it too.
"""


rule fetch_weights:
    output:
        WEIGHTS,
    log:
        "results/weights/{backbone}.log",
    localrule: True  # compute nodes may have no connection
    conda:
        "../../envs/training.yaml"
    params:
        code=code_of("fetch_weights", BACKBONES=()),
    message:
        "Fetching the ImageNet weights of {wildcards.backbone}"
    script:
        "../scripts/fetch_weights.py"


rule train_student:
    input:
        unpack(inputs_of_training),
        splits=FILES.splits,
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
    threads: CORES_BESIDE_A_GPU if config["gpu"] else HALF_OF_THE_CORES
    resources:
        **GPU,
        **growing(mem_mb_of_network, minutes_of_training),
    params:
        **{key: config[key] for key in ("precision", "backend")},
        image_size=lambda wildcards: PLAN.pixels(network_of_job(wildcards)).size,
        code=lambda wildcards: code_of_training(PLAN, network_of_job(wildcards)),
        network=network_of_job,
        way=lambda wildcards: PLAN.networks[network_of_job(wildcards)].way,
        options=lambda wildcards: PLAN.options(network_of_job(wildcards)),
        source=lambda wildcards: source_of_views(PLAN.networks[network_of_job(wildcards)]),
        unlabelled=lambda wildcards: network_of_job(wildcards) in PLAN.see_unlabelled,
        stop_after=lambda wildcards: STAGES.get(network_of_job(wildcards)),
        checkpoints=checkpoints,
        recipe=lambda wildcards: PLAN.recipe(network_of_job(wildcards)),
        classes=len(config["classes"]),
        fingerprints=lambda wildcards: [
            content_of_file(path)
            for path in PLAN.files_of_recipe(network_of_job(wildcards)).values()
        ],
    message:
        "Training {wildcards.student}, seed {wildcards.seed}"
    script:
        "../scripts/train.py"


if PLAN.probes:

    rule fit_probe:
        input:
            unpack(
                lambda wildcards: FILES.for_probe(
                    wildcards.probe, wildcards.get("seed", PLAN.first_seed)
                )
            ),
            splits=FILES.splits,
        output:
            **FILES.of_probe(),
        log:
            f"{SPLIT}/logs/fit_probe/{{probe}}.log",
        benchmark:
            f"{SPLIT}/benchmarks/fit_probe/{{probe}}.tsv"
        conda:
            NETWORK_ENVIRONMENT
        threads: HALF_OF_THE_CORES
        resources:
            **growing(mem_mb_of_network, minutes_by_size(3)),
        params:
            **{key: config[key] for key in ("classes", "backend")},
            code=lambda wildcards: code_of_probe(PLAN, wildcards.probe),
            recipe=lambda wildcards: {
                key: PLAN.recipe(wildcards.probe)[key]
                for key in ("backbone", "preprocessing", "class_weights")
            },
            seeds=lambda wildcards: (
                [int(wildcards.seed)] if PLAN.splits_by_seed else config["seeds"]
            ),
        message:
            "Fitting a head to the features of a frozen backbone: {wildcards.probe}"
        script:
            "../scripts/fit_probe.py"
