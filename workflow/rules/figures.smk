"""The paper's figures, and those that it describes in numbers alone."""


rule draw_scheme:
    input:
        model=f"{RUN}/seed-{config['seeds'][0]}/models/teacher.keras",
    output:
        in_report(
            drawn("1-teacher"), "scheme", TRAINING_CATEGORY, figure="1: scheme of the teacher"
        ),
    log:
        f"{RUN}/logs/draw_scheme.log",
    localrule: True
    conda:
        NETWORK_ENVIRONMENT
    resources:
        **LIGHT,
    params:
        **DESCRIBED,
        code=code_of("draw_scheme"),
        backend=config["backend"],
    message:
        "Drawing the teacher's scheme"
    script:
        "../scripts/draw_scheme.py"


rule draw_training:
    input:
        histories=of_all_networks(f"{SEED}/history/{{network}}.csv"),
        printed=PRINTED["evaluation"],
    output:
        [
            in_report(
                files,
                "training",
                TRAINING_CATEGORY,
                figure=f"{TRAINING_NUMBERS.get(network, '').replace('-', ': ')}training of {network}",
            )
            for network, files in TRAINING_FIGURES.items()
        ],
    log:
        f"{RUN}/logs/draw_training.log",
    localrule: True
    conda:
        "../../envs/light.yaml"
    resources:
        **LIGHT,
    params:
        **DESCRIBED,
        code=code_of("draw_training", "../reference/evaluation.csv"),
        results=RESULTS,
        networks=list(TRAINING_FIGURES),
        labels={
            network: (NETWORKS[network].labels, NETWORKS[network].source)
            for network in TRAINING_FIGURES
        },
    message:
        "Drawing the training curves"
    script:
        "../scripts/draw_training.py"


rule draw_predictions:
    input:
        table=f"{RUN}/tables/histograms.csv",
    output:
        [
            in_report(
                files, "predictions", PREDICTIONS_CATEGORY, figure=f"{number}: predictions, {part}"
            )
            for number, (part, files) in enumerate(PREDICTION_FIGURES.items(), start=6)
        ],
    log:
        f"{RUN}/logs/draw_predictions.log",
    localrule: True
    conda:
        "../../envs/light.yaml"
    resources:
        **LIGHT,
    params:
        **DESCRIBED,
        code=code_of("draw_predictions"),
        parts=list(PREDICTION_FIGURES),
    message:
        "Drawing the predictions"
    script:
        "../scripts/draw_predictions.py"


rule draw_recursion:
    input:
        table=f"{RUN}/tables/histograms.csv",
    output:
        [
            in_report(files, "recursion", RECURSION_CATEGORY, figure=f"9: recursion of {family}")
            for family, files in RECURSION_FIGURES.items()
        ],
    log:
        f"{RUN}/logs/draw_recursion.log",
    localrule: True
    conda:
        "../../envs/light.yaml"
    resources:
        **LIGHT,
    params:
        **DESCRIBED,
        code=code_of("draw_recursion"),
        families=list(RECURSION_FIGURES),
    message:
        "Drawing the predictions along the recursion"
    script:
        "../scripts/draw_recursion.py"


rule draw_generations:
    input:
        table=f"{RUN}/tables/uncertainty.csv",
    output:
        in_report(
            drawn("generations"),
            "generations",
            RECURSION_CATEGORY,
            figure="accuracy and uncertainty by generation",
        ),
    log:
        f"{RUN}/logs/draw_generations.log",
    localrule: True
    conda:
        "../../envs/light.yaml"
    resources:
        **LIGHT,
    params:
        **DESCRIBED,
        code=code_of("draw_generations"),
    message:
        "Drawing accuracy and uncertainty by generation"
    script:
        "../scripts/draw_generations.py"


rule draw_examples:
    input:
        **EXAMPLES,
        images=IMAGES["test"],
        splits=f"{RUN}/data/splits.csv",
        lineage=lineage_of(EXAMPLES.values()),
    output:
        in_report(
            drawn("examples"), "examples", EXAMPLES_CATEGORY, figure="where the networks doubt"
        ),
    log:
        f"{RUN}/logs/draw_examples.log",
    localrule: True
    conda:
        "../../envs/light.yaml"
    resources:
        **LIGHT,
    params:
        **DESCRIBED,
        code=code_of("draw_examples"),
        seed=config["seeds"][0],
        student=SHOWN_STUDENT,
    message:
        "Drawing the images of which the networks are least sure"
    script:
        "../scripts/draw_examples.py"
