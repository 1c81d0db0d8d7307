from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.core.pixels import Pixels
    from snakedistill.export.forms import PRECISIONS
    from snakedistill.export.timing import time_networks

    networks = snakemake.params.networks
    time_networks(
        models={network: snakemake.input[f"{network}_keras"] for network in networks},
        files={
            network: {
                form: {precision: snakemake.input[f"{network}_{form}_{precision}"] for precision in PRECISIONS}
                for form in snakemake.params.forms
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
