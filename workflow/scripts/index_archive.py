from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.archive import write_index

    write_index(
        archive=snakemake.input.archive,
        classes=snakemake.params.classes,
        index=snakemake.output.index,
        unusable=snakemake.output.unusable,
        threads=snakemake.threads,
    )
