from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.results.summary.html import write_html

    write_html(snakemake.input.summary, snakemake.output.html)
