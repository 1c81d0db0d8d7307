"""A network is a family and a generation."""

import re
from dataclasses import dataclass
from typing import Any

TEACHER = "teacher"


@dataclass(frozen=True)
class Network:
    """One network of a run. The teacher is a family of its own and has no generation.

    Attributes:
        family: `teacher`, a key of `teaching.STAGES`, a key of the config's `students`, or the family of a mean.
        generation: step of recursion, or None.
        way: how it is taught, a key of `teaching.WAYS`; None for a given teacher, for a mean of networks, or where only
            the id is known.
        source: id of the network whose predictions become the labels (the source of labels), or None for manual ones.
        options: of the way to teach, pairs of a key of `teaching.OPTIONS` and its setting.
        members: ids of the networks of whose probabilities it is the mean; empty for a network that is trained.
    """

    family: str
    generation: int | None = None
    way: str | None = None
    source: str | None = None
    options: tuple[tuple[str, Any], ...] = ()
    members: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """`teacher`, or family and generation, for example `soft-3`."""
        return self.family if self.generation is None else f"{self.family}-{self.generation}"

    @property
    def is_first(self) -> bool:
        """Whether it is the teacher or learns from no student."""
        return not self.generation


def parsed(network_id: str) -> Network:
    """The family and the generation that an id names; one that does not end in a hyphen and digits is a family."""
    named = re.fullmatch(r"(.+)-([0-9]+)", network_id, re.DOTALL)
    return Network(named[1], int(named[2])) if named else Network(network_id)
