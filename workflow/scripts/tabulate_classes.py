from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.tables import write_class_table

    write_class_table(
        predictions={
            part: dict(zip(snakemake.params.results, snakemake.input[part], strict=True))
            for part in ("train", "validation", "test")
        },
        classes=snakemake.params.classes,
        splits=snakemake.input.splits,
        table=snakemake.output.table,
    )
