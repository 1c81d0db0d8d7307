from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.export.forms import PRECISIONS
    from snakedistill.export.timing import time_networks

    time_networks(
        models={network: snakemake.input[f"{network}_keras"] for network in snakemake.params.networks},
        files={
            network: {
                form: {precision: snakemake.input[f"{network}_{form}_{precision}"] for precision in PRECISIONS}
                for form in snakemake.params.forms
            }
            for network in snakemake.params.networks
        },
        archive=snakemake.input.archive,
        index=snakemake.input.index,
        splits=snakemake.input.splits,
        test_images=snakemake.input.test_images[0],
        rounds=snakemake.params.rounds,
        threads=snakemake.threads,
        measured=snakemake.output.measured,
        timing=snakemake.output.timing,
    )
