"""Controls: the source's predictions on other images, with errors on the same images or on random ones."""

from dataclasses import replace

import numpy as np
from pydantic import Field

from snakedistill.measures.metrics import answer
from snakedistill.teaching.way import LabelInputs, Option, Way, needed


def shuffled(way: Way, _: bool) -> Way:
    """A way that is taught by permuted predictions: within a part, a class, and right or wrong answers.

    So labels have the same distribution and the same errors, and no knowledge of the image.
    """
    return _permuted(way, keep_errors=True)


def with_random_errors(way: Way, _: bool) -> Way:
    """A way that is taught by permuted predictions: within a part and a class.

    So labels have the same distribution and as many errors of each class, and these are on random images.
    """
    return _permuted(way, keep_errors=False)


def _permuted(way: Way, keep_errors: bool) -> Way:
    def label(inputs: LabelInputs) -> np.ndarray:
        manual, logit, probability = map(needed, (inputs.manual, inputs.logit, inputs.probability))
        keys = [_numbered(needed(inputs.part)), manual]
        if keep_errors:
            keys.append(answer(probability) == manual)
        groups = np.unique(np.stack(keys), axis=1, return_inverse=True)[1]
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

RANDOM_ERRORS = Option(
    setting=(
        bool | None,
        Field(
            default=None,
            description="true: the source's predictions are permuted within each part and class, so that as many "
            "errors are on random images; a control",
            examples=[True],
        ),
    ),
    fits=lambda way: way.from_source is not None and "manual" not in way.targets,
    applied=with_random_errors,
    words=lambda _: "permuted within class",
    excludes=("shuffled", "consistent", "unlabelled"),
)
