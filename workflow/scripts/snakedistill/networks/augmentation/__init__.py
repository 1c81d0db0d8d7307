"""Augmentation: the transformations of the images that a network trains on, their random draws, and their layer."""

from snakedistill.networks.augmentation.colour import COLOUR
from snakedistill.networks.augmentation.geometry import FLIP, SHIFT
from snakedistill.networks.augmentation.mixing import CUTMIX, MIXUP
from snakedistill.networks.augmentation.rotation import ROTATION
from snakedistill.networks.augmentation.transformation import Transformation
from snakedistill.networks.augmentation.zoom import ZOOM

TRANSFORMATIONS: dict[str, Transformation] = {
    "shift": SHIFT,
    "flip": FLIP,
    "zoom": ZOOM,
    "rotation": ROTATION,
    "colour": COLOUR,
    "mixup": MIXUP,
    "cutmix": CUTMIX,
}
"""The transformations by name, in the order in which they are applied."""


def active(augmentation: dict) -> tuple[str, ...]:
    """The transformations that settings turn on, in the order in which they are applied."""
    return tuple(name for name in TRANSFORMATIONS if augmentation.get(name))


def mixing(augmentation: dict) -> tuple[str, ...]:
    """The active transformations that mix each image with its partner."""
    return tuple(name for name in active(augmentation) if TRANSFORMATIONS[name].share is not None)


def of_one_image(augmentation: dict) -> dict:
    """The settings without the transformations that mix images, which only training does."""
    return {name: value for name, value in augmentation.items() if name not in mixing(augmentation)}
