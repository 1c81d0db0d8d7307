"""The audit: predictions of any framework, measured. It needs no images and no network."""

AUDIT = f"{RUN}/audit"


# Not part of the experiment: snakemake --config audit=FILE.csv -- audit
rule audit:
    input:
        predictions=given_audit,
    output:
        **{table: f"{AUDIT}/tables/{table}.csv" for table in AUDITED_TABLES},
        figures=directory(f"{AUDIT}/figures"),
        summary=f"{AUDIT}/summary.md",
        html=f"{AUDIT}/summary.html",
    log:
        f"{RUN}/logs/audit.log",
    localrule: True
    conda:
        LIGHT_ENVIRONMENT
    threads: CORES
    params:
        code=code_of(
            "audit",
            modules=tuple(FIGURES[name].module for name in AUDITED_FIGURES),
            FIGURES=AUDITED_FIGURES,
            TABLES=AUDITED_TABLES,
        ),
        content=content_of_file(config["audit"]) if config["audit"] else None,
        run_description=describe_audit(config["audit"]) if config["audit"] else None,
    message:
        "Auditing the predictions in {input.predictions}"
    script:
        "../scripts/audit.py"
