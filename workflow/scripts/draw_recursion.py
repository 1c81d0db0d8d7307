from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.figures import by_name, draw_recursion

    draw_recursion(
        snakemake.input.table,
        snakemake.params.classes,
        snakemake.params.run_description["run"],
        by_name(snakemake.params.families, snakemake.output),
    )
