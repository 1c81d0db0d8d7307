from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.export.bundle import write_bundle
    from snakedistill.export.chosen import read_choice, shipped

    networks, frontier = snakemake.params.networks, next(iter(snakemake.input.choice), None)
    (network,) = shipped(dict.fromkeys(networks), networks, frontier)
    write_bundle(
        copied={kind: snakemake.input[kind] for kind in ("script", "check", "decoding", "answers")},
        exported={
            form: {kind: snakemake.input[f"{network}_{form}_{kind}"] for kind in snakemake.params.kinds}
            for form in snakemake.params.forms
        },
        int8_max_drop=snakemake.params.int8_max_drop,
        model_card=snakemake.input[f"{network}_card"],
        classes=snakemake.params.classes,
        splits=snakemake.input.splits,
        test_images=snakemake.input[f"{network}_test_images"],
        bundle=dict(snakemake.output.items()),
        choice=read_choice(frontier),
    )
