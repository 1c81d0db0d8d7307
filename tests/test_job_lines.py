"""What the terminal shows of jobs."""

import io
import logging
import re
from types import SimpleNamespace

import pytest

from snakedistill.configuration.estimate import Estimate
from snakedistill.plan import job_lines
from snakedistill.plan.job_lines import JobLines, Remaining, in_words, show_job_lines


@pytest.fixture
def logger():
    """A logger with a handler as Snakemake's."""
    handler = logging.StreamHandler(io.StringIO())
    handler.name = job_lines.DEFAULT_HANDLER
    made = logging.Logger("as Snakemake's")
    made.addHandler(handler)
    return made


def said(logger: logging.Logger, lines: JobLines, event: str | None, message: str = "", **facts) -> str:
    """What a record adds to the terminal."""
    stream = lines._default.stream
    before = len(stream.getvalue())
    named = {} if event is None else {"event": SimpleNamespace(value=event)}
    logger.log(facts.pop("level", logging.INFO), message, extra=named | facts)
    return stream.getvalue()[before:]


def job(number: int, rule: str, message: str | None) -> dict:
    return {"jobid": number, "rule_name": rule, "rule_msg": message, "output": ["a"]}


def test_a_job_has_one_line_with_what_is_done(logger):
    lines = show_job_lines(logger)
    first = said(logger, lines, "job_info", **job(1, "index_archive", "Listing the images"))
    assert re.fullmatch(r"\d\d:\d\d:\d\d Listing the images\n", first)
    assert said(logger, lines, "job_finished", "Finished jobid: 1", job_id=1) == ""
    assert said(logger, lines, "progress", done=1, total=50) == ""
    assert said(logger, lines, "job_info", **job(2, "predict", None)).endswith(" [1/50] predict\n")
    target = job(0, "all", None) | {"output": []}
    assert said(logger, lines, "job_info", **target) == ""


def test_what_is_about_snakemake_alone_is_left_out_and_everything_else_is_not(logger):
    lines = show_job_lines(logger)
    assert said(logger, lines, None, "Select jobs to execute...") == ""
    assert said(logger, lines, "run_info", "Job stats: many lines") == ""
    assert said(logger, lines, None, "Provided cores are too few", level=logging.WARNING) != ""
    assert said(logger, lines, None, "Nothing to be done.") == "Nothing to be done.\n"
    assert said(logger, lines, "job_error", "Error in rule predict") == "Error in rule predict\n"


def test_without_snakemakes_own_handler_nothing_changes():
    handler = logging.StreamHandler(io.StringIO())
    logger = logging.Logger("of a plugin")
    logger.addHandler(handler)
    assert show_job_lines(logger) is None
    assert logger.handlers == [handler]


def test_what_is_left_follows_the_estimate_and_then_the_time_that_jobs_took(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(job_lines.time, "monotonic", lambda: now[0])
    expected = Estimate(2, 100, {"training": 2 / 60, "the rest": 1 / 60}, 0.1)
    remaining = Remaining(expected, {"train_student": 2, "index_archive": 1}, {"train_student": 2, "index_archive": 1})
    assert remaining.seconds() == pytest.approx(180)
    now[0] = 10.0  # nothing has ended: the estimate stands, and is a little longer
    assert 180 <= remaining.seconds() <= 205
    now[0] = 120.0  # twice as long as expected
    remaining.end("train_student")
    assert 120 < remaining.seconds() < 240
    told = remaining.seconds()
    now[0] = 240.0
    remaining.end("train_student")
    assert remaining.seconds() == pytest.approx(60 * (240 + 90) / (120 + 90))
    assert remaining.seconds() / 60 > told / 120  # the more work was seen, the less counts the estimate
    remaining.end("index_archive")
    assert remaining.seconds() == 0


def test_jobs_that_an_earlier_run_has_done_are_not_left():
    expected = Estimate(4, 100, {"training": 4 / 60}, 0.1)
    assert Remaining(expected, {"train_student": 4}, {"train_student": 1}).seconds() == pytest.approx(60)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(20, "under 1 min left"), (250, "about 4 min left"), (20_000, "about 5.6 h left")],
)
def test_what_is_left_in_words(seconds, words):
    assert in_words(seconds) == words
