from snakedistill.job import job

with job(snakemake.log[0], snakemake.threads, snakemake.params.backend):
    from snakedistill.scheme import draw_scheme

    draw_scheme(
        model=snakemake.input.model,
        classes=snakemake.params.classes,
        run_description=snakemake.params.run_description["run"],
        paths=list(snakemake.output),
    )
