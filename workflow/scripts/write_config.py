from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.core.files import write_yaml

    write_yaml(snakemake.params.config, snakemake.output[0])
