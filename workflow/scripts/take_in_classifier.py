from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads, snakemake.params.backend):
    from snakedistill.networks.given_classifier import take_in_classifier

    take_in_classifier(
        given=snakemake.input.given,
        splits=snakemake.input.splits,
        seed=int(snakemake.wildcards.seed),
        classes=snakemake.params.classes,
        settings=snakemake.params.settings,
        model=snakemake.output.model,
    )
