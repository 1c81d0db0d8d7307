from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.data.sample import write_sample

    write_sample(**snakemake.params.sample, archive=snakemake.output[0], processes=snakemake.threads)
