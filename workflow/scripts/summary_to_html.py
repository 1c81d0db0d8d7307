from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.summary import write_html

    write_html(snakemake.input.summary, snakemake.output.html)
