from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads):
    from snakedistill.data.unlabelled import write_unlabelled

    write_unlabelled(
        archive=snakemake.input.archive,
        unusable=snakemake.input.unusable,
        image_size=snakemake.params.image_size,
        listed=snakemake.output.listed,
        array=snakemake.output.array,
        threads=snakemake.threads,
    )
