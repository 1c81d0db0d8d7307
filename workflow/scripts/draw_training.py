from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.figures import by_name, draw_training

    draw_training(
        histories=dict(zip(snakemake.params.results, snakemake.input.histories, strict=True)),
        labels=snakemake.params.labels,
        printed=snakemake.input.printed,
        run_description=snakemake.params.run_description["run"],
        figures=by_name(snakemake.params.networks, snakemake.output),
    )
