"""Augmentation: the transformations of the images that a network trains on, their random draws, and their layer."""

from snakedistill.networks.augmentation.geometry import FLIP, SHIFT
from snakedistill.networks.augmentation.transformation import Transformation

TRANSFORMATIONS: dict[str, Transformation] = {
    "shift": SHIFT,
    "flip": FLIP,
}
"""The transformations by name, in the order in which they are applied."""


def active(augmentation: dict) -> tuple[str, ...]:
    """The transformations that settings turn on, in the order in which they are applied."""
    return tuple(name for name in TRANSFORMATIONS if augmentation.get(name))
