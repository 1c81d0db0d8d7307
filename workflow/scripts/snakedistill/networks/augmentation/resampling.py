"""One resampling of the pixels for all that moves them."""

from collections.abc import Sequence

from snakedistill.core.targets import Tensor
from snakedistill.networks.augmentation.transformation import Place


def resampled(images: Tensor, moves: Sequence[tuple[Place, Tensor]]) -> Tensor:
    """Move the pixels of images, one move after the other, and interpolate once.

    Interpolation is bilinear, and gaps are filled with the nearest pixel: equal to
    `scipy.ndimage.affine_transform(order=1, mode="nearest")` with the product of the moves' matrices.

    Args:
        images: float32 [n, height, width, channels].
        moves: where each takes its pixels from, and its values, [n, ...]; in the order in which images are moved.
    """
    from keras import ops

    number, (_, height, width, channels) = ops.shape(images)[0], images.shape
    row = (ops.arange(height, dtype="float32") - (height - 1) / 2)[None, :, None]
    column = (ops.arange(width, dtype="float32") - (width - 1) / 2)[None, None, :]
    for place, values in reversed(moves):
        row, column = place(row, column, values)
    top, below, down = _neighbours(row, height)
    left, beside, right = _neighbours(column, width)
    pixels = ops.reshape(images, (-1, channels))
    first = (ops.arange(number, dtype="int32") * (height * width))[:, None, None]

    def line(row: Tensor) -> Tensor:
        start = first + row * width
        one, other = (ops.take(pixels, start + column, axis=0) for column in (left, beside))
        return (1.0 - right) * one + right * other

    return (1.0 - down) * line(top) + down * line(below)


def _neighbours(position: Tensor, side: int) -> tuple[Tensor, Tensor, Tensor]:
    """The pixels before and after positions from the middle, int32, and the share of the later one, [..., 1]."""
    from keras import ops

    position = ops.clip(position + (side - 1) / 2, 0.0, side - 1.0)
    before = ops.floor(position)
    first = ops.cast(before, "int32")
    return first, ops.minimum(first + 1, side - 1), (position - before)[..., None]
