"""Weights of classes in the loss, so that a rare class counts as much as a frequent one."""

from typing import Any

import numpy as np

BALANCED = "balanced"


def balanced_weights(labels: np.ndarray) -> tuple[float, float]:
    """The weight of each class c, n / (K n_c) with K = 2, as scikit-learn's `class_weight="balanced"`.

    Args:
        labels: float [n] in [0, 1], what a network trains on; n_1 is their sum, n_0 that of 1 - label.

    Returns:
        Weights of class 0 and of class 1; 0 for a class to which no label points.
    """
    ones = float(np.sum(labels, dtype=np.float64))
    images = len(labels)
    return tuple(images / (2 * of_class) if of_class > 0 else 0.0 for of_class in (images - ones, ones))


def weight_of_labels(labels: Any, weights: tuple[float, float]) -> Any:
    """Weight of each image, label * w1 + (1 - label) * w0; an array or a tensor like `labels`, in [0, 1]."""
    return weights[0] + labels * (weights[1] - weights[0])


def weighted(loss: Any, weights: tuple[float, float]) -> Any:
    """A Keras loss that weights each image by its label.

    Args:
        loss: a Keras loss of labels and logits, both [n, 1].
        weights: of class 0 and of class 1.
    """
    import keras
    from keras import ops

    class Weighted(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return loss.call(y_true, y_pred) * ops.mean(weight_of_labels(y_true, weights), axis=-1)

    return Weighted(name="weighted")
