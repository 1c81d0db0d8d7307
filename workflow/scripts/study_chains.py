from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.results.chains_figure import plot_chains
    from snakedistill.training.chains import Dose
    from snakedistill.training.study_of_chains import write_study

    output, doses = snakemake.output, snakemake.params.doses
    write_study(
        {name: Dose(**dose) for name, dose in doses.items()},
        dict(zip(doses, snakemake.input, strict=True)),
        output.chains,
        output.lifetimes,
    )
    plot_chains(output.chains, [output.figure, output.image], snakemake.params.run_in_a_line)
