from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.figures import by_name, draw_predictions

    draw_predictions(
        snakemake.input.table,
        snakemake.params.classes,
        snakemake.params.run_description["run"],
        by_name(snakemake.params.parts, snakemake.output),
    )
