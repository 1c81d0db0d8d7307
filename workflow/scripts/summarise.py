from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.summary import write_summary

    tables = ("evaluation", "uncertainty", "histograms", "best_epoch", "classes", "timing")
    write_summary(
        run_description=snakemake.params.run_description,
        counts=snakemake.input.counts,
        rejected=snakemake.input.rejected,
        tables={table: snakemake.input[table] for table in tables},
        claims=snakemake.input.claims,
        figures=snakemake.input.figures,
        reports=snakemake.input.reports,
        settings=snakemake.params.settings,
        students=snakemake.params.students,
        timed=snakemake.params.timed,
        summary=snakemake.output.summary,
    )
