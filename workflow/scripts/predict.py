from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads, snakemake.params.backend):
    from snakedistill.training.prediction import write_predictions

    write_predictions(
        model=snakemake.input.model,
        network_id=snakemake.params.network,
        seed=int(snakemake.wildcards.seed),
        splits=snakemake.input.splits,
        arrays={part: snakemake.input[part] for part in snakemake.params.parts},
        classes=snakemake.params.classes,
        predictions={part: snakemake.output[part] for part in snakemake.params.parts},
        unlabelled=snakemake.input.get("listed"),
    )
