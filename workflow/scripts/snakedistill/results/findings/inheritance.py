"""Findings on what a student has from its teacher."""

from collections.abc import Iterator

import pandas as pd

from snakedistill.core.parts import TEST
from snakedistill.measures import comparison
from snakedistill.measures.intervals import NORMAL
from snakedistill.results.findings.finding import CONTRADICTED, OPEN, SUPPORTED, Finding, code, rounded

_INHERITED = {
    "agreement_inherited": "{network} agrees with {teacher} more than {independent} does",
    "errors_inherited": "{network} inherits errors: it is wrong more often than {independent} where {teacher} is wrong",
    "negative_transfer": "{network} inherits the errors of {teacher} more than its right answers",
}


def inherited(table: pd.DataFrame) -> Iterator[Finding]:
    """One finding for each first student and quantity; an interval of every seed must lie on one side of 0."""
    frame = table[(table["split"] == TEST) & (table["class"] == "") & (table["independent"] != "")]
    frame = frame[~frame["taught_by"].isin(frame["network"])]
    frame = frame[~frame["network"].isin(_later(table))]
    for (network, teacher, independent), of_seeds in frame.groupby(["network", "taught_by", "independent"], sort=False):
        for name, words in _INHERITED.items():
            low, high = of_seeds[f"{name}_low"], of_seeds[f"{name}_high"]
            statement = words.format(network=code(network), teacher=code(teacher), independent=code(independent))
            verdict = SUPPORTED if (low > 0).all() else CONTRADICTED if (high < 0).all() else OPEN
            yield Finding(verdict, statement, _inherited_in_words(of_seeds, name, verdict))


def _later(table: pd.DataFrame) -> set[str]:
    """Students of students: they have a row for their source and one for the teacher at the head of the chain."""
    teachers = table.groupby("network", sort=False)["taught_by"].nunique()
    return set(teachers.index[teachers > 1])


def _inherited_in_words(of_seeds: pd.DataFrame, name: str, verdict: str) -> str:
    values, low, high = (of_seeds[f"{name}{end}"] for end in ("", "_low", "_high"))
    if values.isna().any() or low.isna().any():
        return "The teacher makes too few errors on the test part to say"
    if len(of_seeds) > 1:
        words = (
            f"{values.mean():+.4f} on average of {len(of_seeds)} seeds; the interval is above 0 in {(low > 0).sum()} "
            f"of them and below 0 in {(high < 0).sum()}"
        )
    else:
        words = f"{values.iloc[0]:+.4f} [{low.iloc[0]:+.4f}, {high.iloc[0]:+.4f}]"
    if verdict == OPEN and len(of_seeds) == 1 and values.iloc[0]:
        error = (high.iloc[0] - low.iloc[0]) / 2 / NORMAL
        needed = of_seeds["images"].iloc[0] * (comparison.ERRORS_SEEN * error / values.iloc[0]) ** 2
        words += f". To show the measured value takes about {rounded(needed)} images"
    return words
