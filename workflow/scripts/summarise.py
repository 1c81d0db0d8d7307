from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.core.pixels import Pixels
    from snakedistill.results.summary.page import write_summary
    from snakedistill.results.tables import TABLES

    write_summary(
        run_description=snakemake.params.run_description,
        warnings=snakemake.params.warnings,
        index=snakemake.input.index,
        pixels=[Pixels(**pixels) for pixels in snakemake.params.pixels],
        counts=snakemake.input.counts,
        rejected=snakemake.input.rejected,
        copies=snakemake.input.copies,
        splits=snakemake.input.splits,
        tables={table: snakemake.input[table] for table in TABLES},
        figures=snakemake.input.figures,
        sections_of_pictures=snakemake.params.sections_of_pictures,
        inserts=snakemake.input.get("inserts", []),
        headings=snakemake.params.headings,
        measurements=snakemake.input.measurements,
        exports=snakemake.input.exports,
        int8_max_drop=snakemake.params.int8_max_drop,
        lineages=snakemake.input.lineages,
        settings=snakemake.params.settings,
        students=snakemake.params.students,
        teacher_is_given=snakemake.params.teacher_is_given,
        shown=snakemake.params.shown,
        choice=snakemake.params.choice,
        reference=snakemake.params.reference,
        about_reference=snakemake.params.about_reference,
        summary=snakemake.output.summary,
    )
