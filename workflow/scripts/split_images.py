from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.data.splits import write_splits

    shares = dict(snakemake.params.split)
    write_splits(
        index=snakemake.input.index,
        unusable=snakemake.input.unusable,
        classes=snakemake.params.classes,
        seed=shares.pop("seed"),
        near_duplicates=shares.pop("near_duplicates"),
        balanced=shares.pop("balanced"),
        images=shares.pop("images"),
        shares=shares,
        predictions=snakemake.input.get("predictions") or None,
        **dict(snakemake.output.items()),
    )
