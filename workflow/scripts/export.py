from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads, "tensorflow"):
    from snakedistill.core.parts import PARTS, TEST, VALIDATION
    from snakedistill.export.exporting import export_network

    export_network(
        form=snakemake.params.form,
        model=snakemake.input.model,
        seed=int(snakemake.wildcards.seed),
        card=snakemake.params.card,
        splits=snakemake.input.splits,
        arrays={part: snakemake.input[part] for part in PARTS},
        predictions={part: snakemake.input[f"{part}_predictions"] for part in (VALIDATION, TEST)},
        threads=snakemake.threads,
        files=dict(snakemake.output.items()),
    )
