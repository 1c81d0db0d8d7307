from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads, snakemake.params.backend):
    from snakedistill.core.parts import PARTS
    from snakedistill.training.features import write_features

    write_features(
        backbone=snakemake.input.get("backbone") or snakemake.params.backbone,
        weights=snakemake.input.get("weights"),
        preprocessing=snakemake.params.preprocessing,
        arrays={part: snakemake.input[part] for part in PARTS},
        splits=snakemake.input.splits,
        features=snakemake.output.features,
    )
