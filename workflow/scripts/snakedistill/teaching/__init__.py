"""What a student learns from: the ways to teach, each a file with its labels and its loss."""

from snakedistill.core.network_ids import TEACHER, Network
from snakedistill.teaching.hard import HARD
from snakedistill.teaching.manual import MANUAL
from snakedistill.teaching.soft import SOFT
from snakedistill.teaching.way import Way

WAYS: dict[str, Way] = {
    "manual": MANUAL,
    "hard": HARD,
    "soft": SOFT,
}
"""The ways to teach by name, which is the value of `labels:` in the configuration."""

TEACHER_WAY = "manual"

GIVEN = ("predictions", "classifier")
"""The keys of the config's `teacher` that name a file in place of a training run."""


def given(teacher: dict) -> str | None:
    """How the teacher is given: the key of `GIVEN` that the config's `teacher` has, or None where it is trained."""
    return next((key for key in GIVEN if teacher[key] is not None), None)


def networks(students: dict, teacher_way: str | None = TEACHER_WAY) -> dict[str, Network]:
    """All networks of one seed by id: the teacher, the students in the order of `WAYS`, their generations.

    The order does not depend on that of the config's keys, which an overlay may change.

    Args:
        students: the config's `students`.
        teacher_way: how the teacher is taught; None for one that is given.
    """
    found = []
    for family, student in students.items():
        source = None if WAYS[student["labels"]].from_source is None else TEACHER
        for generation in range(student["generations"] + 1):
            network = Network(family, generation, student["labels"], source)
            found.append(network)
            source = network.id if source else None
    ways = list(WAYS)
    found.sort(key=lambda network: (network.generation, ways.index(network.way), network.family))
    return {network.id: network for network in (Network(TEACHER, way=teacher_way), *found)}


def labels_in_words(network: Network) -> str:
    """Whose labels a network trains on, for example "probabilities of soft-2"."""
    if network.way is None:
        return "given, not trained here"
    what = WAYS[network.way].from_source
    return f"{what} of {network.source}" if what else f"{network.way} labels"
