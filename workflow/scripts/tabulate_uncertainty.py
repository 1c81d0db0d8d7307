from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.tables import write_uncertainty_table

    write_uncertainty_table(
        predictions={
            part: dict(zip(snakemake.params.results, snakemake.input[part], strict=True))
            for part in ("train", "validation", "test")
        },
        students=snakemake.params.students,
        splits=snakemake.input.splits,
        printed=snakemake.input.printed,
        table=snakemake.output.table,
    )
