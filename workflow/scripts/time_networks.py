from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.core.pixels import Pixels
    from snakedistill.export.timing import TimedImages, time_networks

    forms = snakemake.params.forms
    time_networks(
        models={network: snakemake.input[f"{network}_keras"] for network in snakemake.params.in_full},
        files={
            network: {
                form: {kind: snakemake.input[f"{network}_{form}_{kind}"] for kind in snakemake.params.kinds}
                for form in of_network
            }
            for network, of_network in forms.items()
        },
        images=TimedImages(
            archive=snakemake.input.archive,
            index=snakemake.input.index,
            splits=snakemake.input.splits,
            arrays=dict(zip(forms, snakemake.input.test_images, strict=True)),
            pixels={network: Pixels(**given) for network, given in zip(forms, snakemake.params.pixels, strict=True)},
        ),
        rounds=snakemake.params.rounds,
        threads=snakemake.threads,
        measured=snakemake.output.measured,
        timing=snakemake.output.timing,
    )
