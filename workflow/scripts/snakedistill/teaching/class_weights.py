"""Weights of classes in the loss, so that a rare class counts as much as a frequent one."""

from typing import Any

import numpy as np

BALANCED = "balanced"


def balanced_weights(labels: np.ndarray) -> np.ndarray:
    """The weight of each class c, n / (K n_c), as scikit-learn's `class_weight="balanced"`.

    Args:
        labels: float [n, outputs] in [0, 1], what a network trains on, see `core.outputs`; n_c is the sum of those of a
            class, and n_0 what the others leave of n.

    Returns:
        float64 [K]; 0 for a class to which no label points.
    """
    others = labels[:, -max(1, labels.shape[1] - 1) :].sum(axis=0, dtype=np.float64)
    of_classes = np.array([len(labels) - others.sum(), *others])
    some = of_classes > 0
    return np.divide(len(labels), len(of_classes) * of_classes, out=np.zeros(len(of_classes)), where=some)


def weight_of_labels(labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weight of each image, sum_c label_c w_c, float [n]; the labels of an image sum to 1 over all classes.

    Args:
        labels: float [n, outputs] in [0, 1], see `core.outputs`.
        weights: float [K].
    """
    return weights[0] + np.sum(_of_others(labels, weights) * (weights[1:] - weights[0]), axis=-1)


def _of_others(labels: Any, weights: np.ndarray) -> Any:
    """Labels of all classes but the first, whose label is what these leave of 1; an array or a tensor."""
    return labels[:, 1 - len(weights) :]


def weighted(loss: Any, weights: np.ndarray) -> Any:
    """A Keras loss that weights each image by its label, see `weight_of_labels`.

    Args:
        loss: a Keras loss of labels and logits, both [n, outputs].
        weights: float [K].
    """
    import keras
    from keras import ops

    class Weighted(keras.losses.Loss):
        def call(self, y_true, y_pred):
            more = ops.convert_to_tensor(weights[1:] - weights[0], y_true.dtype)
            of_images = float(weights[0]) + ops.sum(_of_others(y_true, weights) * more, axis=-1)
            return loss.call(y_true, y_pred) * of_images

    return Weighted(name="weighted")
