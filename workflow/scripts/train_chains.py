from snakedistill.core.job import job

with job(snakemake.log[0], snakemake.threads):
    from snakedistill.training.chains import Dose
    from snakedistill.training.study_of_chains import Study, write_chains

    write_chains(
        Study(**snakemake.params.study),
        Dose(**snakemake.params.dose),
        snakemake.input.of_teacher,
        snakemake.input.of_student,
        snakemake.input.splits,
        snakemake.output.chains,
    )
