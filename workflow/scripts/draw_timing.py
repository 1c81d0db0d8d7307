from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.figures import draw_timing

    draw_timing(
        timing=snakemake.input.timing,
        printed=snakemake.input.printed,
        student=snakemake.params.student,
        families=snakemake.params.families,
        run_description=snakemake.params.run_description["run"],
        paths=list(snakemake.output),
    )
