"""Losses: of labels in [0, 1], and weighted; and their values on arrays."""

import numpy as np

from snakedistill.core.targets import Loss, Targets, Tensor, changed
from snakedistill.teaching.class_weights import weight_of_labels

_NUMBERS_AT_ONCE = 4_000_000


def cross_entropy(targets: Targets, logit: Tensor) -> Tensor:
    """The cross-entropy of labels and logits of each image, formula (1) of the paper, [n]; see `Loss`."""
    from keras import ops

    if logit.shape[-1] == 1:
        return ops.binary_crossentropy(targets["label"], logit, from_logits=True)[:, 0]
    return ops.categorical_crossentropy(targets["label"], logit, from_logits=True)


def weighted(loss: Loss, of_classes: np.ndarray | None = None) -> Loss:
    """A loss times the weight of the image, see `weight_of_images`; `loss` is not weighted."""
    return lambda targets, logit: loss(targets, logit) * weight_of_images(targets, of_classes)


def weight_of_images(targets: Targets, of_classes: np.ndarray | None = None) -> Tensor:
    """The weight of each image in a loss, [n], or 1 where all count the same.

    It is the target `weight` times that of the image's label, see `weight_of_labels`.

    Args:
        targets: of n images, of one type of float.
        of_classes: weight of each class, float [K]; None: all classes count the same.
    """
    of_image = targets.get("weight", 1.0)
    return of_image if of_classes is None else weight_of_labels(targets["label"], of_classes) * of_image


def loss_of_images(loss: Loss, targets: Targets, logit: np.ndarray) -> np.ndarray:
    """The loss of each image, float64 [n], of arrays, computed in float64 (on JAX in its widest float).

    Some rows are computed at a time, which bounds the memory.

    Args:
        loss: see `Loss`.
        targets: arrays.
        logit: float [n, outputs].
    """
    from keras import ops

    def tensor(values: np.ndarray) -> Tensor:
        return ops.convert_to_tensor(values if values.dtype.kind == "i" else values.astype(np.float64))

    at_once = max(1, _NUMBERS_AT_ONCE // logit.shape[1])
    found = []
    for start in range(0, len(logit), at_once):
        rows = slice(start, start + at_once)
        some = changed(targets, lambda values: tensor(values[rows]))  # noqa: B023 -- called at once
        found.append(ops.convert_to_numpy(loss(some, tensor(logit[rows]))).astype(np.float64))
    return np.concatenate(found)
