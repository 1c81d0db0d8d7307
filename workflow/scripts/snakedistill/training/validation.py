"""What the validation part says of a network while it trains."""

import functools
from dataclasses import dataclass

import numpy as np
from keras import ops

from snakedistill.core.outputs import shares_of_classes
from snakedistill.core.targets import Loss, Targets
from snakedistill.measures import metrics
from snakedistill.networks.classifier import probabilities
from snakedistill.teaching.losses import loss_of_images


@dataclass(frozen=True)
class Validation:
    """What the validation part says of a network, by labels of the kind that it is trained with.

    Attributes:
        loss: that of training.
        targets: of the n images.
    """

    loss: Loss
    targets: Targets

    @functools.cached_property
    def answer(self) -> np.ndarray:
        """The class with the largest share, int [n]."""
        return metrics.answer(shares_of_classes(self.targets["label"]))

    @property
    def chance(self) -> float:
        """Accuracy of always the same answer."""
        return metrics.chance(self.answer)

    def loss_and_accuracy(self, logit: np.ndarray) -> tuple[float, float]:
        """Mean loss and accuracy, from the outputs of the network, float32 [n, outputs]."""
        return float(loss_of_images(self.loss, self.targets, logit).mean()), accuracy_of(logit, self.answer)


def accuracy_of(logit: np.ndarray, answer: np.ndarray) -> float:
    """Formula (12): the share of answers, of outputs of a network, float32 [n, outputs], that are these, int [n]."""
    return metrics.accuracy(shares_of_classes(ops.convert_to_numpy(probabilities(logit))), answer)


def correct(label, logit):
    """Formula (11) for Keras: 1 where prediction and label have the same answer; tensors [n, outputs]."""
    return ops.cast(ops.equal(_answer(probabilities(logit)), _answer(label)), "float32")


def _answer(values):
    """As `metrics.answer`, of outputs of a network."""
    return values > metrics.THRESHOLD if values.shape[-1] == 1 else ops.argmax(values, axis=-1)
