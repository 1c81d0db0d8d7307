from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads, snakemake.params.backend):
    from snakedistill.core.parts import PARTS
    from snakedistill.training.evaluation import Measured, write_evaluation

    network = Measured(
        model=snakemake.input.model,
        network_id=snakemake.wildcards.network,
        seed=int(snakemake.wildcards.seed),
        splits=snakemake.input.splits,
        predictions={part: snakemake.input[part] for part in PARTS},
        test_images=snakemake.input.test_images,
        teacher_labels=snakemake.input.get("teacher_labels") or None,
        own_labels=snakemake.input.get("own_labels") or None,
        augmentation=snakemake.params.augmentation,
        repeats=snakemake.params.repeats,
        classes=snakemake.params.classes,
    )
    write_evaluation(network, snakemake.output.evaluation, snakemake.output.augmented)
