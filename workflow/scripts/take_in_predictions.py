from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.core.parts import PARTS
    from snakedistill.teaching.given_predictions import take_in_predictions

    take_in_predictions(
        given=snakemake.input.given,
        index=snakemake.input.index,
        splits=snakemake.input.splits,
        classes=snakemake.params.classes,
        seed=int(snakemake.wildcards.seed),
        predictions={part: snakemake.output[part] for part in PARTS},
        evaluation=snakemake.output.evaluation,
    )
