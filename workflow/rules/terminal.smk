"""What a user reads before the first job and after the last one."""


onstart:
    # Snakemake's default, 100 jobs in a second, makes its scheduler choose jobs anew every second, once more for each job
    # that has ended, with all functions of all jobs that are ready. After 400 jobs that keeps half a core busy.
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if limit is not None and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None
    training_runs = [
        job for job in workflow.dag.needrun_jobs() if job.rule.name.startswith("train_")
    ]
    if training_runs:
        expected = estimate.estimate(config, CORES, rules.split_images.output.counts)
        lines = estimate.announcement(expected, len(training_runs), CORES, config["precision"])
        print(lines, file=sys.stderr, flush=True)


onsuccess:
    if any(job.rule.name == "summarise" for job in workflow.dag.jobs):
        from snakedistill.export.tolerance import costly_in_words
        from snakedistill.results.summary.head import one_line

        storage = workflow.storage_settings.default_storage_prefix
        if not storage:  # the files are on this machine
            tables = [FILES.tables[table] for table in ("uncertainty", "timing")]
            line = one_line(*tables, FILES.known["measurements"], PLAN.shown)
            print(f"Result: {line}.", file=sys.stderr)
            for sentence in costly_in_words(FILES.exports, config["export"]["int8_max_drop"]):
                print(f"Warning: {sentence}.", file=sys.stderr)
        print(f"Open {os.path.join(storage, RUN)}/summary.md", file=sys.stderr, flush=True)
