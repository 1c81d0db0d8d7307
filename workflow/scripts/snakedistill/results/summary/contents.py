"""What the summary is written from."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from snakedistill.core.network_ids import Network, parsed
from snakedistill.core.parts import TEST
from snakedistill.results.tables.comparisons import has_assignments
from snakedistill.results.tables.timing import in_full


@dataclass(frozen=True)
class Contents:
    """The numbers of a run.

    Attributes:
        tables: tables by name.
        networks: networks by id.
        shown: ids of the networks that sentences compare, a teacher and a student.
        megabytes: size of the ONNX files, `float32` and `int8`, by network id, of those that have a model;
            the mean over seeds.
        reference: short name of the reference numbers, or None.
    """

    tables: dict[str, pd.DataFrame]
    networks: dict[str, Network]
    shown: Sequence[str]
    megabytes: pd.DataFrame
    reference: str | None

    @property
    def timed(self) -> list[str]:
        """Ids of the networks whose time an image was measured, in their order."""
        return list(self.tables["timing"]["network"].unique())

    @property
    def timed_in_full(self) -> list[str]:
        """Ids of those that were timed in Keras and in every other runtime too."""
        return in_full(self.tables["timing"])

    @property
    def test(self) -> pd.DataFrame:
        """The metrics on the test part."""
        table = self.tables["uncertainty"]
        return table[table["split"] == TEST]

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return self.tables["classes"]["class"].nunique()

    @property
    def seeds(self) -> int:
        """How many seeds there are."""
        return self.tables["uncertainty"]["seed"].nunique()

    @property
    def assigned(self) -> bool:
        """Whether each of several seeds had its own assignment of images to parts."""
        return has_assignments(self.tables["comparisons"])

    @property
    def threads(self) -> int:
        """The larger number of threads that was timed."""
        return int(self.tables["timing"]["threads"].max())

    def brackets(self, intervals: str) -> str:
        """A sentence on the intervals in brackets; several seeds have none."""
        return f" The brackets hold 95 % intervals: {intervals}." if self.seeds == 1 else ""


def without_recursion(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the teacher and its students."""
    return frame[[parsed(network).is_first for network in frame["network"]]]


def threads_in_words(threads: int) -> str:
    """For example "2 threads"."""
    return f"{threads} thread{'s' if threads > 1 else ''}"
