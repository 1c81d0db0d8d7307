"""Seconds an image of teacher and student in every runtime."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from snakedistill.core.network_ids import TEACHER
from snakedistill.measures.intervals import ratio_interval
from snakedistill.results.run import Run
from snakedistill.results.tables.table import Table

ROLES = ("teacher", "student")
KEYS = ("runtime", "precision", "threads", "batch_size", "decoding")


def rows(run: Run, student: str) -> pd.DataFrame:
    """How many times longer the teacher takes than the student, in every runtime; a teacher without a model takes none.

    Args:
        run: the run.
        student: id of the student that was timed.

    Returns:
        runtime, precision, threads, batch_size, decoding; teacher and student (median seconds an image), the ratio of
        these medians with its 95 % bootstrap interval over rounds (ratio_low, ratio_high); teacher_multiply_adds,
        student_multiply_adds (of one image). What is of a teacher that was not timed is NaN.
    """
    found = json.loads(Path(run.file("measured")).read_text(encoding="utf-8"))
    calls = pd.DataFrame(found["calls"])
    calls["seconds"] = [np.array(row.seconds) / row.batch_size for row in calls.itertuples()]
    ratios = []
    for key, group in calls.groupby(list(KEYS), sort=False):
        seconds = group.set_index("network")["seconds"]
        row = dict(zip(KEYS, key, strict=True)) | {"student": np.median(seconds[student])}
        row |= {"student_multiply_adds": found["multiply_adds"][student]}
        if TEACHER in seconds:
            low, high = ratio_interval(seconds[TEACHER], seconds[student])
            row |= {"teacher": np.median(seconds[TEACHER]), "teacher_multiply_adds": found["multiply_adds"][TEACHER]}
            row |= {"ratio": row["teacher"] / row["student"], "ratio_low": low, "ratio_high": high}
        ratios.append(row)
    columns = [*KEYS, *ROLES, "ratio", "ratio_low", "ratio_high", *(f"{role}_multiply_adds" for role in ROLES)]
    return pd.DataFrame(ratios, columns=columns).sort_values(list(KEYS))


def float32_on_all_threads(table: pd.DataFrame, runtime: str, batch_size: int, decoding: str = "no") -> pd.Series:
    """The row of the timing table of a runtime in float32 on all threads."""
    (row,) = table[
        (table["runtime"] == runtime)
        & (table["precision"] == "float32")
        & (table["threads"] == table["threads"].max())
        & (table["batch_size"] == batch_size)
        & (table["decoding"] == decoding)
    ].to_dict("records")
    return pd.Series(row)


TIMING = Table(
    rows,
    needs=("measured",),
    keys=KEYS,
    values=("teacher", "student", "ratio"),
    differences=False,  # machines differ
    settings=("student",),
    section="time",
    title="seconds an image",
    caption="""Median seconds an image of the teacher and a student in every runtime, and the ratio of the two, with
a 95 % bootstrap interval over the rounds of calls. One process called all networks in turn, in a new random order
in each round. The multiply-adds are those of one image.""",
)
