from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.figures import draw_predictions

    draw_predictions(snakemake.input.table, snakemake.params.scale["run"], snakemake.params.figures)
