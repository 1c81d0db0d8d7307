"""Findings on what a student has from its teacher."""

from collections.abc import Iterator

import pandas as pd

from snakedistill.core.parts import TEST
from snakedistill.measures.comparison import ERRORS_SEEN, SIGNIFICANCE
from snakedistill.measures.intervals import NORMAL
from snakedistill.results.findings.finding import (
    CONTRADICTED,
    OPEN,
    SUPPORTED,
    Finding,
    code,
    corrected,
    of_seeds,
    p_in_words,
    rounded,
)
from snakedistill.results.tables.table import by_seed, over_seeds

_INHERITED = {
    "agreement_inherited": "{network} agrees with {teacher} more than {independent} does",
    "errors_inherited": "{network} inherits errors: where {teacher} is wrong it is wrong more often than "
    "{independent}, beyond what its own accuracy explains",
}


def inherited(table: pd.DataFrame, assigned: bool = False) -> Iterator[Finding]:
    """One finding for each first student and quantity, with Holm's correction for all of them.

    It is told where its p-value says so and its interval lies beyond what the independent student would show with
    errors at random and the student's accuracy: whoever is less accurate is wrong more often where the teacher is, too.
    Negative transfer has no finding. At a given accuracy, a student that is wrong more often where the teacher is wrong
    is right more often where it is right, and negative transfer follows from inherited errors by arithmetic.

    Args:
        table: inheritance.
        assigned: see `of_seeds`.
    """
    frame = table[(table["split"] == TEST) & (table["class"] == "") & (table["independent"] != "")]
    frame = frame[~frame["taught_by"].isin(frame["network"])]
    frame = frame[~frame["network"].isin(_later(table))]
    seeds = by_seed(frame)["seed"].nunique()
    tests = [(row, name) for row in over_seeds(frame).to_dict("records") for name in _INHERITED]
    for (row, name), p_holm in zip(tests, corrected([row[f"{name}_p"] for row, name in tests]), strict=True):
        names = {of: code(row[key]) for of, key in _NAMES.items()}
        statement = _INHERITED[name].format(**names)
        if pd.isna(row[name]):
            yield Finding(OPEN, statement, "The teacher makes too few errors on the test part to say")
            continue
        by_chance = row.get(f"{name}_by_chance", 0.0)
        verdict = OPEN
        if p_holm < SIGNIFICANCE:
            above = row[name] > 0 and row[f"{name}_low"] > by_chance
            below = row[name] < 0 and row[f"{name}_high"] < by_chance
            verdict = SUPPORTED if above else CONTRADICTED if below else OPEN
        yield Finding(verdict, statement, _in_words(row, name, p_holm, len(tests), of_seeds(seeds, assigned), verdict))


_NAMES = {"network": "network", "teacher": "taught_by", "independent": "independent"}


def _later(table: pd.DataFrame) -> set[str]:
    """Students of students: they have a row for their source and one for the teacher at the head of the chain."""
    teachers = table.groupby("network", sort=False)["taught_by"].nunique()
    return set(teachers.index[teachers > 1])


def _in_words(row: dict, name: str, p_holm: float, tests: int, over: str, verdict: str) -> str:
    value, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
    words = f"{value:+.4f} [{low:+.4f}, {high:+.4f}]{over}; {p_in_words(p_holm, tests, 'inheritance')}"
    if f"{name}_by_chance" in row:
        words += f"; a student of this accuracy with errors at random shows {row[f'{name}_by_chance']:+.4f}"
    if verdict == OPEN and not over and value:
        error = (high - low) / 2 / NORMAL
        needed = row["images"] * (ERRORS_SEEN * error / value) ** 2
        words += f". To show the measured value takes about {rounded(needed)} images, before any correction"
    return words
