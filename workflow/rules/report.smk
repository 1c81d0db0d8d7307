"""The paper's tables, and the page that holds them."""


rule tabulate_evaluation:
    input:
        evaluations=of_all_networks(f"{SEED}/evaluation/{{network}}.csv"),
        histories=of_all_networks(f"{SEED}/history/{{network}}.csv"),
        printed=PRINTED["evaluation"],
    output:
        table=f"{RUN}/tables/evaluation.csv",
    log:
        f"{RUN}/logs/tabulate_evaluation.log",
    conda:
        "../../envs/light.yaml"
    params:
        results=RESULTS,
    message:
        "Tabulating loss and accuracy"
    script:
        "../scripts/tabulate_evaluation.py"


rule tabulate_uncertainty:
    input:
        **PREDICTIONS_OF_ALL,
        splits=f"{RUN}/data/splits.csv",
        printed=PRINTED["uncertainty"],
    output:
        table=f"{RUN}/tables/uncertainty.csv",
    log:
        f"{RUN}/logs/tabulate_uncertainty.log",
    conda:
        "../../envs/light.yaml"
    params:
        results=RESULTS,
        students=config["students"],
    message:
        "Tabulating uncertainty and accuracy"
    script:
        "../scripts/tabulate_uncertainty.py"


rule tabulate_histograms:
    input:
        **PREDICTIONS_OF_ALL,
        printed=PRINTED["histograms"],
    output:
        table=f"{RUN}/tables/histograms.csv",
    log:
        f"{RUN}/logs/tabulate_histograms.log",
    conda:
        "../../envs/light.yaml"
    params:
        results=RESULTS,
        bin_width=config["evaluation"]["bin_width"],
    message:
        "Tabulating the relative frequencies of predictions"
    script:
        "../scripts/tabulate_histograms.py"


rule tabulate_best_epoch:
    input:
        histories=of_all_networks(f"{SEED}/history/{{network}}.csv"),
        printed=PRINTED["best_epoch"],
    output:
        table=f"{RUN}/tables/best_epoch.csv",
    log:
        f"{RUN}/logs/tabulate_best_epoch.log",
    conda:
        "../../envs/light.yaml"
    params:
        results=RESULTS,
    message:
        "Tabulating the best epochs"
    script:
        "../scripts/tabulate_best_epoch.py"


rule summarise:
    input:
        **{table: f"{RUN}/tables/{table}.csv" for table in TABLES},
        splits=f"{RUN}/data/splits.csv",
        rejected=f"{RUN}/data/rejected.csv",
    output:
        summary=f"{RUN}/summary.md",
    log:
        f"{RUN}/logs/summarise.log",
    conda:
        "../../envs/light.yaml"
    params:
        config=config,
    message:
        "Writing the summary"
    script:
        "../scripts/summarise.py"
