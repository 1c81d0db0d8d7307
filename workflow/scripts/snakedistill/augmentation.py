"""Augmentation in two halves: random draws made on the host, and a layer that moves the pixels as drawn."""

import hashlib
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops


@dataclass(frozen=True)
class Draws:
    """What augmentation does to each of n images.

    Attributes:
        flip: float32 [n], 1 where the image is mirrored left to right, else 0.
        shift: float32 [n, 2], vertical and horizontal shift in pixels: output[i, j] = input[i + y, j + x].
    """

    flip: np.ndarray
    shift: np.ndarray


def random_stream(seed: int, network: str, purpose: str, epoch: int = 0) -> np.random.Generator:
    """A random generator of its own for every seed, network, purpose and epoch (counter-based, Philox).

    It depends on nothing else, so an epoch draws the same whether or not others were drawn before it.
    """
    digest = hashlib.sha256(f"{seed}/{network}/{purpose}".encode()).digest()
    key = np.frombuffer(digest[:16], dtype="<u8")
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, epoch]))


def draw(stream: np.random.Generator, images: int, image_size: int, flip: bool, shift: float) -> Draws:
    """Draw the augmentation of every image of one epoch; image i gets the same draws whatever `images` is.

    Args:
        stream: from `random_stream`.
        images: number of images.
        image_size: side in pixels.
        flip: mirror with probability one half.
        shift: shifts are uniform in [-shift, shift] times the side, as Keras 2's ImageDataGenerator draws them.
    """
    uniform = stream.random((images, 3))
    return Draws(
        flip=((uniform[:, 0] < 0.5) & flip).astype(np.float32),
        shift=((2 * uniform[:, 1:] - 1) * shift * image_size).astype(np.float32),
    )


class Augmentation(keras.layers.Layer):
    """Shifts, then mirrors each image as drawn; linear interpolation, gaps filled with the nearest pixel.

    Equal to `scipy.ndimage.affine_transform(order=1, mode="nearest")`, which Keras 2's ImageDataGenerator used.
    Both axes are products with a matrix that has two weights in a row, one product an axis: exact, and fast on
    every backend.

    Call arguments:
        images: uint8 or float [n, height, width, channels].
        flip, shift: as in `Draws`.

    Returns:
        float32 [n, height, width, channels].
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(autocast=False, dtype="float32", **kwargs)

    def call(self, images, flip, shift):
        _, height, width, channels = images.shape
        rows = _interpolation(height, shift[:, 0])
        columns = _interpolation(width, shift[:, 1])
        columns = ops.where(flip[:, None, None] > 0.5, ops.flip(columns, axis=1), columns)
        images = ops.cast(images, "float32")
        images = ops.matmul(rows, ops.reshape(images, (-1, height, width * channels)))
        images = ops.transpose(ops.reshape(images, (-1, height, width, channels)), (0, 2, 1, 3))
        images = ops.matmul(columns, ops.reshape(images, (-1, width, height * channels)))
        return ops.transpose(ops.reshape(images, (-1, width, height, channels)), (0, 2, 1, 3))

    def compute_output_shape(self, images_shape, flip_shape, shift_shape):
        return images_shape


def _interpolation(side: int, shift):
    """Weights that resample a line at `i + shift`, clipped to its ends: [n, side (to), side (from)]."""
    pixel = ops.arange(side, dtype="float32")
    position = ops.clip(pixel[None, :] + shift[:, None], 0.0, side - 1.0)
    return ops.maximum(0.0, 1.0 - ops.abs(position[:, :, None] - pixel))
