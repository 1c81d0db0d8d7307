"""What the validation part says of a network while it trains."""

import functools
from dataclasses import dataclass

import numpy as np
from keras import ops

from snakedistill.core.outputs import logits_of_classes, shares_of_classes
from snakedistill.measures import metrics
from snakedistill.networks.classifier import probabilities
from snakedistill.teaching.way import Way


@dataclass(frozen=True)
class Validation:
    """What the validation part says of a network, by labels of the kind that it is trained with.

    Attributes:
        way: how it is taught.
        label: shares of the classes, float [n, K].
        weight: of each image in the loss, float64 [n].
    """

    way: Way
    label: np.ndarray
    weight: np.ndarray

    @functools.cached_property
    def answer(self) -> np.ndarray:
        """The class with the largest share, int [n]."""
        return metrics.answer(self.label)

    @property
    def chance(self) -> float:
        """Accuracy of always the same answer."""
        return metrics.chance(self.answer)

    def loss_and_accuracy(self, logit: np.ndarray) -> tuple[float, float]:
        """Mean loss and accuracy, from the outputs of the network, float32 [n, outputs]."""
        of_images = self.way.loss_of_images(logits_of_classes(logit), self.label)
        probability = shares_of_classes(ops.convert_to_numpy(probabilities(logit)))
        return float(np.mean(self.weight * of_images)), metrics.accuracy(probability, self.answer)


def correct(label, logit):
    """Formula (11) for Keras: 1 where prediction and label have the same answer; tensors [n, outputs]."""
    return ops.cast(ops.equal(_answer(probabilities(logit)), _answer(label)), "float32")


def _answer(values):
    """As `metrics.answer`, of outputs of a network."""
    return values > metrics.THRESHOLD if values.shape[-1] == 1 else ops.argmax(values, axis=-1)
