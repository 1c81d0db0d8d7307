"""The tables of a run, one rule for each."""

for name, table in TABLES.items():

    rule:
        name:
            f"tabulate_{name}"
        input:
            **needed(table.needs),
            reference=reference_of(name),
        output:
            table=in_report(FILES[name], "tables", table=table.title),
        log:
            f"{RUN}/logs/tabulate_{name}.log",
        localrule: True
        conda:
            LIGHT_ENVIRONMENT
        params:
            **captioned(
                name,
                table.caption,
                (
                    f"Columns that begin with {REFERENCE_NAME}\\_ hold the reference numbers."
                    if reference_of(name)
                    else ""
                ),
            ),
            code=code_of("write_table", TABLES=(name,)),
            reference=content_of_file(reference_of(name)) if reference_of(name) else None,
            table=name,
            needs=table.needs,
            run=RUN_OF,
            settings={setting: SETTINGS[setting] for setting in table.settings},
        message:
            f"Tabulating {table.title}"
        script:
            "../scripts/write_table.py"
