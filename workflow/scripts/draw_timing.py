from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.figures import draw_timing

    draw_timing(
        timing=snakemake.input.timing,
        printed=snakemake.input.printed,
        student=snakemake.params.student,
        scale=snakemake.params.scale["run"],
        paths=list(snakemake.output),
    )
