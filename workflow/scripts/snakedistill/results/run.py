"""The files of a run that tables and figures are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from snakedistill.core.files import read_csv
from snakedistill.core.parts import PARTS

Files = dict[tuple[int, str], str]
"""One file of every network that has one: paths by (seed, network id)."""


@dataclass(frozen=True)
class Run:
    """What a table or a figure is made from.

    Attributes:
        results: seed and network id of every network, in the order of the files.
        classes: names; the position of a name is its label.
        files: paths by what they are: one path, or a list with one of every network that has one. `train`,
            `validation` and `test` are the predictions of the networks, a table's name is the table.
        reference: short name of the reference numbers beside the tables, or None.
        lacking: ids of the networks that have no file, by what the files are.
    """

    results: list[tuple[int, str]]
    classes: list[str]
    files: dict[str, str | list[str]]
    reference: str | None = None
    lacking: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def of_networks(self, name: str) -> Files:
        """The files of every network that has one."""
        having = [(seed, network) for seed, network in self.results if network not in self.lacking.get(name, ())]
        return dict(zip(having, self.files[name], strict=True))

    def predictions(self) -> dict[str, Files]:
        """The predictions of every network by part."""
        return {part: self.of_networks(part) for part in PARTS}

    def table(self, name: str) -> pd.DataFrame:
        """A table or another CSV."""
        return read_csv(self.files[name])
