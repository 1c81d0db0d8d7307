from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.core.parts import PARTS
    from snakedistill.teaching.mean import write_mean_predictions

    write_mean_predictions(
        network_id=snakemake.wildcards.mean,
        seed=int(snakemake.wildcards.seed),
        members={
            network: {part: snakemake.input[part][number] for part in PARTS}
            for number, network in enumerate(snakemake.params.members)
        },
        splits=snakemake.input.splits,
        classes=snakemake.params.classes,
        predictions={part: snakemake.output[part] for part in PARTS},
        evaluation=snakemake.output.evaluation,
    )
