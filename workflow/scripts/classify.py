from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads):
    from snakedistill.export.chosen import shipped
    from snakedistill.export.classification import classify_photos

    files = dict(zip(snakemake.params.networks, snakemake.input.networks, strict=True))
    networks = shipped(files, snakemake.params.candidates, next(iter(snakemake.input.choice), None))
    measurements = dict(zip(snakemake.params.networks, snakemake.input.measurements, strict=True))
    classify_photos(
        photos=snakemake.params.photos,
        networks=networks,
        measurements={network: measurements[network] for network in networks},
        classes=snakemake.params.classes,
        run_description=snakemake.params.run_description,
        table=snakemake.output.table,
        sheet=snakemake.output.sheet,
        threads=snakemake.threads,
    )
