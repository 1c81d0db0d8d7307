from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.tables import write_summary

    write_summary(
        config=snakemake.params.config,
        splits=snakemake.input.splits,
        rejected=snakemake.input.rejected,
        tables={table: snakemake.input[table] for table in ("evaluation", "uncertainty", "histograms", "best_epoch")},
        summary=snakemake.output.summary,
    )
