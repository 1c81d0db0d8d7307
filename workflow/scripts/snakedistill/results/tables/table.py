"""The type of a table."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd


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
