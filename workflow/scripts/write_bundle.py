from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.export.bundle import write_bundle

    write_bundle(
        copied={kind: snakemake.input[kind] for kind in ("script", "decoding", "answers")},
        exported={
            form: {kind: snakemake.input[f"{form}_{kind}"] for kind in snakemake.params.kinds}
            for form in snakemake.params.forms
        },
        int8_max_drop=snakemake.params.int8_max_drop,
        model_card=snakemake.input.model_card,
        classes=snakemake.params.classes,
        bundle=dict(snakemake.output.items()),
    )
