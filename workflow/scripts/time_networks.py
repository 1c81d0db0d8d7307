from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.core.network_ids import TEACHER
    from snakedistill.export.timing import time_networks

    time_networks(
        networks={
            network: {form: snakemake.input[f"{role}_{form}"] for form in ("keras", "onnx", "int8")}
            for role, network in (("teacher", TEACHER), ("student", snakemake.params.student))
        },
        archive=snakemake.input.archive,
        index=snakemake.input.index,
        splits=snakemake.input.splits,
        test_images=snakemake.input.test_images,
        rounds=snakemake.params.rounds,
        threads=snakemake.threads,
        measured=snakemake.output.measured,
        timing=snakemake.output.timing,
    )
