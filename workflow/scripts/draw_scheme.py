from snakedistill.job import job

with job(snakemake.log[0], snakemake.threads, snakemake.params.backend):
    from snakedistill.scheme import draw_scheme

    draw_scheme(snakemake.input.model, snakemake.params.run_description["run"], list(snakemake.output))
