"""A source that answers the very view of an image that the student sees."""

from collections.abc import Callable

import numpy as np
from pydantic import Field

from snakedistill.core.outputs import logits_of_classes, outputs_of_classes, shares_of_classes
from snakedistill.core.targets import Hook, Inputs, Targets
from snakedistill.teaching.way import LabelInputs, Option, Way


def labels_of_views(forward: Callable[[Inputs], list[np.ndarray]], way: Way) -> Hook:
    """What replaces the labels of a batch by those that the source gives to the augmented images.

    Source: Beyer et al. 2022, 2106.05237.

    Args:
        forward: from inputs of a batch to logits and probabilities of the source, float32 [n, outputs] each.
        way: labels it makes of them.
    """

    def hook(inputs: Inputs, targets: Targets) -> Targets:
        logit, probability = forward(inputs)
        classes = {"logit": logits_of_classes(logit), "probability": shares_of_classes(probability)}
        known = LabelInputs(targets.get("manual"), None, classes["logit"].shape[1], None, **classes)
        return {**targets, "label": outputs_of_classes(way.label(known)).astype(np.float32)}

    return hook


CONSISTENT: Option[bool] = Option(
    setting=(
        bool | None,
        Field(
            default=None,
            description="true: in training the source answers the augmented image that the student sees, not the plain "
            "one",
            examples=[True],
        ),
    ),
    fits=lambda way: way.soft,
    applied=lambda way, _: way,  # what changes is when the source is asked
    words=lambda _: "for the view that the student sees",
    excludes=("shuffled", "manual_share"),  # these need to know the image
    needs_source_model=True,
)
