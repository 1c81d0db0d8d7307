from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads, snakemake.params.backend):
    from snakedistill.results.figures import plot_figure
    from snakedistill.results.run import Run

    plot_figure(
        module=snakemake.params.module,
        run=Run(files={name: snakemake.input[name] for name in snakemake.params.needs}, **snakemake.params.run),
        settings=snakemake.params.settings,
        subjects=snakemake.params.subjects,
        run_description=snakemake.params.run_in_a_line,
        paths=list(snakemake.output),
    )
