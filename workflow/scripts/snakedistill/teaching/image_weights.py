"""Manual labels of which those count more that the teacher is sure of."""

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from snakedistill.core.parts import PARTS
from snakedistill.core.settings import null_from_text, words
from snakedistill.teaching.way import LabelInputs, Option, Way, needed


def weighted_by_confidence(way: Way, _: str) -> Way:
    """A way whose images weigh in the loss by the teacher's confidence, its greatest probability.

    The weights of each part have the mean 1, so the loss has the scale of one without weights. Source: Furlanello et
    al. 2018, 1805.04770, "confidence-weighted by teacher max", where the weights of a batch sum to 1.
    """

    def weight(inputs: LabelInputs) -> np.ndarray:
        confidence = np.asarray(inputs.probability, np.float64).max(axis=1)
        found = np.ones(len(confidence))
        for part in PARTS:
            of_part = needed(inputs.part) == part
            if of_part.any():
                found[of_part] = confidence[of_part] / confidence[of_part].mean()
        return found

    return replace(way, weight=weight, targets=(*way.targets, "weight"))


IMAGE_WEIGHTS = Option(
    setting=(
        Annotated[Literal["confidence"] | None, BeforeValidator(null_from_text)],
        Field(
            default=None,
            description="confidence: each image weighs in the loss by the teacher's greatest probability of it",
            examples=["confidence"],
            json_schema_extra=words("confidence or null"),
        ),
    ),
    fits=lambda way: way.from_source is None,
    applied=weighted_by_confidence,
    words=lambda _: "weighted by the teacher's confidence",
    reads_teacher=lambda _: True,
)
