"""Weights of classes in the loss, so that a rare class counts as much as a frequent one."""

import numpy as np

from snakedistill.core.targets import Tensor

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


def weight_of_labels(labels: Tensor, weights: np.ndarray) -> Tensor:
    """Weight of each image, sum_c label_c w_c, [n]; the labels of an image sum to 1 over all classes.

    Args:
        labels: float [n, outputs] in [0, 1], see `core.outputs`; a tensor.
        weights: float [K].
    """
    from keras import ops

    more = ops.convert_to_tensor(weights[1:] - weights[0], labels.dtype)
    return float(weights[0]) + ops.sum(labels[:, 1 - len(weights) :] * more, axis=-1)
