"""What a user reads before the first job and after the last one."""

import atexit
from collections import Counter


def say_first_lines():
    """Say what is known before the first job, where a network is to be trained."""
    to_do = Counter(job.rule.name for job in workflow.dag.needrun_jobs(exclude_finished=False))
    training_runs = to_do["train_teacher"] + to_do["train_student"]
    if training_runs:
        counts = FILES.of_first_seed(FILES.counts)
        expected = first_lines.estimated(PLAN, NAMED_IMAGES, CORES, counts)
        lines = first_lines.first_lines(config, NAMED_IMAGES, expected, training_runs, CORES)
        for line in lines:
            write_line(line, sys.stderr)
        if JOB_LINES:
            all_jobs = Counter(job.rule.name for job in workflow.dag.jobs)
            JOB_LINES.remaining = job_lines.Remaining(expected, all_jobs, to_do)


def shows_job_lines():
    """Whether the terminal is this workflow's: of the main process of a real run without options for what is printed."""
    printed = workflow.output_settings
    as_usual = not (printed.verbose or printed.quiet or printed.printshellcmds or printed.debug_dag)
    return (
        workflow.is_main_process
        and workflow.modifier.is_main_snakefile()
        and as_usual
        and not printed.dryrun
    )


JOB_LINES = job_lines.show_job_lines(workflow.logger_manager.logger) if shows_job_lines() else None


# Snakemake has no hook for a dry run. Its end is where the reader looks: the list of jobs is long.
if workflow.is_main_process and workflow.modifier.is_main_snakefile():
    atexit.register(lambda: say_first_lines() if workflow.dryrun and workflow.dag else None)


onstart:
    # Snakemake's default, 100 jobs in a second, makes its scheduler choose jobs anew every second, once more for each job
    # that has ended, with all functions of all jobs that are ready. After 400 jobs that keeps half a core busy.
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if limit is not None and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None
    say_first_lines()


onsuccess:
    done = {job.rule.name for job in workflow.dag.jobs}
    storage = workflow.storage_settings.default_storage_prefix
    if "summarise" in done and not storage:  # the files are on this machine
        for sentence in last_lines.last_lines(FILES, config):
            write_line(sentence, sys.stderr)
    if "web" in done and not storage:
        write_line(f"Serve the page: python -m http.server --directory {WEB}", sys.stderr)
    pages = {"audit": f"{AUDIT}/summary.html", "summary_to_html": f"{RUN}/summary.html"}
    for rule_name, page in pages.items():
        if rule_name in done:
            write_line(f"Open {os.path.join(storage, page)}", sys.stderr)
