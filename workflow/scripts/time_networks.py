from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.export.forms import TIMED_FORMS
    from snakedistill.export.timing import time_networks

    time_networks(
        networks={
            network: {form: snakemake.input[f"{network}_{form}"] for form in TIMED_FORMS}
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
