"""Which network ships, where the configuration leaves that to the choice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from snakedistill.core.files import read_csv

Files = TypeVar("Files")


@dataclass(frozen=True)
class Choice:
    """The row of the table `frontier` whose network ships.

    Attributes:
        network: its id.
        form: title of the form.
        precision: float32 or int8.
        within_limits: whether it is within the limits of time and size; else it is the nearest to them.
    """

    network: str
    form: str
    precision: str
    within_limits: bool


def read_choice(frontier: str | None) -> Choice | None:
    """The choice in the table `frontier`, a CSV; None without a table, or where no student could be exported."""
    if frontier is None:
        return None
    table = read_csv(frontier)
    for column in ("chosen", "nearest"):
        for row in table[table[column] == "yes"].to_dict("records"):
            return Choice(row["network"], row["form"], row["precision"], within_limits=column == "chosen")
    return None


def with_choice(shown: Sequence[str], frontier: str | None) -> list[str]:
    """A teacher and the student that ships.

    Args:
        shown: ids of the teacher, and of the student where there is no choice.
        frontier: CSV of the table of that name; None where the configuration names the student.
    """
    choice = read_choice(frontier)
    return [shown[0], shown[1] if choice is None else choice.network]


def shipped(files: Mapping[str, Files], candidates: Sequence[str], frontier: str | None) -> dict[str, Files]:
    """The files of the networks that ship: those of no candidate, and of the candidates the chosen one's.

    Args:
        files: by network id.
        candidates: ids of networks of which one ships; where there is no choice, the first.
        frontier: CSV of the table of that name; None where there is one candidate.
    """
    choice = read_choice(frontier)
    one = candidates[0] if choice is None else choice.network
    return {network: of_network for network, of_network in files.items() if network not in candidates or network == one}
