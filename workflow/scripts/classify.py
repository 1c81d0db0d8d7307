from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads):
    from snakedistill.core.network_ids import TEACHER
    from snakedistill.export.classification import classify_photos

    classify_photos(
        photos=snakemake.params.photos,
        networks={TEACHER: snakemake.input.teacher, snakemake.params.student: snakemake.input.student},
        classes=snakemake.params.classes,
        run_description=snakemake.params.run_description,
        table=snakemake.output.table,
        sheet=snakemake.output.sheet,
        threads=snakemake.threads,
    )
