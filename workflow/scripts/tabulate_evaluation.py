from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.tables import write_evaluation_table

    write_evaluation_table(
        evaluations=dict(zip(snakemake.params.results, snakemake.input.evaluations, strict=True)),
        histories=dict(zip(snakemake.params.results, snakemake.input.histories, strict=True)),
        printed=snakemake.input.printed,
        table=snakemake.output.table,
    )
