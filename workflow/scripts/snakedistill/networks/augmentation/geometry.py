"""Shift and flip. They share a stream: in an epoch an image draws one number for the flip and two for the shift."""

import numpy as np
from pydantic import Field

from snakedistill.core.settings import Number
from snakedistill.core.targets import Tensor
from snakedistill.networks.augmentation.transformation import Transformation


def draw_shift(stream: np.random.Generator, images: int, side: int, largest: float) -> np.ndarray:
    """Draw shifts, uniform in [-largest, largest] times the side, as Keras 2's ImageDataGenerator draws them.

    Args:
        stream: random generator, see `draws.random_stream`.
        images: number of images.
        side: side of the images in pixels.
        largest: share of the side.

    Returns:
        float32 [images, 2], vertical and horizontal shift in pixels: output[i, j] = input[i + y, j + x].
    """
    return ((2 * stream.random((images, 3))[:, 1:] - 1) * largest * side).astype(np.float32)


def shifted(images, shift):
    """Shift each image; linear interpolation, gaps filled with the nearest pixel.

    Equal to `scipy.ndimage.affine_transform(order=1, mode="nearest")`, which Keras 2's ImageDataGenerator used. Each
    axis is a product with a matrix that has two weights in a row: exact, and fast on every backend.

    Args:
        images: float32 tensor [n, height, width, channels].
        shift: float32 tensor [n, 2], see `draw_shift`.
    """
    from keras import ops

    _, height, width, channels = images.shape
    rows, columns = _interpolation(height, shift[:, 0]), _interpolation(width, shift[:, 1])
    images = ops.matmul(rows, ops.reshape(images, (-1, height, width * channels)))
    images = ops.transpose(ops.reshape(images, (-1, height, width, channels)), (0, 2, 1, 3))
    images = ops.matmul(columns, ops.reshape(images, (-1, width, height * channels)))
    return ops.transpose(ops.reshape(images, (-1, width, height, channels)), (0, 2, 1, 3))


def _interpolation(side: int, shift):
    """Weights that resample a line at `i + shift`, clipped to its ends: [n, side (to), side (from)]."""
    from keras import ops

    pixel = ops.arange(side, dtype="float32")
    position = ops.clip(pixel[None, :] + shift[:, None], 0.0, side - 1.0)
    return ops.maximum(0.0, 1.0 - ops.abs(position[:, :, None] - pixel))


def before_shift(row: Tensor, column: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
    """Positions in the image of positions in the shifted one; shift float32 [n, 2], see `draw_shift`."""
    return row + shift[:, 0, None, None], column + shift[:, 1, None, None]


def draw_flip(stream: np.random.Generator, images: int, side: int, flip: bool) -> np.ndarray:
    """Draw which images are mirrored left to right, each with probability one half: 1 or 0, float32 [images]."""
    return ((stream.random((images, 3))[:, 0] < 0.5) & flip).astype(np.float32)


def flipped(images, flip):
    """Mirror each image left to right where `flip`, float32 tensor [n], is 1."""
    from keras import ops

    return ops.where(flip[:, None, None, None] > 0.5, ops.flip(images, axis=2), images)


def before_flip(row: Tensor, column: Tensor, flip: Tensor) -> tuple[Tensor, Tensor]:
    """Positions in the image of positions in the mirrored one, where `flip`, float32 [n], is 1."""
    return row, column * (1.0 - 2.0 * flip[:, None, None])


SHIFT = Transformation(
    setting=(Number, Field(None, ge=0, le=1, description="largest shift as a share of the side", examples=[0.1])),
    shape=(2,),
    draw=draw_shift,
    apply=shifted,
    place=before_shift,
    own_stream=False,
)
FLIP = Transformation(
    setting=(bool, Field(None, description="whether every other image is mirrored", examples=[True])),
    shape=(),
    draw=draw_flip,
    apply=flipped,
    place=before_flip,
    own_stream=False,
)
