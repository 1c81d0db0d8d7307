"""The paper's tables and claims, and the page that holds the whole result."""


rule tabulate_evaluation:
    input:
        evaluations=of_all_networks(f"{SEED}/evaluation/{{network}}.csv"),
        histories=of_all_networks(f"{SEED}/history/{{network}}.csv"),
        printed=PRINTED["evaluation"],
    output:
        table=report(
            f"{RUN}/tables/evaluation.csv",
            caption="../report/evaluation.rst",
            category=TABLES_CATEGORY,
            labels={"table": "loss and accuracy (section 3)"},
        ),
    log:
        f"{RUN}/logs/tabulate_evaluation.log",
    localrule: True
    conda:
        "../../envs/light.yaml"
    resources:
        **LIGHT,
    params:
        **DESCRIBED,
        code=code_of("tabulate_evaluation", "../reference/evaluation.csv"),
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
        table=report(
            f"{RUN}/tables/uncertainty.csv",
            caption="../report/uncertainty.rst",
            category=TABLES_CATEGORY,
            labels={"table": "uncertainty and accuracy (sections 4.3, 4.4)"},
        ),
    log:
        f"{RUN}/logs/tabulate_uncertainty.log",
    localrule: True
    conda:
        "../../envs/light.yaml"
    resources:
        **LIGHT,
    params:
        **DESCRIBED,
        code=code_of("tabulate_uncertainty", "../reference/uncertainty.csv"),
        results=RESULTS,
        students=config["students"],
    message:
        "Tabulating uncertainty and accuracy"
    script:
        "../scripts/tabulate_uncertainty.py"


rule tabulate_histograms:
    input:
        **PREDICTIONS_OF_ALL,
        splits=f"{RUN}/data/splits.csv",
        printed=PRINTED["histograms"],
    output:
        table=report(
            f"{RUN}/tables/histograms.csv",
            caption="../report/histograms.rst",
            category=TABLES_CATEGORY,
            labels={"table": "predictions in bins (section 4.2)"},
        ),
    log:
        f"{RUN}/logs/tabulate_histograms.log",
    localrule: True
    conda:
        "../../envs/light.yaml"
    resources:
        **LIGHT,
    params:
        **DESCRIBED,
        code=code_of("tabulate_histograms", "../reference/histograms.csv"),
        results=RESULTS,
        bin_width=config["evaluation"]["bin_width"],
    message:
        "Tabulating the relative frequencies of predictions"
    script:
        "../scripts/tabulate_histograms.py"


rule tabulate_best_epoch:
    input:
        histories=of_all_networks(f"{SEED}/history/{{network}}.csv"),
        labels=of_all_networks(f"{SEED}/labels/{{network}}.csv"),
        lineage=of_all_networks(f"{SEED}/labels/{{network}}.lineage.json"),
        splits=f"{RUN}/data/splits.csv",
        printed=PRINTED["best_epoch"],
    output:
        table=report(
            f"{RUN}/tables/best_epoch.csv",
            caption="../report/best_epoch.rst",
            category=TABLES_CATEGORY,
            labels={"table": "best epochs (section 5)"},
        ),
    log:
        f"{RUN}/logs/tabulate_best_epoch.log",
    localrule: True
    conda:
        "../../envs/light.yaml"
    resources:
        **LIGHT,
    params:
        **DESCRIBED,
        code=code_of("tabulate_best_epoch", "../reference/best_epoch.csv"),
        results=RESULTS,
    message:
        "Tabulating the best epochs"
    script:
        "../scripts/tabulate_best_epoch.py"


rule tabulate_classes:
    input:
        **PREDICTIONS_OF_ALL,
        splits=f"{RUN}/data/splits.csv",
    output:
        table=report(
            f"{RUN}/tables/classes.csv",
            caption="../report/classes.rst",
            category=TABLES_CATEGORY,
            labels={"table": "errors by class"},
        ),
    log:
        f"{RUN}/logs/tabulate_classes.log",
    localrule: True
    conda:
        "../../envs/light.yaml"
    resources:
        **LIGHT,
    params:
        **DESCRIBED,
        code=code_of("tabulate_classes"),
        results=RESULTS,
    message:
        "Tabulating errors by class"
    script:
        "../scripts/tabulate_classes.py"


rule weigh_claims:
    input:
        **PREDICTIONS_OF_ALL,
        **{f"printed_{table}": path for table, path in PRINTED.items() if table != "timing"},
        augmented=of_all_networks(f"{SEED}/predictions/{{network}}/augmented.csv"),
        augmented_lineage=of_all_networks(f"{SEED}/predictions/{{network}}/augmented.lineage.json"),
        histories=of_all_networks(f"{SEED}/history/{{network}}.csv"),
        splits=f"{RUN}/data/splits.csv",
        timing=f"{RUN}/tables/timing.csv",
    output:
        claims=report(
            f"{RUN}/claims.csv",
            caption="../report/claims.rst",
            category=RESULT_CATEGORY,
            labels={"result": "claims C1 to C11, all evidence"},
        ),
    log:
        f"{RUN}/logs/weigh_claims.log",
    localrule: True
    conda:
        "../../envs/light.yaml"
    resources:
        **LIGHT,
    params:
        **DESCRIBED,
        code=code_of(
            "weigh_claims",
            "../reference/evaluation.csv",
            "../reference/uncertainty.csv",
            "../reference/histograms.csv",
            "../reference/best_epoch.csv",
        ),
        results=RESULTS,
        backbones=[
            Path(recipe_of(network)["backbone"]).stem for network in ("teacher", SHOWN_STUDENT)
        ],
    message:
        "Weighing the paper's claims"
    script:
        "../scripts/weigh_claims.py"


rule summarise:
    input:
        **{table: f"{RUN}/tables/{table}.csv" for table in TABLES},
        claims=f"{RUN}/claims.csv",
        figures=[png for _, png in FIGURES],
        counts=f"{RUN}/data/counts.csv",
        rejected=f"{RUN}/data/rejected.csv",
        reports=of_all_networks(f"{SEED}/onnx/{{network}}.json"),
    output:
        summary=f"{RUN}/summary.md",
    log:
        f"{RUN}/logs/summarise.log",
    localrule: True
    conda:
        "../../envs/light.yaml"
    resources:
        **LIGHT,
    params:
        **DESCRIBED,
        code=code_of("summarise"),
        settings={network: settings_of(network) for network in NETWORKS},
        students=config["students"],
        timed=SHOWN_STUDENT,
    message:
        "Writing the summary"
    script:
        "../scripts/summarise.py"


rule summary_to_html:
    input:
        summary=f"{RUN}/summary.md",
    output:
        html=report(
            f"{RUN}/summary.html",
            caption="../report/summary.rst",
            category=RESULT_CATEGORY,
            labels={"result": "summary, on one page"},
        ),
    log:
        f"{RUN}/logs/summary_to_html.log",
    localrule: True
    conda:
        "../../envs/light.yaml"
    resources:
        **LIGHT,
    params:
        **DESCRIBED,
        code=code_of("summary_to_html"),
    message:
        "Writing the summary for the report"
    script:
        "../scripts/summary_to_html.py"
