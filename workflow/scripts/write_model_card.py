from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.export.forms import FORMS
    from snakedistill.results.model_card import write_model_card

    write_model_card(
        network=snakemake.wildcards.network,
        seed=int(snakemake.wildcards.seed),
        about=snakemake.params.card,
        lineage=snakemake.params.lineage,
        run_description=snakemake.params.run_description,
        counts=snakemake.input.counts,
        tables={table: snakemake.input[table] for table in snakemake.params.tables},
        measurements={form.title: snakemake.input[name] for name, form in FORMS.items() if snakemake.input.get(name)},
        int8_max_drop=snakemake.params.int8_max_drop,
        timing=snakemake.input.get("timing"),
        frontier=snakemake.input.get("frontier"),
        choice=snakemake.params.choice,
        model_card=snakemake.output.model_card,
    )
