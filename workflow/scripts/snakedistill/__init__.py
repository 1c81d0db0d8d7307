"""The library behind the workflow: functions that read files and write files, and never see `snakemake`."""
