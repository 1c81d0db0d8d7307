from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.files import write_yaml

    write_yaml(snakemake.params.config, snakemake.output[0])
