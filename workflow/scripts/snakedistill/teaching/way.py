"""The types of a way to teach, and of an option that changes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic.fields import FieldInfo

from snakedistill.measures import metrics


@dataclass(frozen=True)
class LabelInputs:
    """What the labels of n images are made from.

    Attributes:
        manual: manual labels, int [n]; None of images without, and in a batch of `labels_of_views`, as are part and
            stream.
        part: part of each image, str [n].
        classes: number of classes, K.
        stream: random generator of the network.
        logit: logits of each class that a network predicts, float [n, K]; None where the labels need no predictions.
        probability: their probabilities, float [n, K], or None.
    """

    manual: np.ndarray | None
    part: np.ndarray | None
    classes: int
    stream: np.random.Generator | None
    logit: np.ndarray | None = None
    probability: np.ndarray | None = None


@dataclass(frozen=True)
class Way:
    """A way to teach: what the labels of a network are, and the loss that it trains with.

    Attributes:
        label: from `LabelInputs` to the labels: classes, int [n], or shares of each class, float [n, K].
        loss: from the number of outputs of a network, see `core.outputs`, to a Keras loss of labels and logits, both
            [n, outputs]. It imports Keras, so only training calls it.
        from_source: what of the source's predictions the labels are, in words, for example "answers"; None for a way
            that needs no source.
        loss_of_images: the same loss of each image, float64 [n], of logits and labels of each class, both [n, K].
        weight: from `LabelInputs` to the weight of each image in the loss, float64 [n]; None where all weigh the same.
    """

    label: Callable[[LabelInputs], np.ndarray]
    loss: Callable[[int], Any]
    from_source: str | None = None
    loss_of_images: Callable[[np.ndarray, np.ndarray], np.ndarray] = metrics.cross_entropy
    weight: Callable[[LabelInputs], np.ndarray] | None = None


@dataclass(frozen=True)
class Option:
    """An entry of a family that changes how it is taught.

    Attributes:
        setting: type and pydantic field, with None as default and a description, of its key in the configuration. A
            value of null or false turns the option off.
        labels: the values of `labels:` that it can be combined with.
        applied: from a way and the setting to the changed way.
        words: from the setting to what labels are with it, for example "at temperature 4".
        excludes: other options that it cannot be combined with; one of the two says so.
        reads_teacher: whether, with this setting, labels without a source are made from the teacher's predictions.
        needs_source_model: whether the source must have a model, which given predictions and means of networks lack.
    """

    setting: tuple[Any, FieldInfo]
    labels: tuple[str, ...]
    applied: Callable[[Way, Any], Way]
    words: Callable[[Any], str]
    excludes: tuple[str, ...] = ()
    reads_teacher: Callable[[Any], bool] = lambda setting: False
    needs_source_model: bool = False
