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


if PLAN.activations:

    rule write_activations:
        input:
            unpack(
                lambda wildcards: FILES.for_activations(
                    wildcards.activations, wildcards.get("seed", PLAN.first_seed)
                )
            ),
            unpack(files_of_recipe),
            splits=FILES.splits,
        output:
            **FILES.activations,
        log:
            f"{SPLIT}/logs/write_activations/{{activations}}.log",
        benchmark:
            f"{SPLIT}/benchmarks/write_activations/{{activations}}.tsv"
        priority: 3  # training waits for it
        conda:
            NETWORK_ENVIRONMENT
        threads: CORES  # the training of the teacher, which takes all of them too, is not kept waiting
        resources:
            **growing(mem_mb_of_network, minutes_by_size(3)),
        params:
            backend=config["backend"],
            code=lambda wildcards: code_of_activations(PLAN, wildcards.activations),
            layers=lambda wildcards: {
                key: value
                for key, value in PLAN.frozen_layers(wildcards.activations).items()
                if key in ("backbone", "preprocessing", "frozen", "mirrored")
            },
            fingerprints=fingerprints_of_recipe,
        message:
            "Computing what the frozen layers of {wildcards.activations} make of the images"
        script:
            "../scripts/write_activations.py"


rule train_student:
    input:
        unpack(lambda wildcards: FILES.for_training(network_of_job(wildcards), wildcards.seed)),
        unpack(files_of_recipe),
        splits=FILES.splits,
    output:
        **FILES.written_by_training("{student}"),
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
        source=lambda wildcards: (
            source_of_views(PLAN.networks[network_of_job(wildcards)])
            or PLAN.gives_weights(network_of_job(wildcards))
        ),
        unlabelled=lambda wildcards: network_of_job(wildcards) in PLAN.see_unlabelled,
        stop_after=lambda wildcards: STAGES.get(network_of_job(wildcards)),
        checkpoints=checkpoints,
        recipe=lambda wildcards: PLAN.recipe(network_of_job(wildcards)),
        classes=config["classes"],
        fingerprints=fingerprints_of_recipe,
    message:
        "Training {wildcards.student}, seed {wildcards.seed}"
    script:
        "../scripts/train.py"


if PLAN.probes:

    rule fit_probe:
        input:
            unpack(
                lambda wildcards: FILES.of_frozen_backbone(
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
