from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.export.bundle import write_bundle
    from snakedistill.export.chosen import read_choice, shipped

    networks, frontier = snakemake.params.networks, next(iter(snakemake.input.choice), None)
    ((network, model_card),) = shipped(
        {network: snakemake.input[f"{network}_card"] for network in networks}, networks, frontier
    ).items()
    write_bundle(
        copied={kind: snakemake.input[kind] for kind in ("script", "decoding", "answers")},
        exported={
            form: {kind: snakemake.input[f"{network}_{form}_{kind}"] for kind in snakemake.params.kinds}
            for form in snakemake.params.forms
        },
        int8_max_drop=snakemake.params.int8_max_drop,
        model_card=model_card,
        classes=snakemake.params.classes,
        bundle=dict(snakemake.output.items()),
        choice=read_choice(frontier),
    )
