"""The files of a run that tables and figures are made from."""

from dataclasses import dataclass

import pandas as pd

from snakedistill.core.files import read_csv
from snakedistill.core.parts import PARTS

Files = dict[tuple[int, str], str]
"""One file of every network: paths by (seed, network id)."""


@dataclass(frozen=True)
class Run:
    """What a table or a figure is made from.

    Attributes:
        results: seed and network id of every network, in the order of the files.
        classes: names; the position of a name is its label.
        files: paths by what they are: one path, or a list with one of every network. `train`, `validation` and `test`
            are the predictions of the networks, a table's name is the table.
        reference: short name of the reference numbers beside the tables, or None.
    """

    results: list[tuple[int, str]]
    classes: list[str]
    files: dict[str, str | list[str]]
    reference: str | None = None

    def of_networks(self, name: str) -> Files:
        """The files of every network."""
        return {(seed, network): path for (seed, network), path in zip(self.results, self.files[name], strict=True)}

    def predictions(self) -> dict[str, Files]:
        """The predictions of every network by part."""
        return {part: self.of_networks(part) for part in PARTS}

    def table(self, name: str) -> pd.DataFrame:
        """A table or another CSV."""
        return read_csv(self.files[name])
