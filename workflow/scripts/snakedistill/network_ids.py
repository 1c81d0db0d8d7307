"""The networks of a run: each is a family and a generation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Network:
    """One network of a run: a family and a generation. The teacher has no generation.

    Attributes:
        id: `teacher`, or family and generation, for example `soft-3`.
        family: kind of training label.
        generation: step of recursion, or None.
        labels: `manual`, `hard` or `soft`.
        source: id of the network whose predictions become the labels (the source of labels), or None for manual ones.
    """

    id: str
    family: str
    generation: int | None
    labels: str
    source: str | None


def networks(students: dict) -> dict[str, Network]:
    """All networks of one seed by id, in the order of the paper: the teacher, the students, their generations.

    The order does not depend on that of the config's keys, which an overlay may change.

    Args:
        students: the config's `students`.
    """
    found = [Network("teacher", "teacher", None, "manual", None)]
    for family, student in students.items():
        source = None if student["labels"] == "manual" else "teacher"
        for generation in range(student["generations"] + 1):
            network = Network(f"{family}-{generation}", family, generation, student["labels"], source)
            found.append(network)
            source = network.id if source else None
    kinds = ("manual", "hard", "soft")
    found[1:] = sorted(found[1:], key=lambda network: (network.generation, kinds.index(network.labels), network.family))
    return {network.id: network for network in found}
