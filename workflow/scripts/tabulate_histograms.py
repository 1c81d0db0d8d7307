from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.tables import write_histogram_table

    write_histogram_table(
        predictions={
            part: dict(zip(snakemake.params.results, snakemake.input[part], strict=True))
            for part in ("train", "validation", "test")
        },
        splits=snakemake.input.splits,
        bin_width=snakemake.params.bin_width,
        printed=snakemake.input.printed,
        table=snakemake.output.table,
    )
