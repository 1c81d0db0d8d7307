from snakedistill.job import job

with job(snakemake.log[0]):
    from snakedistill.splits import write_splits

    shares = dict(snakemake.params.split)
    seed = shares.pop("seed")
    write_splits(snakemake.input.index, shares, seed, snakemake.output.splits)
