from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads):
    from snakedistill.export.chosen import shipped
    from snakedistill.paper.kaggle import write_submission

    networks = snakemake.params.networks
    files = dict(zip(networks, zip(snakemake.input.networks, snakemake.input.measurements, strict=True), strict=True))
    ((network, measurements),) = shipped(files, networks, next(iter(snakemake.input.choice), None)).values()
    write_submission(
        archive=snakemake.input.archive,
        network=network,
        measurements=measurements,
        clip=snakemake.params.clip,
        submission=snakemake.output.submission,
        threads=snakemake.threads,
    )
