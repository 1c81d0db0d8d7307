from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.data.index import write_index

    write_index(
        archive=snakemake.input.archive,
        layout=snakemake.params.layout,
        classes=snakemake.params.classes,
        index=snakemake.output.index,
        unusable=snakemake.output.unusable,
        threads=snakemake.threads,
    )
