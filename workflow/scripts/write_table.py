from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.results.run import Run
    from snakedistill.results.tables import write_table

    write_table(
        name=snakemake.params.table,
        run=Run(files={name: snakemake.input[name] for name in snakemake.params.needs}, **snakemake.params.run),
        settings=snakemake.params.settings,
        reference=snakemake.input.get("reference") or None,
        path=snakemake.output.table,
    )
