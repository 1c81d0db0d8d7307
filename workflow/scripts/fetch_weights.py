from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.weights import fetch_weights

    fetch_weights(snakemake.wildcards.backbone, snakemake.output[0])
