from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads, snakemake.params.backend) as terminal:
    from snakedistill.core.parts import PARTS, UNLABELLED
    from snakedistill.training.loop import train
    from snakedistill.training.run import TrainingRun

    def given(before=""):
        """The input files of parts, whose names begin with `before`."""
        found = {part: snakemake.input.get(before + part) for part in (*PARTS, UNLABELLED)}
        return {part: path for part, path in found.items() if path}

    train(
        TrainingRun(
            network_id=snakemake.params.network,
            way=snakemake.params.way,
            options=snakemake.params.options,
            recipe=snakemake.params.recipe,
            image_size=snakemake.params.image_size,
            precision=snakemake.params.precision,
            seed=int(snakemake.wildcards.seed),
            classes=snakemake.params.classes,
            arrays=given(),
            activations=given("activations_"),
            splits=snakemake.input.splits,
            labels=snakemake.input.labels,
            backbone=snakemake.input.get("backbone") or None,
            weights=snakemake.input.get("weights") or None,
            source=snakemake.params.source,
            source_model=snakemake.input.get("source_model") or None,
            initial=snakemake.input.get("initial") or None,
            source_arrays=given("source_"),
            unlabelled={name: snakemake.input[f"unlabelled_{name}"] for name in ("images", "labels")}
            if snakemake.params.unlabelled
            else {},
            stop_after=snakemake.params.stop_after,
            code=snakemake.params.code,
        ),
        snakemake.output.model,
        snakemake.output.history,
        snakemake.params.checkpoints,
        {part: snakemake.output[part] for part in PARTS},
        terminal,
    )
