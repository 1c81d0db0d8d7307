from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.core.pixels import Pixels
    from snakedistill.export.timing import time_networks

    networks = snakemake.params.networks
    time_networks(
        models={network: snakemake.input[f"{network}_keras"] for network in networks},
        files={
            network: {
                form: {kind: snakemake.input[f"{network}_{form}_{kind}"] for kind in snakemake.params.kinds}
                for form in snakemake.params.forms
                if network in snakemake.params.exported
            }
            for network in networks
        },
        archive=snakemake.input.archive,
        index=snakemake.input.index,
        splits=snakemake.input.splits,
        test_images=dict(zip(networks, snakemake.input.test_images, strict=True)),
        pixels={network: Pixels(**given) for network, given in zip(networks, snakemake.params.pixels, strict=True)},
        rounds=snakemake.params.rounds,
        threads=snakemake.threads,
        measured=snakemake.output.measured,
        timing=snakemake.output.timing,
    )
