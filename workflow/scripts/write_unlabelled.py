from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads):
    from snakedistill.core.pixels import Pixels
    from snakedistill.data.unlabelled import write_unlabelled

    write_unlabelled(
        archive=snakemake.input.archive,
        unusable=snakemake.input.unusable,
        pixels=Pixels(**snakemake.params.pixels),
        listed=snakemake.output.listed,
        array=snakemake.output.array,
        threads=snakemake.threads,
    )
