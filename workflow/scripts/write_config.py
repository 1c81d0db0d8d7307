from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.configuration import write

    write(snakemake.params.config, snakemake.output[0])
