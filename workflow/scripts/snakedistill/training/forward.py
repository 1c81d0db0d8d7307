"""Forward passes over all images of a part."""

from collections.abc import Callable

import numpy as np

from snakedistill.data.images import Images
from snakedistill.networks.augmentation.draws import Draws
from snakedistill.training.batches import batches

PREDICTION_BATCH_SIZE = 64


def predicted(
    forward: Callable[[object], list[np.ndarray]],
    images: Images,
    draws: Draws | None = None,
) -> list[np.ndarray]:
    """Run a forward pass over all images, with draws for a network that augments: its results, float32 [n, outputs]."""
    outputs = [forward(inputs) for (inputs,) in batches(images, PREDICTION_BATCH_SIZE, draws)]
    return [np.concatenate(column) for column in zip(*outputs, strict=True)]
