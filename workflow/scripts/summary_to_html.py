from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.results.run import Run
    from snakedistill.results.summary.gallery import gallery
    from snakedistill.results.summary.html import write_html

    extra = None
    if about := snakemake.params.gallery:
        files = {name: snakemake.input[name] for name in ("splits", "test_images", "test")}
        extra = gallery(Run(results=about["results"], classes=about["classes"], files=files), about["shown"])
    write_html(
        summary=snakemake.input.summary,
        html=snakemake.output.html,
        run=snakemake.params.run,
        captions=snakemake.params.captions,
        extra=extra,
    )
