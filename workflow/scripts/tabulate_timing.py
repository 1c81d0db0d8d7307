from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.tables import write_timing_tables

    write_timing_tables(
        measured=snakemake.input.measured,
        student=snakemake.params.student,
        printed=snakemake.input.printed,
        timing=snakemake.output.timing,
        table=snakemake.output.table,
    )
