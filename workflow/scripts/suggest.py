from snakedistill.core.job import job

with job(snakemake.log[0]) as terminal:
    from pathlib import Path

    from snakedistill.command.init import write_settings

    write_settings(
        archive=Path(snakemake.input.archive),
        minutes=snakemake.params.minutes,
        command=snakemake.params.command,
        terminal=terminal,
    )
