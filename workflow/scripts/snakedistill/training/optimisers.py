"""The optimisers, without importing a deep-learning framework, so that planning can check their names."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import keras

    from snakedistill.training.schedules import Rate


@dataclass(frozen=True)
class Optimiser:
    """An optimiser.

    Attributes:
        build: from the learning rate, a number or a Keras schedule, and the weight decay, None for none, to a Keras
            optimiser. It imports Keras, so only training calls it.
        weight_decay: whether its weights decay by the recipe's `weight_decay`: `never`, or `always`, where without it
            another optimiser is meant, or as the recipe says (`may`). The decay is decoupled: a step subtracts
            weight_decay x learning rate x weight, whatever the gradient is (Loshchilov and Hutter 2019, 1711.05101).
        adaptive: whether a step is about as large as the learning rate, whatever the gradient is.
    """

    build: "Callable[[Rate, float | None], keras.optimizers.Optimizer]"
    weight_decay: Literal["never", "may", "always"]
    adaptive: bool = True


def adam(rate: "Rate", weight_decay: float | None) -> "keras.optimizers.Optimizer":
    """Adam (Kingma and Ba 2015, 1412.6980); with decoupled weight decay it is AdamW."""
    from snakedistill.networks import fused

    return fused.Adam(rate, weight_decay=weight_decay)


def sgd(rate: "Rate", weight_decay: float | None) -> "keras.optimizers.Optimizer":
    """Stochastic gradient descent with a momentum of 0.9: v = 0.9 v - rate x gradient is added to the weights."""
    import keras

    return keras.optimizers.SGD(rate, momentum=0.9, weight_decay=weight_decay)


OPTIMISERS: dict[str, Optimiser] = {
    "adam": Optimiser(adam, weight_decay="never"),
    "adamw": Optimiser(adam, weight_decay="always"),
    "sgd": Optimiser(sgd, weight_decay="may", adaptive=False),
}
"""The optimisers by the value of `optimiser` in a recipe."""
