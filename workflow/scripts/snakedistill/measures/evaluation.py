"""A row of a network's evaluation."""

from collections.abc import Mapping

import numpy as np

from snakedistill.measures import metrics


def evaluation_row(split: str, labels: str, repeat: int, answers: Mapping[str, np.ndarray]) -> dict[str, object]:
    """Loss (2) and accuracy (12) of a network on a part.

    Args:
        split: the part.
        labels: whose labels the answers are compared with, `manual` or `teacher`.
        repeat: number of the evaluation with augmentation, from 1; 0 without augmentation.
        answers: `logit`, `probability` and `label` of each image, float [n].
    """
    return {
        "split": split,
        "labels": labels,
        "augmented": "yes" if repeat else "no",
        "repeat": repeat,
        "loss": metrics.loss(answers["logit"], answers["label"]),
        "accuracy": metrics.accuracy(answers["probability"], answers["label"]),
    }
