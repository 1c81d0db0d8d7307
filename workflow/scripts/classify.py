from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads):
    from snakedistill.export.classification import classify_photos

    classify_photos(
        photos=snakemake.params.photos,
        networks=dict(zip(snakemake.params.networks, snakemake.input.networks, strict=True)),
        measurements=dict(zip(snakemake.params.networks, snakemake.input.measurements, strict=True)),
        classes=snakemake.params.classes,
        run_description=snakemake.params.run_description,
        table=snakemake.output.table,
        sheet=snakemake.output.sheet,
        threads=snakemake.threads,
    )
