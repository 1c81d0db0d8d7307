from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.export.chosen import shipped
    from snakedistill.export.web import write_page

    files = dict(zip(snakemake.params.networks, snakemake.input.networks, strict=True))
    networks = shipped(files, snakemake.params.candidates, next(iter(snakemake.input.choice), None))
    measurements = dict(zip(snakemake.params.networks, snakemake.input.measurements, strict=True))
    write_page(
        networks=networks,
        measurements={network: measurements[network] for network in networks},
        classes=snakemake.params.classes,
        precision=snakemake.params.precision,
        run_description=snakemake.params.run_description,
        learned_from=snakemake.params.learned_from,
        splits=snakemake.input.splits,
        sources=list(snakemake.input.sources),
        files=dict(snakemake.output.items()),
    )
