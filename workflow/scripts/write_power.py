from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.data.audit import read_audit
    from snakedistill.results.audit import run_of
    from snakedistill.results.power import write_power
    from snakedistill.results.run import Run

    if snakemake.params.run is None:
        run = run_of(read_audit(snakemake.input.predictions), {})
    else:
        run = Run(files={name: snakemake.input[name] for name in snakemake.params.needs}, **snakemake.params.run)
    write_power(
        run=run,
        run_description=snakemake.params.run_description,
        table=snakemake.output.table,
        page=snakemake.output.page,
        html=snakemake.output.html,
    )
