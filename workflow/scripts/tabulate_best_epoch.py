from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.tables import write_best_epoch_table

    write_best_epoch_table(
        histories=dict(zip(snakemake.params.results, snakemake.input.histories, strict=True)),
        labels=dict(zip(snakemake.params.results, snakemake.input.labels, strict=True)),
        splits=snakemake.input.splits,
        printed=snakemake.input.printed,
        table=snakemake.output.table,
    )
