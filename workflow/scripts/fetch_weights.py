from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.networks.weights import fetch_weights

    fetch_weights(snakemake.wildcards.backbone, snakemake.output[0])
