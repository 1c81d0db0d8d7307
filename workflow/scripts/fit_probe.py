from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads, snakemake.params.backend):
    from snakedistill.core.parts import PARTS
    from snakedistill.training.probe import Probe, write_probe

    probe = Probe(
        network_id=snakemake.wildcards.probe,
        weights=snakemake.input.weights,
        arrays={part: snakemake.input[part] for part in PARTS},
        splits=snakemake.input.splits,
        classes=snakemake.params.classes,
        **snakemake.params.recipe,
    )
    for number, seed in enumerate(snakemake.params.seeds):
        predictions = {part: snakemake.output[part][number] for part in PARTS}
        write_probe(probe, seed, predictions, snakemake.output.evaluation[number])
