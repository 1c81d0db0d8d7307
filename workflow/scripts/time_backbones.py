from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads, "tensorflow"):
    from snakedistill.paper.speed import time_backbones

    time_backbones(
        archive=snakemake.input.archive,
        index=snakemake.input.index,
        splits=snakemake.input.splits,
        rounds=snakemake.params.rounds,
        threads=snakemake.threads,
        speed=snakemake.output.speed,
    )
