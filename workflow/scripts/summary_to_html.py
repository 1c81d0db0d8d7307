from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.export.chosen import with_choice
    from snakedistill.results.run import Run
    from snakedistill.results.summary.gallery import gallery
    from snakedistill.results.summary.html import write_html

    extra = None
    if about := snakemake.params.gallery:
        files = {name: snakemake.input[name] for name in ("splits", "test_images", "test")}
        run = Run(results=about["results"], classes=about["classes"], files=files)
        shown = with_choice(about["shown"], next(iter(snakemake.input.choice), None))
        extra = gallery(run, shown, about["chains"][shown[-1]])
    write_html(
        summary=snakemake.input.summary,
        html=snakemake.output.html,
        run=snakemake.params.run,
        captions=snakemake.params.captions,
        extra=extra,
    )
