"""The random draws of a training run, made on the host by a counter-based generator."""

import hashlib

import numpy as np

from snakedistill.core.parts import TRAIN
from snakedistill.networks.augmentation import TRANSFORMATIONS, active, of_one_image

Draws = dict[str, np.ndarray]
"""Values of n images by transformation, float32 [n, *shape], in the order in which they are applied."""


def random_stream(seed: int, network_id: str, purpose: str, epoch: int = 0) -> np.random.Generator:
    """A random generator of its own for every seed, network, purpose and epoch (counter-based, Philox).

    It depends on nothing else, so an epoch draws the same whether or not others were drawn before it.
    """
    digest = hashlib.sha256(f"{seed}/{network_id}/{purpose}".encode()).digest()
    key = np.frombuffer(digest[:16], dtype="<u8")
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, epoch]))


def draw(augmentation: dict, seed: int, network_id: str, purpose: str, epoch: int, images: int, side: int) -> Draws:
    """Draw the augmentation of every image of one epoch; image i gets the same draws for any value of `images`.

    What mixes images gets values of 0 for any purpose but training.

    Args:
        augmentation: settings by transformation.
        seed: training seed.
        network_id: the network that sees the images.
        purpose: for example `train`, to train.
        epoch: number of the epoch, from 1.
        images: number of images.
        side: side of the images in pixels.
    """
    found = no_draws(augmentation, images)
    for name in active(of_one_image(augmentation) if purpose != TRAIN else augmentation):
        one = TRANSFORMATIONS[name]
        stream = random_stream(seed, network_id, f"{purpose}/{name}" if one.own_stream else purpose, epoch)
        found[name] = one.draw(stream, images, side, augmentation[name])
    return found


def no_draws(augmentation: dict, images: int) -> Draws:
    """Values that leave every image as it is, for a network that augments."""
    return {name: np.zeros((images, *TRANSFORMATIONS[name].shape), np.float32) for name in active(augmentation)}
