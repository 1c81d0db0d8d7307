from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads, snakemake.params.backend) as terminal:
    from snakedistill.core.parts import TRAIN, VALIDATION
    from snakedistill.training.loop import train

    train(
        network_id=snakemake.params.network,
        way=snakemake.params.way,
        recipe=snakemake.params.recipe,
        image_size=snakemake.params.image_size,
        precision=snakemake.params.precision,
        seed=int(snakemake.wildcards.seed),
        arrays={part: snakemake.input[part] for part in (TRAIN, VALIDATION)},
        splits=snakemake.input.splits,
        labels=snakemake.input.labels,
        classes=snakemake.params.classes,
        model=snakemake.output.model,
        history=snakemake.output.history,
        checkpoints=snakemake.params.checkpoints,
        code=snakemake.params.code,
        backbone=snakemake.input.get("backbone") or None,
        weights=snakemake.input.get("weights") or None,
        terminal=terminal,
        options=snakemake.params.options,
        source=snakemake.params.source,
        source_model=snakemake.input.get("source_model") or None,
        unlabelled={name: snakemake.input[f"unlabelled_{name}"] for name in ("images", "labels")}
        if snakemake.params.unlabelled
        else None,
        stop_after=snakemake.params.stop_after,
    )
