"""What a student learns from: the ways to teach, each with its labels and its loss, and options of them."""

from collections.abc import Mapping
from typing import Any

from snakedistill.core.network_ids import TEACHER, Network
from snakedistill.teaching.consistent import CONSISTENT
from snakedistill.teaching.image_weights import IMAGE_WEIGHTS
from snakedistill.teaching.manual_share import MANUAL_SHARE
from snakedistill.teaching.shuffled import RANDOM_ERRORS, SHUFFLED
from snakedistill.teaching.smoothing import SMOOTHING
from snakedistill.teaching.source_weights import SOURCE_WEIGHTS
from snakedistill.teaching.temperature import TEMPERATURE
from snakedistill.teaching.unlabelled import UNLABELLED
from snakedistill.teaching.way import Option, Way
from snakedistill.teaching.ways import HARD, MANUAL, SOFT

WAYS: dict[str, Way] = {
    "manual": MANUAL,
    "hard": HARD,
    "soft": SOFT,
}
"""The ways to teach by name, which is the value of `labels:` in the configuration."""

OPTIONS: dict[str, Option] = {
    "consistent": CONSISTENT,
    "shuffled": SHUFFLED,
    "random_errors": RANDOM_ERRORS,
    "temperature": TEMPERATURE,
    "smoothing": SMOOTHING,
    "manual_share": MANUAL_SHARE,
    "image_weights": IMAGE_WEIGHTS,
    "unlabelled": UNLABELLED,
    "source_weights": SOURCE_WEIGHTS,
}
"""What changes a way to teach, by the key of a family, in the order in which they are applied."""

TEACHER_WAY = "manual"

STAGES = {"early": 1, "untrained": 0}
"""Stages of the teacher's training run, which are networks of their own: the epochs after which each stops."""

PREVIOUS, ALL = "previous", "all"
SOURCES = (PREVIOUS, TEACHER, ALL, *STAGES)
"""The values of `source:` of a family. A later generation learns from the one before it, or from the mean of the
teacher and all generations before it. Every generation learns from the teacher, or from a stage of it."""

MEAN = "mean"
"""How the names of families of means begin, before a hyphen, which no other family's name has."""

PROBE = "probe"
"""How the names of probes begin, before a hyphen, which no other family's name has."""

GIVEN = ("predictions", "classifier")
"""The keys of the config's `teacher` that name a file in place of a training run."""


def given(teacher: dict) -> str | None:
    """How the teacher is given: the key of `GIVEN` that the config's `teacher` has, or None where it is trained."""
    return next((key for key in GIVEN if teacher[key] is not None), None)


def options_of_family(student: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a family of the config's `students` turns on, settings by key of `OPTIONS`, in its order."""
    return {name: student[name] for name in OPTIONS if student.get(name) not in (None, False)}


def taught(way: str, options: Mapping[str, Any]) -> Way:
    """A way to teach with its options.

    Args:
        way: key of `WAYS`.
        options: settings by key of `OPTIONS`.
    """
    found = WAYS[way]
    for name, option in OPTIONS.items():
        if name in options:
            found = option.applied(found, options[name])
    return found


def networks(students: dict, teacher_way: str | None = TEACHER_WAY) -> dict[str, Network]:
    """All networks of one seed by id: the teacher, its stages, the students in the order of `WAYS`, their generations.

    A mean of networks stands behind the last of them. Stages and means are there where a student learns from them. The
    order does not depend on that of the config's keys, which an overlay may change.

    Args:
        students: the config's `students`.
        teacher_way: how the teacher is taught; None for one that is given.
    """
    found = []
    for family, student in students.items():
        kind = student.get("source") or PREVIOUS
        source = None
        if WAYS[student["labels"]].from_source is not None:
            source = kind if kind in STAGES else TEACHER
        options = tuple(options_of_family(student).items())
        members = [TEACHER]
        for generation in range(student["generations"] + 1):
            network = Network(family, generation, student["labels"], source, options)
            found.append(network)
            members.append(network.id)
            if source and kind == PREVIOUS:
                source = network.id
            if source and kind == ALL and generation < student["generations"]:
                found.append(Network(f"{MEAN}-{family}", generation, members=tuple(members)))
                source = found[-1].id
    ways = list(WAYS)
    found.sort(
        key=lambda network: (
            network.generation,
            len(network.members),
            ways.index(network.way) if network.way else 0,
            network.family,
        )
    )
    stages = [Network(stage, way=TEACHER_WAY) for stage in STAGES if stage in {network.source for network in found}]
    return {network.id: network for network in (Network(TEACHER, way=teacher_way), *stages, *found)}


def has_history(network: Network) -> bool:
    """Whether a network has a training run with at least one epoch."""
    return network.way is not None and STAGES.get(network.id) != 0


def made_from(network: Network) -> str | None:
    """Id of the network from whose predictions the labels of a network are made, or None."""
    if any(OPTIONS[name].reads_teacher(setting) for name, setting in network.options):
        return TEACHER
    return network.source


def source_of_views(network: Network) -> str | None:
    """Id of the network whose model answers the views of a training run, or None."""
    return network.source if "consistent" in dict(network.options) else None


def labels_in_words(network: Network) -> str:
    """Whose labels a network trains on, for example "probabilities of soft-2 at temperature 4"."""
    if network.family.startswith(f"{PROBE}-"):
        return "manual labels, the head alone"
    if network.members:
        return f"the mean of {' and '.join(network.members)}, not trained"
    if network.way is None:
        return "given, not trained here"
    what = WAYS[network.way].from_source
    labels = f"{what} of {network.source}" if what else f"{network.way} labels"
    return " ".join([labels, *(OPTIONS[name].words(setting) for name, setting in network.options)])
