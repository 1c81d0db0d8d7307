from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads):
    from snakedistill.data.unlabelled import list_unlabelled

    list_unlabelled(
        archive=snakemake.input.archive,
        unusable=snakemake.input.unusable,
        listed=snakemake.output.listed,
        threads=snakemake.threads,
    )
