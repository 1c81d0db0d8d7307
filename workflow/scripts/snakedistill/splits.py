"""The balanced split into train, validation and test."""

import numpy as np
import pandas as pd

from snakedistill.errors import InputError
from snakedistill.files import write_csv

PARTS = ("train", "validation", "test")


def write_splits(index: str, shares: dict[str, float], seed: int, splits: str) -> None:
    """Write `splits` (CSV: image_id, label, split) for the images of `index`, in the order of `index`."""
    frame = pd.read_csv(index)
    frame["split"] = split_balanced(frame["label"].to_numpy(), frame["sha256"].to_numpy(), shares, seed)
    kept = frame.dropna(subset="split")
    write_csv(kept[["image_id", "label", "split"]], splits)
    print(kept.groupby(["split", "label"]).size().to_string())
    print(f"left out, so that the classes are balanced: {len(frame) - len(kept)}")


def part_sizes(images: int, shares: dict[str, float]) -> dict[str, int]:
    """Images of one class in each part: validation and test rounded to the nearest, train the rest."""
    sizes = {part: round(images * shares[part]) for part in ("validation", "test")}
    return {"train": images - sum(sizes.values()), **sizes}


def split_balanced(labels: np.ndarray, digests: np.ndarray, shares: dict[str, float], seed: int) -> np.ndarray:
    """Draw a split in which every part holds the same number of images of each class.

    Images with equal bytes go to the same part. Images of the larger class that find no place are left out.

    Args:
        labels: int [n], 0 or 1.
        digests: str [n], equal where the image files are equal.
        shares: share of each of `PARTS`; they sum to 1.
        seed: of the draw.

    Returns:
        object [n]: the name of the part, or None.

    Raises:
        InputError: a part would be empty, or equal images do not fit into one part; the counts are given.
    """
    classes, counts = np.unique(labels, return_counts=True)
    sizes = part_sizes(int(counts.min()), shares)
    if min(sizes.values()) < 1:
        raise InputError(
            f"Too few usable images for the split: {dict(zip(classes.tolist(), counts.tolist(), strict=True))} by "
            f"label give {sizes} of each class, and no part may be empty. Give more images or other shares."
        )
    rng = np.random.default_rng(seed)
    room = {(part, label): sizes[part] for part in PARTS for label in classes}
    parts = np.full(len(labels), None, dtype=object)

    _, group, group_sizes = np.unique(digests, return_inverse=True, return_counts=True)
    for repeated in rng.permutation(np.flatnonzero(group_sizes > 1)):
        members = np.flatnonzero(group == repeated)
        need = {label: int((labels[members] == label).sum()) for label in classes}
        fitting = [part for part in PARTS if all(room[part, label] >= need[label] for label in classes)]
        if not fitting:
            raise InputError(
                f"{len(members)} images with equal bytes fit into no part, {sizes} of each class: remove the copies"
            )
        weights = np.array([sum(room[part, label] for label in classes) for part in fitting], dtype=float)
        part = rng.choice(fitting, p=weights / weights.sum())
        parts[members] = part
        for label in classes:
            room[part, label] -= need[label]

    for label in classes:
        single = rng.permutation(np.flatnonzero((labels == label) & (group_sizes[group] == 1)))
        start = 0
        for part in PARTS:
            parts[single[start : start + room[part, label]]] = part
            start += room[part, label]
        if start > len(single):
            raise InputError(
                f"Too many images of label {label} have equal bytes for a balanced split of {sizes} of each class: "
                "remove the copies"
            )
    return parts
