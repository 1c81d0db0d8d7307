"""The types of a way to teach, and of an option that changes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import numpy as np

from snakedistill.core.targets import Loss

Setting = TypeVar("Setting")
Value = TypeVar("Value")


@dataclass(frozen=True)
class LabelInputs:
    """What the labels of n images are made from.

    Attributes:
        manual: manual labels, int [n]; None of images without, and in a batch of `labels_of_views` for a way without
            the target `manual`.
        part: part of each image, str [n]; None in a batch of `labels_of_views`, as is stream.
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


def needed(value: Value | None) -> Value:
    """One of the `LabelInputs` that is there where this is asked for, because the entry says that it needs it."""
    assert value is not None
    return value


@dataclass(frozen=True)
class Way:
    """A way to teach: what the labels of a network are, and the loss that it trains with.

    Attributes:
        label: from `LabelInputs` to the labels: classes, int [n], or shares of each class, float [n, K].
        loss: the one loss of training and validation, see `Loss`. Weights are not its business.
        from_source: what of the source's predictions the labels are, in words, for example "answers"; None for a way
            that needs no source, whose labels are then manual.
        soft: whether the labels are shares of the classes that follow from the source's logits and probabilities of the
            image, and change with these.
        targets: what its loss, or its labels besides the source's predictions, need. Only these are in a batch. With
            `manual`, images without a manual label cannot be taught.
        fewest_classes: the least K for which the loss is not constant.
        mixable: whether the loss has a meaning for the mixed labels of two images.
        weight: from `LabelInputs` to the weight of each image in the loss, float64 [n], with the target `weight`; None
            where all weigh the same.
    """

    label: Callable[[LabelInputs], np.ndarray]
    loss: Loss
    from_source: str | None = None
    soft: bool = False
    targets: tuple[Literal["label", "manual", "weight"], ...] = ("label",)
    fewest_classes: int = 2
    mixable: bool = True
    weight: Callable[[LabelInputs], np.ndarray] | None = None

    @property
    def mixes(self) -> bool:
        """Whether an image may be taught with the mean of its targets and another image's; manual classes have none."""
        return self.mixable and "manual" not in self.targets


@dataclass(frozen=True)
class Option(Generic[Setting]):
    """An entry of a family that changes how it is taught.

    Attributes:
        setting: type and pydantic field, with None as default, a description and examples, of its key in the
            configuration. A value of null or false turns the option off.
        fits: whether it can be combined with a way, by what the way is.
        applied: from a way and the setting to the changed way.
        words: from the setting to what labels are with it, for example "at temperature 4".
        excludes: other options that it cannot be combined with; one of the two says so.
        reads_teacher: whether, with this setting, labels without a source are made from the teacher's predictions.
        needs_source_model: whether the source must have a model, which given predictions and means of networks lack.
        fewest_classes: the least K with which it changes anything.
    """

    setting: tuple[object, Any]
    fits: Callable[[Way], bool]
    applied: Callable[[Way, Setting], Way]
    words: Callable[[Setting], str]
    excludes: tuple[str, ...] = ()
    reads_teacher: Callable[[Setting], bool] = lambda setting: False
    needs_source_model: bool = False
    fewest_classes: int = 2
