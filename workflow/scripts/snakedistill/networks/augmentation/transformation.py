"""The type of a transformation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from snakedistill.core.targets import Tensor

Setting = TypeVar("Setting")
Place = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""From rows and columns of pixels of the changed image, float32 [n or 1, height or 1, width or 1], and values of the
images, [n, *shape], to where in the image these pixels come from: rows down and columns right from its middle, in
pixels."""


@dataclass(frozen=True)
class Transformation(Generic[Setting]):
    """One way to change the images that a network trains on: random draws on the host, and pixel work in the network.

    Attributes:
        setting: type and pydantic field, with None as default, a description and examples, of its key under
            `augmentation:` in the configuration. A value of false or 0 turns the transformation off, as does a missing
            key.
        shape: shape of the values drawn for one image.
        draw: from a random stream, the number of images, their side in pixels and the setting to the values, float32
            [images, *shape].
        apply: from images float32 [n, height, width, channels] and values [n, *shape], both tensors, to images of the
            same shape. Values of 0 leave an image as it is. None for what only moves pixels, see `place`.
        place: of what moves pixels, where they come from. All that moves pixels does so in one resampling, see
            `resampling`, if any of it has no `apply`.
        share: of what mixes each image with its partner, the one before it in the batch (`ops.roll`): from values,
            float32 [n, *shape], to the partner's share of the image, float [n], in which labels are mixed too. It acts
            in training alone. None for what changes one image alone.
        own_stream: whether its stream is its own. Then the draws of other transformations do not depend on it.
    """

    setting: tuple[object, Any]
    shape: tuple[int, ...]
    draw: Callable[[np.random.Generator, int, int, Setting], np.ndarray]
    apply: Callable[[Tensor, Tensor], Tensor] | None = None
    place: Place | None = None
    share: Callable[[np.ndarray], np.ndarray] | None = None
    own_stream: bool = True
