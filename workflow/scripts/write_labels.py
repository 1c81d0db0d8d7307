from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.labels import write_labels

    write_labels(
        splits=snakemake.input.splits,
        kind=snakemake.params.kind,
        predictions=list(snakemake.input.get("predictions", [])),
        labels=snakemake.output.labels,
    )
