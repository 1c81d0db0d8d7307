from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.export.bundle import write_bundle

    copied = dict(snakemake.input.items())
    write_bundle(
        model_card=copied.pop("model_card"),
        copied=copied,
        forms=snakemake.params.forms,
        classes=snakemake.params.classes,
        bundle=dict(snakemake.output.items()),
    )
