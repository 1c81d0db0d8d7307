from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.core.pixels import Pixels
    from snakedistill.data.images import write_arrays

    write_arrays(
        archive=snakemake.input.archive,
        index=snakemake.input.index,
        splits=snakemake.input.splits,
        pixels=Pixels(**snakemake.params.pixels),
        arrays=dict(snakemake.output.items()),
        threads=snakemake.threads,
    )
