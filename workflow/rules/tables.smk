"""The tables of a run, one rule for each."""

for name, table in TABLES.items():

    rule:
        name:
            f"tabulate_{name}"
        input:
            **FILES.needed(table.needs),
            reference=given_file(PAGES.reference_of(name)) if PAGES.reference_of(name) else [],
        output:
            table=in_report(FILES.tables[name], "tables", table=table.title),
        log:
            f"{RUN}/logs/tabulate_{name}.log",
        localrule: True
        conda:
            LIGHT_ENVIRONMENT
        params:
            **PAGES.captioned(
                name,
                table.caption,
                (
                    f"Columns that begin with {PAGES.reference_name}\\_ hold the reference numbers."
                    if PAGES.reference_of(name)
                    else ""
                ),
            ),
            code=code_of("write_table", TABLES=(name,), FORMS=PLAN.forms),
            reference=(
                content_of_file(PAGES.reference_of(name)) if PAGES.reference_of(name) else None
            ),
            table=name,
            needs=table.needs,
            run=PAGES.run,
            settings=PAGES.settings_for(table.settings),
        message:
            f"Tabulating {table.title}"
        script:
            "../scripts/write_table.py"
