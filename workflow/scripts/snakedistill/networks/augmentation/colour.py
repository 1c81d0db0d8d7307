"""Colour: brightness, contrast and saturation of each image change, as with another light or another camera."""

import numpy as np
from pydantic import Field

from snakedistill.core.settings import Number
from snakedistill.core.targets import Tensor
from snakedistill.networks.augmentation.transformation import Transformation

LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in the brightness of a pixel (ITU-R BT.601)."""


def draw_colour(stream: np.random.Generator, images: int, side: int, largest: float) -> np.ndarray:
    """Draw changes of brightness, contrast and saturation, uniform in [-largest, largest]; float32 [images, 3]."""
    return (largest * (2 * stream.random((images, 3)) - 1)).astype(np.float32)


def coloured(images: Tensor, change: Tensor) -> Tensor:
    """Multiply brightness, contrast and saturation by 1 + change, one after the other; clipped to [0, 255].

    Brightness is the distance of a pixel from black, contrast that from the mean grey of the image, saturation that
    from the pixel's own grey.

    Args:
        images: RGB, float32 [n, height, width, 3].
        change: float32 [n, 3], see `draw_colour`.
    """
    from keras import ops

    brightness, contrast, saturation = (change[:, i, None, None, None] for i in range(3))
    images = images + brightness * images
    images = images + contrast * (images - ops.mean(_grey(images), axis=(1, 2), keepdims=True))
    images = images + saturation * (images - _grey(images))
    return ops.clip(images, 0.0, 255.0)


def _grey(images: Tensor) -> Tensor:
    red, green, blue = LUMA
    return red * images[..., :1] + green * images[..., 1:2] + blue * images[..., 2:]


COLOUR = Transformation(
    setting=(
        Number,
        Field(
            None,
            ge=0,
            le=1,
            description="largest change of brightness, contrast and saturation, each as a share of its own: 0.2 "
            "multiplies them by 0.8 to 1.2",
            examples=[0.2],
        ),
    ),
    shape=(3,),
    draw=draw_colour,
    apply=coloured,
)
