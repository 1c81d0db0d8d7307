"""The labels that each network trains on."""

# Params of a rule that labels images for a network.
LABELLED_SO = {
    "code": lambda wildcards: code_of_labels(PLAN, wildcards.network),
    "way": lambda wildcards: PLAN.networks[wildcards.network].way,
    "options": lambda wildcards: PLAN.options(wildcards.network),
    "source": lambda wildcards: made_from(PLAN.networks[wildcards.network]),
    "classes": config["classes"],
}


rule write_labels:
    input:
        unpack(lambda wildcards: FILES.for_labels(wildcards.network, wildcards.seed)),
        splits=FILES.splits,
    output:
        labels=FILES.labels,
        lineage=lineages([FILES.labels]),
    log:
        f"{SEED}/logs/labels/{{network}}.log",
    priority: 2  # the chains of students are the longest way; evaluations fill the gaps
    localrule: True
    conda:
        LIGHT_ENVIRONMENT
    params:
        **LABELLED_SO,
        parts=lambda wildcards: PARTS if made_from(PLAN.networks[wildcards.network]) else [],
    message:
        "Labelling the images for {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/write_labels.py"


if PLAN.see_unlabelled:

    rule predict_unlabelled:
        input:
            model=FILES.model,
            model_lineage=f"{SEED}/models/{{network}}.lineage.json",
            splits=FILES.splits,
            listed=FILES.unlabelled_list,
            unlabelled=lambda wildcards: FILES.array(UNLABELLED, wildcards.network, wildcards.seed),
        output:
            unlabelled=FILES.unlabelled_predictions,
            lineage=lineages([FILES.unlabelled_predictions]),
        log:
            f"{SEED}/logs/predict_unlabelled/{{network}}.log",
        benchmark:
            f"{SEED}/benchmarks/predict_unlabelled/{{network}}.tsv"
        priority: 2
        conda:
            NETWORK_ENVIRONMENT
        threads: HALF_OF_THE_CORES
        resources:
            **growing(mem_mb_of_network, minutes_by_size(3)),
        params:
            **params_of("predict", "backend", "classes"),
            network=network_of_job,
            parts=[UNLABELLED],
        message:
            "Predicting the images without a label with {wildcards.network}, seed {wildcards.seed}"
        script:
            "../scripts/predict.py"

    rule label_unlabelled:
        input:
            unpack(lambda wildcards: FILES.for_unlabelled_labels(wildcards.network, wildcards.seed)),
            splits=FILES.splits,
            listed=FILES.unlabelled_list,
        output:
            labels=FILES.unlabelled_labels,
            lineage=lineages([FILES.unlabelled_labels]),
        log:
            f"{SEED}/logs/label_unlabelled/{{network}}.log",
        priority: 2
        localrule: True
        conda:
            LIGHT_ENVIRONMENT
        params:
            **LABELLED_SO,
            parts=[UNLABELLED],
        message:
            "Labelling the images without a label for {wildcards.network}, seed {wildcards.seed}"
        script:
            "../scripts/write_labels.py"


if PLAN.means:

    rule average_predictions:
        input:
            unpack(lambda wildcards: FILES.of_members(wildcards.mean, wildcards.seed)),
            splits=FILES.splits,
        output:
            **FILES.predictions_of("{mean}"),
            evaluation=f"{SEED}/evaluation/{{mean}}.csv",
        log:
            f"{SEED}/logs/average_predictions/{{mean}}.log",
        priority: 2
        localrule: True
        conda:
            LIGHT_ENVIRONMENT
        params:
            code=code_of("average_predictions"),
            members=lambda wildcards: PLAN.networks[wildcards.mean].members,
            classes=config["classes"],
        message:
            "Averaging {params.members}, seed {wildcards.seed}"
        script:
            "../scripts/average_predictions.py"
