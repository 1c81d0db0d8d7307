"""What a user reads before the first job and after the last one."""

from snakedistill.summary import one_line


onstart:
    training_runs = [job for job in workflow.dag.needrun_jobs() if job.rule.name.startswith("train_")]
    if training_runs:
        expected = planning.estimate(config, CORES, f"{RUN}/data/counts.csv")
        print(planning.announcement(expected, len(training_runs), CORES), file=sys.stderr, flush=True)


onsuccess:
    if any(job.rule.name == "summarise" for job in workflow.dag.jobs):
        print(one_line(), file=sys.stderr)
        print(f"Open {RUN}/summary.md", file=sys.stderr, flush=True)
