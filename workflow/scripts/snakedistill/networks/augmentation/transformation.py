"""The type of a transformation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic.fields import FieldInfo


@dataclass(frozen=True)
class Transformation:
    """One way to change the images that a network trains on: random draws on the host, and pixel work in the network.

    Attributes:
        setting: type and pydantic field, with None as default and a description, of its key under `augmentation:` in
            the configuration. A value of false or 0 turns the transformation off, as does a missing key.
        shape: shape of the values drawn for one image.
        draw: from a random stream, the number of images, their side in pixels and the setting to the values, float32
            [images, *shape].
        apply: from images float32 [n, height, width, channels] and values [n, *shape], both tensors, to images of the
            same shape. Values of 0 leave an image as it is.
        own_stream: whether its stream is its own. Then the draws of other transformations do not depend on it.
    """

    setting: tuple[Any, FieldInfo]
    shape: tuple[int, ...]
    draw: Callable[[np.random.Generator, int, int, Any], np.ndarray]
    apply: Callable[[Any, Any], Any]
    own_stream: bool = True
