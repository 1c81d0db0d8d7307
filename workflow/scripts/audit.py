from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.results.audit import write_audit
    from snakedistill.results.tables import AUDITED_TABLES

    write_audit(
        predictions=snakemake.input.predictions,
        run_description=snakemake.params.run_description,
        tables={table: snakemake.output[table] for table in AUDITED_TABLES},
        groups=snakemake.output.groups,
        figures=snakemake.output.figures,
        summary=snakemake.output.summary,
        html=snakemake.output.html,
        threads=snakemake.threads,
    )
