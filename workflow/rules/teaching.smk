"""The labels that each network trains on."""

# Params of a rule that labels images for a network.
LABELLED_SO = {
    "code": lambda wildcards: code_of(
        "write_labels",
        WAYS=(NETWORKS[wildcards.network].way,),
        OPTIONS=tuple(options_of(wildcards.network)),
    ),
    "way": lambda wildcards: NETWORKS[wildcards.network].way,
    "options": lambda wildcards: options_of(wildcards.network),
    "source": labels_made_from,
    "classes": config["classes"],
}


rule write_labels:
    input:
        unpack(predictions_of_source),
        splits=SPLITS,
    output:
        labels=LABELS,
        lineage=lineage_of([LABELS]),
    log:
        f"{SEED}/logs/labels/{{network}}.log",
    priority: 2  # the chains of students are the longest way; evaluations fill the gaps
    localrule: True
    conda:
        LIGHT_ENVIRONMENT
    params:
        **LABELLED_SO,
        parts=lambda wildcards: PARTS if labels_made_from(wildcards) else [],
    message:
        "Labelling the images for {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/write_labels.py"


if SEE_UNLABELLED:

    rule predict_unlabelled:
        input:
            model=f"{SEED}/models/{{network}}.keras",
            model_lineage=f"{SEED}/models/{{network}}.lineage.json",
            splits=SPLITS,
            listed=UNLABELLED_LIST,
            unlabelled=UNLABELLED_IMAGES,
        output:
            unlabelled=UNLABELLED_PREDICTIONS,
            lineage=lineage_of([UNLABELLED_PREDICTIONS]),
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
            parts=[UNLABELLED],
        message:
            "Predicting the images without a label with {wildcards.network}, seed {wildcards.seed}"
        script:
            "../scripts/predict.py"

    rule label_unlabelled:
        input:
            unpack(predictions_of_unlabelled),
            splits=SPLITS,
            listed=UNLABELLED_LIST,
        output:
            labels=UNLABELLED_LABELS,
            lineage=lineage_of([UNLABELLED_LABELS]),
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


if MEANS:

    rule average_predictions:
        input:
            unpack(predictions_of_members),
            splits=SPLITS,
        output:
            **{
                part: path.format(seed="{seed}", network="{mean}")
                for part, path in PREDICTIONS.items()
            },
            lineage=lineage_of(
                path.format(seed="{seed}", network="{mean}") for path in PREDICTIONS.values()
            ),
            evaluation=f"{SEED}/evaluation/{{mean}}.csv",
        log:
            f"{SEED}/logs/average_predictions/{{mean}}.log",
        priority: 2
        localrule: True
        conda:
            LIGHT_ENVIRONMENT
        params:
            code=code_of("average_predictions"),
            members=lambda wildcards: NETWORKS[wildcards.mean].members,
            classes=config["classes"],
        message:
            "Averaging {params.members}, seed {wildcards.seed}"
        script:
            "../scripts/average_predictions.py"
