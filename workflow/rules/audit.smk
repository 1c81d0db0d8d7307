"""The audit: predictions of any framework, measured; and the artefact: those of a run, for others to audit."""

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
        content=content_of_audit(config["audit"]) if config["audit"] else None,
        run_description=describe_audit(config["audit"]) if config["audit"] else None,
    message:
        "Auditing the predictions in {input.predictions}"
    script:
        "../scripts/audit.py"


PACKED = {
    **{
        f"{name}/seed-{seed}/{network}{Path(pattern).suffix}": pattern.format(
            seed=seed, network=network
        )
        for name, (pattern, having) in (
            ("labels", OF_NETWORKS["labels"]),
            ("history", OF_NETWORKS["histories"]),
        )
        for seed, network in RESULTS
        if network in having
    },
    **{f"tables/{table}.csv": FILES[table] for table in TABLES},
    "summary.md": f"{RUN}/summary.md",
    "counts.csv": f"{RUN}/data/counts.csv",
    **({"claims.csv": f"{RUN}/claims.csv"} if PAPER else {}),
}


# Not part of the experiment: snakemake -- artefact
rule artefact:
    input:
        **needed([*PARTS, "splits"]),
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
        run=RUN_OF,
        run_description=DESCRIBED["run"],
    message:
        "Packing predictions, labels, histories and findings"
    script:
        "../scripts/write_artefact.py"
