from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.results.artefact import write_artefact
    from snakedistill.results.run import Run

    needs = snakemake.params.needs
    write_artefact(
        run=Run(files={name: snakemake.input[name] for name in needs}, **snakemake.params.run),
        run_description=snakemake.params.run_description,
        config=snakemake.input.config,
        files=dict(zip(snakemake.params.names, snakemake.input.packed, strict=True)),
        artefact=snakemake.output.artefact,
    )
