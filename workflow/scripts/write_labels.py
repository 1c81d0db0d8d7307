from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.teaching.labels import write_labels

    write_labels(
        network_id=snakemake.wildcards.network,
        seed=int(snakemake.wildcards.seed),
        splits=snakemake.input.splits,
        way=snakemake.params.way,
        source=snakemake.params.source,
        predictions={part: snakemake.input[part] for part in snakemake.params.parts},
        classes=snakemake.params.classes,
        labels=snakemake.output.labels,
        options=snakemake.params.options,
        unlabelled=snakemake.input.get("listed"),
    )
