"""Mixup and cutmix: an image is mixed with its partner, the image before it in its batch; the first has the last.

A batch is in random order, so its partner is a random image. Labels and weights are mixed alike, see `Transformation`.
"""

import numpy as np
from pydantic import Field

from snakedistill.core.settings import Number
from snakedistill.core.targets import Tensor
from snakedistill.networks.augmentation.transformation import Transformation


def draw_mixup(stream: np.random.Generator, images: int, side: int, alpha: float) -> np.ndarray:
    """Draw shares of the partner, from Beta(alpha, alpha); float32 [images].

    Source: Zhang et al. 2018, 1710.09412.
    """
    return stream.beta(alpha, alpha, images).astype(np.float32)


def mixed_up(images: Tensor, share: Tensor) -> Tensor:
    """The mean of each image and its partner, which has the share, float32 [n]."""
    from keras import ops

    share = share[:, None, None, None]
    return (1.0 - share) * images + share * ops.roll(images, 1, axis=0)


def draw_cutmix(stream: np.random.Generator, images: int, side: int, alpha: float) -> np.ndarray:
    """Draw boxes: their share of the image from Beta(alpha, alpha), their middle uniform, cut at the border.

    Source: Yun et al. 2019, 1905.04899, section 3.1. The edges are between pixels.

    Returns:
        float32 [images, 4]: top, bottom, left and right as shares of the side.
    """
    # Numbers of their own, 2^128 further on: an image's box does not depend on the number of images.
    places = np.random.Generator(stream.bit_generator.jumped())  # type: ignore[attr-defined]  # Philox has it
    half = (side * np.sqrt(stream.beta(alpha, alpha, images))).astype(int) // 2
    middle = (side * places.random((images, 2))).astype(int)
    edges = np.clip(middle[:, :, None] + half[:, None, None] * [-1, 1], 0, side)
    return (edges.reshape(-1, 4) / side).astype(np.float32)


def with_boxes(images: Tensor, box: Tensor) -> Tensor:
    """Each image with the pixels of its partner inside the box, float32 [n, 4], see `draw_cutmix`."""
    from keras import ops

    def inside(pixels: int, low: Tensor, high: Tensor) -> Tensor:
        middle = (ops.arange(pixels, dtype="float32") + 0.5) / pixels
        return (middle >= low[:, None]) & (middle < high[:, None])

    rows = inside(images.shape[1], box[:, 0], box[:, 1])[:, :, None, None]
    columns = inside(images.shape[2], box[:, 2], box[:, 3])[:, None, :, None]
    return ops.where(rows & columns, ops.roll(images, 1, axis=0), images)


def area(box: np.ndarray) -> np.ndarray:
    """Share of the image inside the box, float [n]."""
    return (box[:, 1] - box[:, 0]) * (box[:, 3] - box[:, 2])


MIXUP = Transformation(
    setting=(
        Number,
        Field(
            None,
            ge=0,
            description="alpha: an image is averaged with another one, whose share is drawn from Beta(alpha, alpha), "
            "and so are their labels; in training alone",
            examples=[0.2],
        ),
    ),
    shape=(),
    draw=draw_mixup,
    apply=mixed_up,
    share=lambda values: values,
)
CUTMIX = Transformation(
    setting=(
        Number,
        Field(
            None,
            ge=0,
            description="alpha: a box of an image is that of another one, and labels are averaged by its area, which "
            "is drawn from Beta(alpha, alpha); in training alone",
            examples=[1.0],
        ),
    ),
    shape=(4,),
    draw=draw_cutmix,
    apply=with_boxes,
    share=area,
)
