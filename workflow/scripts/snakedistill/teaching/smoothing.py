"""Manual labels that leave a share to all classes."""

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, PlainValidator

from snakedistill.core.outputs import one_hot
from snakedistill.core.parts import TRAIN
from snakedistill.core.settings import null_from_text, words
from snakedistill.teaching.way import LabelInputs, Option, Way, needed

OF_TEACHER = "teacher"


def smoothed(way: Way, smoothing: float | Literal["teacher"]) -> Way:
    """A way whose labels are (1 - e) y + e / K of manual labels y.

    Source: Szegedy et al. 2016, 1512.00567, section 7.

    Args:
        way: its labels are manual ones, y.
        smoothing: e; `teacher`: the e whose labels have the mean entropy of the teacher's predictions on train.
    """

    def label(inputs: LabelInputs) -> np.ndarray:
        if isinstance(smoothing, str):
            of_train = needed(inputs.probability)[inputs.part == TRAIN]
            share = smoothing_of_entropy(mean_entropy(of_train), inputs.classes)
        else:
            share = smoothing
        return (1 - share) * one_hot(way.label(inputs), inputs.classes) + share / inputs.classes

    return replace(way, label=label)


def mean_entropy(probability: np.ndarray) -> float:
    """Mean of -sum_k p_k log p_k, nats, of probabilities float [n, K]; 0 log 0 is 0."""
    p = np.asarray(probability, dtype=np.float64)
    return float(-np.sum(p * np.log(np.where(p > 0, p, 1)), axis=1).mean())


def smoothing_of_entropy(entropy: float, classes: int) -> float:
    """The e in [0, 1] of which the labels (1 - e) y + e / K have this entropy, in nats.

    Their entropy grows with e from 0 to log K, so e is found by bisection.
    """
    from scipy.optimize import brentq

    def missing(share: float) -> float:
        label = np.full((1, classes), share / classes)
        label[0, 0] += 1 - share
        return mean_entropy(label) - entropy

    if missing(1.0) <= 0:
        return 1.0
    return float(brentq(missing, 0.0, 1.0, xtol=1e-12))


def _share_or_teacher(value: object) -> float | str | None:
    value = null_from_text(value)
    if value is None or value == OF_TEACHER:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str) or not 0 <= float(value) <= 1:
        raise ValueError
    return float(value)


SMOOTHING = Option(
    setting=(
        Annotated[
            float | Literal["teacher"] | None,
            PlainValidator(_share_or_teacher, json_schema_input_type=float | Literal["teacher"] | None),
        ],
        Field(
            default=None,
            description="e of labels (1 - e) y + e / K, with y manual and K classes; teacher: e such that the mean "
            "entropy of the labels is that of the teacher's predictions on train",
            examples=[0.1, "teacher", 0.0],
            json_schema_extra=words("a number from 0 to 1, teacher or null"),
        ),
    ),
    fits=lambda way: way.from_source is None and way.mixable,
    applied=smoothed,
    words=lambda smoothing: (
        "smoothed to the teacher's entropy" if smoothing == OF_TEACHER else f"smoothed by {smoothing:g}"
    ),
    reads_teacher=lambda smoothing: smoothing == OF_TEACHER,
)
