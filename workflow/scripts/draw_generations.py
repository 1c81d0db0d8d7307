from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.figures import draw_generations

    draw_generations(snakemake.input.table, snakemake.params.run_description["run"], list(snakemake.output))
