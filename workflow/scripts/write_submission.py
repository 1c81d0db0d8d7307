from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads):
    from snakedistill.paper.kaggle import write_submission

    write_submission(
        archive=snakemake.input.archive,
        network=snakemake.input.network,
        measurements=snakemake.input.measurements,
        clip=snakemake.params.clip,
        submission=snakemake.output.submission,
        threads=snakemake.threads,
    )
