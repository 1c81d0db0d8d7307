"""What a network is trained towards: types that losses, models and batches share."""

from collections.abc import Callable
from typing import Any, Required, TypedDict, cast

Tensor = Any
"""A tensor of Keras's backend, or a NumPy array: each backend has a type of its own."""


class Targets(TypedDict, total=False):
    """What a loss compares the logits of n images with, by name.

    Attributes:
        label: labels as outputs of a network, float [n, outputs], see `core.outputs`: shares of the classes.
        manual: the manual class, int [n].
        weight: weight in the loss, float [n].
    """

    label: Required[Tensor]
    manual: Tensor
    weight: Tensor


def changed(targets: Targets, change: Callable[[Tensor], Tensor]) -> Targets:
    """The targets with each one changed, for example to those of some images."""
    return cast(Targets, {name: change(values) for name, values in targets.items()})


Loss = Callable[[Targets, Tensor], Tensor]
"""From targets and logits, float [n, outputs], to the loss of each image, [n]; written in `keras.ops`.

Training and validation compute it, in float32 and float64. It imports Keras inside, so that planning does not."""

Inputs = Tensor | tuple[Tensor, ...]
"""Images of a batch, uint8 [n, h, w, 3], or a tuple of these and the values of each transformation."""

Hook = Callable[[Inputs, Targets], Targets]
"""What changes the targets of a batch, from its inputs and its targets, before a network trains on it."""
