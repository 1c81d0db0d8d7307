"""How many images of each class each part has."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from snakedistill.core.errors import InputError, some
from snakedistill.core.parts import PARTS, TRAIN

UNPREDICTED = "no prediction of the teacher"
UNSAMPLED = "not sampled, see split.images"
DROPPED = "dropped, so that the classes have the same number of images"
"""Reasons in the list of the files and images that are not used."""
ADD_IMAGES = "Add images of this class, or take the whole part away: it is then sampled from train."


def part_sizes(images: int, shares: dict[str, float]) -> dict[str, int]:
    """Images of one class in each part of the shares: rounded to the nearest, and the rest in train."""
    sizes = {part: round(images * share) for part, share in shares.items() if part != TRAIN}
    return {TRAIN: images - sum(sizes.values()), **sizes}


def expected_sizes(
    labels: np.ndarray, given: np.ndarray | None, shares: dict[str, float], balanced: bool, classes: list[str]
) -> list[dict[str, int]]:
    """The number of images that each part will have, by class, if all are usable and none are copies.

    Args:
        labels: int [n], of the images that an archive names.
        given: str [n], the part of each image where the archive has its own split, else None.
        shares: of all `PARTS`.
        balanced: whether every part must hold the same number of each class.
        classes: names.

    Raises:
        InputError: a class does not fill a part, or the archive's own split lacks train; the counts are given.
    """
    if given is None:
        return sizes_by_class(labels, shares, balanced, classes)
    found = list(pd.unique(given))
    sampled = shares_of_train(found, shares)
    check_parts(given, labels, classes, ADD_IMAGES, found)
    of_train = sizes_by_class(labels[given == TRAIN], sampled, False, classes)
    numbers = {part: np.bincount(labels[given == part], minlength=len(classes)) for part in found}
    sizes = [
        {part: of_train[label][part] if part in sampled else int(numbers[part][label]) for part in PARTS}
        for label in range(len(classes))
    ]
    if balanced:
        sizes = [{part: min(of_class[part] for of_class in sizes) for part in PARTS}] * len(classes)
    return sizes


def shares_of_train(found: Sequence[str], shares: dict[str, float]) -> dict[str, float]:
    """The shares into which the part train of an archive's own split is divided: its own, and those of missing parts.

    Args:
        found: the parts that the archive gives.
        shares: of all `PARTS`.

    Raises:
        InputError: train is not among them.
    """
    if TRAIN not in found:
        raise InputError(
            f"The archive's own split: expected a part {TRAIN}, from which missing parts are sampled, got only "
            f"{', '.join(found)}: add one"
        )
    own = {part: shares[part] for part in PARTS if part == TRAIN or part not in found}
    return {part: share / sum(own.values()) for part, share in own.items()}


def sizes_by_class(
    labels: np.ndarray, shares: dict[str, float], balanced: bool, classes: list[str]
) -> list[dict[str, int]]:
    """The number of images in each part, by class.

    Args:
        labels: int [n], each class at least once.
        shares: share of train and of other parts; they sum to 1.
        balanced: whether every part holds the same number of each class.
        classes: names; the position of a name is its label.

    Raises:
        InputError: a class has too few images for its shares; the counts are given.
    """
    numbers = np.bincount(labels, minlength=len(classes))
    of_class = np.full_like(numbers, numbers.min()) if balanced else numbers
    sizes = [part_sizes(int(images), shares) for images in of_class]
    label = int(numbers.argmin())
    empty = [part for part, images in sizes[label].items() if images < 1]
    if empty:
        raise InputError(
            f"Class {classes[label]} (label {label}) does not fill {' and '.join(empty)}: the shares of `split` make "
            f"{sizes[label]} of its {numbers[label]} usable images, and no part may be empty "
            f"({numbers_in_words(numbers, classes)}). Give more images of {classes[label]}, or other shares."
        )
    return sizes


def check_parts(
    parts: np.ndarray, labels: np.ndarray, classes: list[str], what_to_do: str, needed: Sequence[str] = PARTS
) -> None:
    """Check that every class has an image in every part.

    Args:
        parts: str [n], the part of each image.
        labels: int [n].
        classes: names; the position of a name is its label.
        what_to_do: last sentences of the error.
        needed: the parts that are looked at.

    Raises:
        InputError: a class has none in a part; the counts are given.
    """
    for part in needed:
        numbers = np.bincount(labels[parts == part], minlength=len(classes))
        if not numbers.all():
            label = int(numbers.argmin())
            raise InputError(
                f"Class {classes[label]} (label {label}) has no image in the part {part}, and every part needs images "
                f"of each class; {part} has {numbers_in_words(numbers, classes)}. {what_to_do}"
            )


def numbers_in_words(numbers: np.ndarray, classes: list[str]) -> str:
    """For example "cat 20, dog 0"."""
    return some(f"{name} {number}" for name, number in zip(classes, numbers, strict=True))
