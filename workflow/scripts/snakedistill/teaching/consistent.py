"""A source that answers the very view of an image that the student sees."""

from collections.abc import Callable, Iterator

import numpy as np
from pydantic import Field

from snakedistill.core.outputs import logits_of_classes, outputs_of_classes, shares_of_classes
from snakedistill.teaching.way import LabelInputs, Option, Way


def labels_of_views(
    passed: Iterator[tuple], forward: Callable[[object], list[np.ndarray]], way: Way
) -> Iterator[tuple[object, np.ndarray]]:
    """Replace the labels of batches by those that the source gives to the augmented images.

    Source: Beyer et al. 2022, 2106.05237.

    Args:
        passed: (inputs, label) of each batch, see `batches`.
        forward: from these inputs to logits and probabilities of the source, float32 [b, outputs] each.
        way: labels it makes of them.

    Yields:
        (inputs, label float32 [b, outputs]).
    """
    for inputs, _ in passed:
        logit, probability = forward(inputs)
        classes = {"logit": logits_of_classes(logit), "probability": shares_of_classes(probability)}
        given = LabelInputs(manual=None, part=None, classes=classes["logit"].shape[1], stream=None, **classes)
        yield inputs, outputs_of_classes(way.label(given)).astype(np.float32)


CONSISTENT = Option(
    setting=(
        bool | None,
        Field(
            default=None,
            description="true: in training the source answers the augmented image that the student sees, not the plain "
            "one",
        ),
    ),
    labels=("soft",),
    applied=lambda way, _: way,  # what changes is when the source is asked
    words=lambda _: "for the view that the student sees",
    excludes=("shuffled", "manual_share"),  # these need to know the image
    needs_source_model=True,
)
