"""Zoom: a random square of each image fills the whole."""

import numpy as np
from pydantic import Field

from snakedistill.core.settings import Number
from snakedistill.core.targets import Tensor
from snakedistill.networks.augmentation.transformation import Transformation


def draw_zoom(stream: np.random.Generator, images: int, side: int, largest: float) -> np.ndarray:
    """Draw squares: their side uniform in [1 - largest, 1] times the side, their place uniform inside the image.

    Returns:
        float32 [images, 3]: the share of the side that is cut off, and how far the middle of the square is below and
        right of the image's, in pixels.
    """
    numbers = stream.random((images, 3))
    cut = largest * numbers[:, :1]
    return np.concatenate([cut, (numbers[:, 1:] - 0.5) * cut * side], axis=1).astype(np.float32)


def in_square(row: Tensor, column: Tensor, square: Tensor) -> tuple[Tensor, Tensor]:
    """Positions in the image of positions in its square, float32 [n, 3], see `draw_zoom`."""
    cut, down, right = (square[:, i, None, None] for i in range(3))
    return (1.0 - cut) * row + down, (1.0 - cut) * column + right


ZOOM = Transformation(
    setting=(
        Number,
        Field(
            None,
            ge=0,
            lt=1,
            description="largest share of the side that a random square crop leaves out; the crop is enlarged",
            examples=[0.3],
        ),
    ),
    shape=(3,),
    draw=draw_zoom,
    place=in_square,
)
