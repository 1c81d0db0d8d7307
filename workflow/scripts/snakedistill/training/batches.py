"""Batches of images, draws and labels."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from snakedistill.data.images import JoinedImages, MappedImages
from snakedistill.networks.augmentation.draws import Draws
from snakedistill.training.launches import ImagesOnDevice

READ_AHEAD = 2  # batches


def batches(
    images: MappedImages | JoinedImages | ImagesOnDevice,
    batch_size: int,
    draws: Draws | None = None,
    labels: np.ndarray | None = None,
    order: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> Iterator[tuple]:
    """Yield one pass over the images, as Keras takes it.

    Args:
        images: n images.
        batch_size: images in a batch; the last one may be smaller.
        draws: draws of all n images, for a network that augments; or None.
        labels: float32 [n, outputs], or None.
        order: a permutation of range(n), or None for the order of the array.
        weights: float32 [n], of each image in the loss, or None.

    Yields:
        (inputs,), (inputs, label float32 [b, outputs]) or (inputs, label, weight float32 [b]); inputs are image uint8
        [b, h, w, 3] or, with draws, the image and then the values of each transformation, float32 [b, *shape].
    """

    def batch(start: int) -> tuple:
        rows = slice(start, start + batch_size) if order is None else order[start : start + batch_size]
        image = images.read(rows)
        inputs = (image, *(values[rows] for values in draws.values())) if draws else image
        return (inputs, *(values[rows] for values in (labels, weights) if values is not None))

    with ThreadPoolExecutor(1) as reader:  # reads the next batches while the model works on this one
        ahead: deque[Future] = deque()
        for start in range(0, len(images), batch_size):
            ahead.append(reader.submit(batch, start))
            if len(ahead) > READ_AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
