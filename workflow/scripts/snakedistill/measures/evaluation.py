"""A row of a network's evaluation."""

import numpy as np

from snakedistill.measures import metrics


def evaluation_row(
    part: str, labels: str, repeat: int, logit: np.ndarray, probability: np.ndarray, label: np.ndarray
) -> dict[str, object]:
    """Loss (2) and accuracy (12) of a network on a part.

        Args:
    part: train, validation or test.
            labels: whose labels the answers are compared with, `manual` or `teacher`.
            repeat: number of the evaluation with augmentation, from 1; 0 without augmentation.
            logit: float [n, K].
            probability: float [n, K].
            label: float [n, K] in [0, 1].
    """
    return {
        "split": part,
        "labels": labels,
        "augmented": "yes" if repeat else "no",
        "repeat": repeat,
        "loss": metrics.loss(logit, label),
        "accuracy": metrics.accuracy(probability, metrics.answer(label)),
    }
