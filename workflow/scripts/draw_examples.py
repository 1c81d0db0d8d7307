from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.figures import draw_examples

    draw_examples(
        images=snakemake.input.images,
        splits=snakemake.input.splits,
        seed=snakemake.params.seed,
        teacher=snakemake.input.teacher,
        student=snakemake.input.student,
        student_id=snakemake.params.student,
        classes=snakemake.params.classes,
        run_description=snakemake.params.run_description["run"],
        paths=list(snakemake.output),
    )
