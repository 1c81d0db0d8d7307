"""Rotation: each image is turned about its middle."""

import numpy as np
from pydantic import Field

from snakedistill.core.settings import Number
from snakedistill.core.targets import Tensor
from snakedistill.networks.augmentation.transformation import Transformation


def draw_rotation(stream: np.random.Generator, images: int, side: int, largest: float) -> np.ndarray:
    """Draw angles, uniform in [-largest, largest] degrees; in radians, counter-clockwise, float32 [images]."""
    return np.radians(largest * (2 * stream.random(images) - 1)).astype(np.float32)


def before_turn(row: Tensor, column: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    """Positions in the image of positions in the image turned by the angle, float32 [n]."""
    from keras import ops

    cosine, sine = ops.cos(angle)[:, None, None], ops.sin(angle)[:, None, None]
    return cosine * row + sine * column, cosine * column - sine * row


ROTATION = Transformation(
    setting=(
        Number,
        Field(None, ge=0, le=180, description="largest turn to the left or right in degrees", examples=[15]),
    ),
    shape=(),
    draw=draw_rotation,
    place=before_turn,
)
