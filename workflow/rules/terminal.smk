"""What a user reads before the first job and after the last one."""


onstart:
    training_runs = [
        job for job in workflow.dag.needrun_jobs() if job.rule.name.startswith("train_")
    ]
    if training_runs:
        expected = planning.estimate(config, CORES, f"{RUN}/data/counts.csv")
        lines = planning.announcement(expected, len(training_runs), CORES, config["precision"])
        print(lines, file=sys.stderr, flush=True)


onsuccess:
    if any(job.rule.name == "summarise" for job in workflow.dag.jobs):
        from snakedistill.summary import (
            one_line,
        )  # here, since every job on a cluster reads the rules

        reports = of_all_networks(f"{SEED}/onnx/{{network}}.json")
        tables = [f"{RUN}/tables/{table}.csv" for table in ("uncertainty", "timing")]
        print(f"Result: {one_line(*tables, reports, SHOWN_STUDENT)}.", file=sys.stderr)
        print(f"Open {RUN}/summary.md", file=sys.stderr, flush=True)
