from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads, snakemake.params.backend):
    from snakedistill.core.parts import TRAIN, VALIDATION
    from snakedistill.training.activations import FrozenLayers, write_activations

    # Of a saved backbone the copy that Snakemake made available.
    given = {"backbone": path} if (path := snakemake.input.get("backbone")) else {}
    write_activations(
        FrozenLayers(weights=snakemake.input.get("weights"), **snakemake.params.layers | given),
        {part: snakemake.input[part] for part in (TRAIN, VALIDATION)},
        snakemake.input.splits,
        {part: snakemake.output[part] for part in (TRAIN, VALIDATION)},
    )
