from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.export.web import write_page

    networks = snakemake.params.networks
    write_page(
        networks=dict(zip(networks, snakemake.input.networks, strict=True)),
        measurements=dict(zip(networks, snakemake.input.measurements, strict=True)),
        classes=snakemake.params.classes,
        precision=snakemake.params.precision,
        run_description=snakemake.params.run_description,
        sources=list(snakemake.input.sources),
        files=dict(snakemake.output.items()),
    )
