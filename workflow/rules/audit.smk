"""The audit: predictions of any framework, measured; and the artefact: those of a run, for others to audit."""

AUDIT = f"{RUN}/audit"


# Not part of the experiment: snakemake --config audit=FILES.csv -- audit
rule audit:
    input:
        predictions=given_audit,
    output:
        **{table: f"{AUDIT}/tables/{table}.csv" for table in AUDITED_TABLES},
        groups=directory(f"{AUDIT}/groups"),
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
            *FILES_OF_PAGE,
            modules=tuple(FIGURES[name].module for name in AUDITED_FIGURES),
            FIGURES=AUDITED_FIGURES,
            TABLES=AUDITED_TABLES,
        ),
        content=content_of_audit(config["audit"]) if config["audit"] else None,
        run_description=describe_audit(config["audit"]) if config["audit"] else None,
    message:
        "Auditing the predictions in {input.predictions}"
    script:
        "../scripts/audit.py"


PACKED = {
    **FILES.packed(),
    **{f"tables/{table}.csv": path for table, path in FILES.tables.items()},
    "summary.md": f"{RUN}/summary.md",
    "counts.csv": FILES.of_first_seed(FILES.counts),
    **({"claims.csv": f"{RUN}/claims.csv"} if PAGES.paper else {}),
}


# Not part of the experiment: snakemake -- artefact
rule artefact:
    input:
        checked_for_artefact,
        **FILES.needed([*PARTS, "splits"]),
        config=f"{RUN}/config.yaml",
        packed=list(PACKED.values()),
    output:
        artefact=f"{RUN}/artefact.zip",
    log:
        f"{RUN}/logs/artefact.log",
    localrule: True
    conda:
        LIGHT_ENVIRONMENT
    params:
        code=code_of("write_artefact"),
        needs=[*PARTS, "splits"],
        names=list(PACKED),
        run=PAGES.run,
        run_description=PAGES.described["run"],
    message:
        "Packing predictions, labels, histories and findings"
    script:
        "../scripts/write_artefact.py"


MEASURED = TABLES["comparisons"].needs  # what comparisons are made from
POWER = AUDIT if config["audit"] else RUN


# Not part of the experiment: snakemake -- power, of a run; of an audit with --config audit=FILE.csv
rule power:
    input:
        **({"predictions": given_audit} if config["audit"] else FILES.needed(MEASURED)),
    output:
        table=f"{POWER}/power.csv",
        page=f"{POWER}/power.md",
        html=f"{POWER}/power.html",
    log:
        f"{RUN}/logs/power.log",
    localrule: True
    conda:
        LIGHT_ENVIRONMENT
    params:
        code=code_of("write_power", *FILES_OF_PAGE),
        content=content_of_audit(config["audit"]) if config["audit"] else None,
        needs=MEASURED,
        run=None if config["audit"] else PAGES.run,
        run_description=(
            describe_audit(config["audit"]) if config["audit"] else PAGES.described["run"]
        ),
    message:
        "Counting the seeds and images that comparisons need"
    script:
        "../scripts/write_power.py"
