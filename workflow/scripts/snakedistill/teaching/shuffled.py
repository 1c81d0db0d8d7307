"""A control: the source's predictions on other images, which say nothing of the image itself."""

from dataclasses import replace

import numpy as np
from pydantic import Field

from snakedistill.measures.metrics import answer
from snakedistill.teaching.way import LabelInputs, Option, Way, needed


def shuffled(way: Way, _: bool) -> Way:
    """A way that is taught by permuted predictions: within a part, a class, and right or wrong answers.

    So labels have the same distribution and the same errors, and no knowledge of the image.
    """

    def label(inputs: LabelInputs) -> np.ndarray:
        manual, logit, probability = map(needed, (inputs.manual, inputs.logit, inputs.probability))
        right = answer(probability) == manual
        groups = np.unique(np.stack([_numbered(needed(inputs.part)), manual, right]), axis=1, return_inverse=True)[1]
        row = np.arange(len(groups))
        for group in range(groups.max() + 1):
            of_group = np.flatnonzero(groups == group)
            row[of_group] = needed(inputs.stream).permutation(of_group)
        return way.label(replace(inputs, logit=logit[row], probability=probability[row]))

    return replace(way, label=label)


def _numbered(values: np.ndarray) -> np.ndarray:
    return np.unique(values, return_inverse=True)[1]


SHUFFLED = Option(
    setting=(
        bool | None,
        Field(
            default=None,
            description="true: the source's predictions are permuted within each part, class, and right or wrong "
            "answers; a control",
            examples=[True],
        ),
    ),
    fits=lambda way: way.soft,
    applied=shuffled,
    words=lambda _: "permuted within class and within right and wrong answers",
)
