from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads):
    from snakedistill.core.pixels import Pixels
    from snakedistill.data.unlabelled import write_unlabelled

    write_unlabelled(
        archive=snakemake.input.archive,
        unusable=snakemake.input.unusable,
        listed=snakemake.input.listed,
        pixels=Pixels(**snakemake.params.pixels),
        array=snakemake.output.array,
        threads=snakemake.threads,
    )
