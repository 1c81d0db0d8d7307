"""Labels that are partly the source's and partly manual."""

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from snakedistill.core.outputs import one_hot
from snakedistill.core.settings import NullOrNumber
from snakedistill.teaching.way import LabelInputs, Option, Way, needed


def mixed_with_manual(way: Way, share: float) -> Way:
    """A way whose labels are (1 - a) p + a y, of the labels p of `way`, the manual labels y and the share a.

    Source: Hinton et al. 2015, 1503.02531, section 2, at temperature 1, where the sum of two losses is the loss of the
    mixed labels.
    """

    def label(inputs: LabelInputs) -> np.ndarray:
        taught = way.label(inputs)
        taught = one_hot(taught, inputs.classes) if taught.ndim == 1 else taught
        return (1 - share) * taught + share * one_hot(needed(inputs.manual), inputs.classes)

    return replace(way, label=label)


MANUAL_SHARE = Option(
    setting=(
        Annotated[Annotated[float, Field(ge=0, le=1)] | None, NullOrNumber],
        Field(
            default=None,
            description="a of labels (1 - a) p + a y, with p of the source and y manual",
            examples=[0.3, 0.0, 1.0],
        ),
    ),
    fits=lambda way: way.from_source is not None and way.mixable,
    applied=mixed_with_manual,
    words=lambda share: f"with a share of {share:g} of manual labels",
)
