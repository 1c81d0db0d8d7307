from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.labels import write_labels

    parts = ("train", "validation", "test") if snakemake.params.source else ()
    write_labels(
        network_id=snakemake.wildcards.network,
        seed=int(snakemake.wildcards.seed),
        splits=snakemake.input.splits,
        kind=snakemake.params.kind,
        source=snakemake.params.source,
        predictions={part: snakemake.input[part] for part in parts},
        labels=snakemake.output.labels,
    )
