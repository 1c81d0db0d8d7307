from snakedistill.job import job

with job(snakemake.log[0], snakemake.threads, "tensorflow"):
    from snakedistill.export import export_network

    export_network(
        model=snakemake.input.model,
        seed=int(snakemake.wildcards.seed),
        card=snakemake.params.card,
        splits=snakemake.input.splits,
        arrays={part: snakemake.input[part] for part in ("train", "validation", "test")},
        predictions={part: snakemake.input[f"{part}_predictions"] for part in ("validation", "test")},
        int8_max_drop=snakemake.params.int8_max_drop,
        threads=snakemake.threads,
        onnx_file=snakemake.output.onnx,
        int8_file=snakemake.output.int8,
        report=snakemake.output.report,
    )
