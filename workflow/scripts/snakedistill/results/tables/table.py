"""The type of a table."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from snakedistill.measures.estimates import Estimate

ALL_SEEDS = "all"
"""What stands for a seed in the rows over all seeds, which a table has where there are several."""


def over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """The rows over all seeds, or where there are none, those of the only seed."""
    whole = table[table["seed"].astype(str) == ALL_SEEDS]
    return table if whole.empty else whole


def by_seed(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of each seed alone."""
    return table[table["seed"].astype(str) != ALL_SEEDS]


def columns_of(name: str, estimate: Estimate) -> dict[str, float]:
    """The columns of a value with its interval and its p-value."""
    ends = {"": estimate.value, "_low": estimate.low, "_high": estimate.high, "_p": estimate.p_value}
    return {f"{name}{end}": value for end, value in ends.items()}


@dataclass(frozen=True)
class Table:
    """A table of a run.

    Attributes:
        rows: from the run, and settings by their names, to the table.
        needs: names of the files of the run that it is made from.
        keys: columns that name a row.
        values: columns that reference numbers can stand beside.
        section: key of `summary.SECTIONS`, where the summary shows it.
        title: a few words on what it shows.
        caption: what it shows, for a reader of the report, in reStructuredText.
        settings: names of the settings that `rows` takes.
        differences: whether a difference to a reference number means something.
    """

    rows: Callable[..., pd.DataFrame]
    needs: tuple[str, ...]
    keys: tuple[str, ...]
    values: tuple[str, ...]
    section: str
    title: str
    caption: str
    settings: tuple[str, ...] = ()
    differences: bool = True
