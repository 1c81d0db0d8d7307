from snakedistill.job import job

timed_threads = 1 if snakemake.wildcards.threads == "one-thread" else snakemake.threads
with job(snakemake.log[0], timed_threads, "tensorflow"):
    from snakedistill.timing import time_networks

    time_networks(
        networks={
            network: {form: snakemake.input[f"{role}_{form}"] for form in ("keras", "onnx", "int8")}
            for role, network in (("teacher", "teacher"), ("student", snakemake.params.student))
        },
        archive=snakemake.input.archive,
        index=snakemake.input.index,
        splits=snakemake.input.splits,
        test_images=snakemake.input.test_images,
        rounds=snakemake.params.rounds,
        threads=timed_threads,
        measured=snakemake.output.measured,
    )
