from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.export.bundle import COPIED, write_bundle

    write_bundle(
        copied={kind: snakemake.input[kind] for kind in COPIED},
        model_card=snakemake.input.model_card,
        classes=snakemake.params.classes,
        bundle=dict(snakemake.output.items()),
    )
