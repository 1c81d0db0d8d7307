"""Labels and loss at a temperature, which shows a student more of what its source thinks of the wrong classes."""

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from snakedistill.core.outputs import softmax
from snakedistill.core.settings import NullOrNumber
from snakedistill.teaching.way import LabelInputs, Option, Way, needed


def at_temperature(way: Way, temperature: float) -> Way:
    """A way whose labels are softmax(t / T) of the source's logits t, and whose loss is T^2 L(label, logit / T).

    Source: Hinton et al. 2015, 1503.02531, section 2. Of two classes the softmax is sigmoid(t / T).
    Of cross-entropy the gradient for the logits is T times the difference of the probabilities at T, so its size does
    not fall with T.
    """

    def label(inputs: LabelInputs) -> np.ndarray:
        logit = needed(inputs.logit) / temperature
        return way.label(replace(inputs, logit=logit, probability=softmax(logit)))

    return replace(
        way,
        label=label,
        loss=lambda targets, logit: temperature**2 * way.loss(targets, logit / temperature),
    )


TEMPERATURE = Option(
    setting=(
        Annotated[Annotated[float, Field(gt=0)] | None, NullOrNumber],
        Field(
            default=None,
            description="T of softmax(logit / T) in soft labels and in the loss, times T squared",
            examples=[4.0, 0.5],
        ),
    ),
    fits=lambda way: way.soft,
    applied=at_temperature,
    words=lambda temperature: f"at temperature {temperature:g}",
    excludes=("manual_share",),  # the manual labels would be compared with a student at temperature T
)
