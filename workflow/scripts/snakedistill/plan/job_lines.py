"""What the terminal shows of jobs: a line each, with what is done and how long the rest takes."""

import logging
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from snakedistill.configuration.estimate import Estimate
from snakedistill.core.terminal import ERASE_LINE, write_line

DEFAULT_HANDLER = "DefaultStreamHandler"  # Snakemake's name for what writes to the terminal
JOB_BEGINS, JOB_ENDS, STEPS = "job_info", "job_finished", "progress"  # Snakemake's names of events
LEFT_OUT = ("workflow_started", "run_info", "resources_info", "job_started", JOB_ENDS, STEPS)
"""Events that say nothing to a person who waits for a result. Snakemake's own log has them."""
ABOUT_SNAKEMAKE = (
    "Assuming ",
    "Building DAG of jobs",
    "Conda environments: ",
    "Provided ",
    "Rules claiming more threads",
    "Select jobs to execute",
    "Singularity containers: ",
    "Using shell",
)
"""Beginnings of messages without an event that are left out too."""
RULES_OF_STAGES = {
    "training": ("train_teacher", "train_student"),
    "predictions": ("predict", "evaluate", "fit_probe"),
    "exports": ("export_",),
    "timing": ("time_",),
}
"""Stages of the estimate by the beginnings of the names of their rules; all other rules are of `THE_REST`."""
THE_REST = "the rest"
TRUST = 0.5  # the estimate counts as much as having seen this share of the work take as long as estimated


def stage_of(rule: str) -> str:
    """The stage of the estimate to which a rule belongs."""
    return next((stage for stage, beginnings in RULES_OF_STAGES.items() if rule.startswith(beginnings)), THE_REST)


class Remaining:
    """How long the jobs take that have not ended, by the estimate, corrected by the time of those that have.

    Args:
        expected: estimate of the whole run.
        all_jobs: number of jobs of the whole run by rule, finished ones too.
        to_do: number of jobs to do now by rule.
    """

    def __init__(self, expected: Estimate, all_jobs: Mapping[str, int], to_do: Mapping[str, int]) -> None:
        of_stage: Counter[str] = Counter()
        for rule, jobs in all_jobs.items():
            of_stage[stage_of(rule)] += jobs
        self._seconds = {
            stage: 3600 * expected.hours.get(stage, 0.0) / jobs for stage, jobs in of_stage.items() if jobs
        }
        self._all = sum(jobs * self._seconds[stage_of(rule)] for rule, jobs in to_do.items())
        self._done = 0.0
        self._start = time.monotonic()

    def end(self, rule: str) -> None:
        """Count a job that has ended."""
        self._done += self._seconds.get(stage_of(rule), 0.0)

    def seconds(self) -> float:
        """Seconds until the last job ends."""
        if not self._all:
            return 0.0
        trusted = TRUST * self._all
        slower = (time.monotonic() - self._start + trusted) / (self._done + trusted)
        return slower * max(self._all - self._done, 0.0)


def in_words(seconds: float) -> str:
    """For example `about 4 min left`."""
    if seconds < 60:
        return "under 1 min left"
    minutes = round(seconds / 60)
    return f"about {minutes} min left" if minutes < 100 else f"about {seconds / 3600:.1f} h left"


class JobLines(logging.Handler):
    """Writes a line when a job begins, leaves out what is about Snakemake alone, and hands on everything else.

    Attributes:
        remaining: None as long as it is not known.

    Args:
        default: Snakemake's own handler of the terminal, which writes errors and warnings.
    """

    def __init__(self, default: logging.StreamHandler) -> None:
        super().__init__(default.level)
        self.name = default.name
        self.remaining: Remaining | None = None
        self._default = default
        self._rules: dict[Any, str] = {}
        self._done, self._all = 0, 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or leave it out."""
        event = getattr(getattr(record, "event", None), "value", None)
        if event == STEPS:
            self._done, self._all = record.done, record.total  # type: ignore[attr-defined]
        elif event == JOB_ENDS and self.remaining:
            self.remaining.end(self._rules.get(record.job_id, ""))  # type: ignore[attr-defined]
        if event == JOB_BEGINS:
            self._begins(record)
        elif event not in LEFT_OUT and not (event is None and self._is_about_snakemake(record)):
            if self._default.stream.isatty():  # where a progress bar may stand
                self._default.stream.write(ERASE_LINE)
            self._default.handle(record)

    def _begins(self, record: logging.LogRecord) -> None:
        said = record.__dict__
        self._rules[said["jobid"]] = said["rule_name"]
        if not said["output"]:  # a target that asks for files of others
            return
        known = [f"{self._done}/{self._all}"] if self._all else []
        known += [in_words(self.remaining.seconds())] if self.remaining else []
        so_far = f" [{', '.join(known)}]" if known else ""
        line = f"{time.strftime('%H:%M:%S')}{so_far} {said['rule_msg'] or said['rule_name']}"
        write_line(line, self._default.stream)

    @staticmethod
    def _is_about_snakemake(record: logging.LogRecord) -> bool:
        return record.levelno <= logging.INFO and str(record.msg).startswith(ABOUT_SNAKEMAKE)


def show_job_lines(logger: logging.Logger) -> JobLines | None:
    """Put `JobLines` in the place of Snakemake's own handler; None where a plugin is in its place."""
    for handler in logger.handlers:
        if handler.name == DEFAULT_HANDLER and isinstance(handler, logging.StreamHandler):
            lines = JobLines(handler)
            logger.removeHandler(handler)
            logger.addHandler(lines)
            return lines
    return None
