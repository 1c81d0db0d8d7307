from snakedistill.job import job

with job(snakemake.log[0], snakemake.threads, snakemake.params.backend):
    from snakedistill.prediction import write_predictions

    parts = ("train", "validation", "test")
    write_predictions(
        model=snakemake.input.model,
        network_id=snakemake.wildcards.network,
        seed=int(snakemake.wildcards.seed),
        splits=snakemake.input.splits,
        arrays={part: snakemake.input[part] for part in parts},
        predictions={part: snakemake.output[part] for part in parts},
    )
