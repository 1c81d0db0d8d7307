"""The paper's tables, and the page that holds them."""


rule tabulate_evaluation:
    message:
        "Tabulating loss and accuracy"
    input:
        evaluations=of_all_networks(f"{SEED}/evaluation/{{network}}.csv"),
        histories=of_all_networks(f"{SEED}/history/{{network}}.csv"),
        printed=PRINTED["evaluation"],
    output:
        table=f"{RUN}/tables/evaluation.csv",
    log:
        f"{RUN}/logs/tabulate_evaluation.log",
    params:
        results=RESULTS,
    conda:
        "../../envs/light.yaml"
    script:
        "../scripts/tabulate_evaluation.py"


rule tabulate_uncertainty:
    message:
        "Tabulating uncertainty and accuracy"
    input:
        **PREDICTIONS_OF_ALL,
        splits=f"{RUN}/data/splits.csv",
        printed=PRINTED["uncertainty"],
    output:
        table=f"{RUN}/tables/uncertainty.csv",
    log:
        f"{RUN}/logs/tabulate_uncertainty.log",
    params:
        results=RESULTS,
        students=config["students"],
    conda:
        "../../envs/light.yaml"
    script:
        "../scripts/tabulate_uncertainty.py"


rule tabulate_histograms:
    message:
        "Tabulating the relative frequencies of predictions"
    input:
        **PREDICTIONS_OF_ALL,
        printed=PRINTED["histograms"],
    output:
        table=f"{RUN}/tables/histograms.csv",
    log:
        f"{RUN}/logs/tabulate_histograms.log",
    params:
        results=RESULTS,
        bin_width=config["evaluation"]["bin_width"],
    conda:
        "../../envs/light.yaml"
    script:
        "../scripts/tabulate_histograms.py"


rule tabulate_best_epoch:
    message:
        "Tabulating the best epochs"
    input:
        histories=of_all_networks(f"{SEED}/history/{{network}}.csv"),
        printed=PRINTED["best_epoch"],
    output:
        table=f"{RUN}/tables/best_epoch.csv",
    log:
        f"{RUN}/logs/tabulate_best_epoch.log",
    params:
        results=RESULTS,
    conda:
        "../../envs/light.yaml"
    script:
        "../scripts/tabulate_best_epoch.py"


rule summarise:
    message:
        "Writing the summary"
    input:
        **{table: f"{RUN}/tables/{table}.csv" for table in TABLES},
        splits=f"{RUN}/data/splits.csv",
        rejected=f"{RUN}/data/rejected.csv",
    output:
        summary=f"{RUN}/summary.md",
    log:
        f"{RUN}/logs/summarise.log",
    params:
        config=config,
    conda:
        "../../envs/light.yaml"
    script:
        "../scripts/summarise.py"
