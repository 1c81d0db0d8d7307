"""A row of a network's evaluation."""

import numpy as np

from snakedistill.measures import metrics


def evaluation_row(
    part: str,
    labels: str,
    repeat: int,
    logit: np.ndarray,
    probability: np.ndarray,
    label: np.ndarray,
    trained_on: np.ndarray | None = None,
) -> dict[str, object]:
    """Loss (2) and accuracy (12) of a network on a part, and how well it fits the labels that it was trained on.

    The label fit is the share of images whose answer is the most probable class of the label: how much of what the
    labels say has reached the network.

    Args:
        part: train, validation or test.
        labels: whose labels the answers are compared with, `manual` or `teacher`.
        repeat: number of the evaluation with augmentation, from 1; 0 without augmentation.
        logit: float [n, K].
        probability: float [n, K].
        label: float [n, K] in [0, 1].
        trained_on: labels of the training run, float [n, K] in [0, 1]; None where there are none: the fit is NaN.
    """
    return {
        "split": part,
        "labels": labels,
        "augmented": "yes" if repeat else "no",
        "repeat": repeat,
        "loss": metrics.loss(logit, label),
        "accuracy": metrics.accuracy(probability, metrics.answer(label)),
        "label_fit": np.nan if trained_on is None else metrics.accuracy(probability, metrics.answer(trained_on)),
    }
