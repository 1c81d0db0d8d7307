from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.claims import write_claims

    results = snakemake.params.results
    printed = ("evaluation", "uncertainty", "histograms", "best_epoch")
    write_claims(
        predictions={
            part: dict(zip(results, snakemake.input[part], strict=True)) for part in ("train", "validation", "test")
        },
        augmented=dict(zip(results, snakemake.input.augmented, strict=True)),
        histories=dict(zip(results, snakemake.input.histories, strict=True)),
        splits=snakemake.input.splits,
        timing=snakemake.input.timing,
        backbones=tuple(snakemake.params.backbones),
        classes=snakemake.params.classes,
        printed={table: snakemake.input[f"printed_{table}"] for table in printed},
        claims=snakemake.output.claims,
    )
