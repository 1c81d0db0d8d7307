from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.core.parts import PARTS
    from snakedistill.paper.biryukova import TABLES
    from snakedistill.paper.claims import write_claims
    from snakedistill.paper.claims_section import write_claims_section
    from snakedistill.results.run import Run

    needs = (*PARTS, "augmented", "histories", "splits")
    write_claims(
        run=Run(files={name: snakemake.input[name] for name in needs}, **snakemake.params.run),
        speed=snakemake.input.speed,
        printed={table: snakemake.input[f"printed_{table}"] for table in TABLES},
        claims=snakemake.output.claims,
    )
    write_claims_section(snakemake.output.claims, snakemake.output.section)
