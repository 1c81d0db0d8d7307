"""The balanced split into train, validation and test."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from snakedistill.core.errors import InputError
from snakedistill.core.files import write_csv
from snakedistill.core.parts import PARTS, TEST, TRAIN, VALIDATION
from snakedistill.data.given_predictions import read_given_predictions
from snakedistill.data.rejected import DROPPED, UNPREDICTED


def write_splits(
    index: str,
    unusable: str,
    classes: list[str],
    shares: dict[str, float],
    seed: int,
    near_duplicates: int | None,
    splits: str,
    copies: str,
    rejected: str,
    counts: str,
    predictions: str | None = None,
) -> None:
    """Draw the split, in which copies of an image stay together; list the copies and all files that are not used.

    Args:
        index: CSV of the usable images.
        unusable: CSV of the files that are no usable images: member, reason.
        classes: names; the position of a name is its label.
        shares: share of the images in each part.
        seed: seed of the draw.
        near_duplicates: images whose perceptual hashes differ in at most so many of 64 bits count as copies; None:
            only images with equal bytes do.
        splits: CSV to write: image_id, label, split; in the order of `index`.
        copies: CSV to write: group (from 1), image_id, label, equal_bytes (yes where another of the group has the same
            bytes), contradiction (yes where the group has both labels).
        rejected: CSV to write: member, reason; the unusable files, then the images without a prediction of the
            teacher, then those dropped to balance the classes.
        counts: CSV to write: class, split, images.
        predictions: CSV of a given teacher's predictions, see `read_given_predictions`: images without one are dropped
            before the draw; None drops none.

    Raises:
        InputError: the images do not fit the split, or the predictions cannot be read.
    """
    frame = pd.read_csv(index, dtype={"perceptual_hash": str})
    unpredicted = frame[:0]
    if predictions is not None:
        has_prediction = frame["image_id"].astype(str).isin(read_given_predictions(predictions, index)["image_id"])
        unpredicted, frame = frame[~has_prediction], frame[has_prediction].reset_index(drop=True)
        print(f"{UNPREDICTED}: {len(unpredicted)} images")
    group = group_copies(frame["sha256"].to_numpy(), frame["perceptual_hash"].to_numpy(), near_duplicates)
    frame["split"] = split_balanced(frame["label"].to_numpy(), group, shares, seed)
    listed = frame[["image_id", "label"]].assign(
        group=group,
        equal_bytes=np.where(frame.duplicated("sha256", keep=False), "yes", "no"),
        contradiction=np.where(frame.groupby(group)["label"].transform("nunique") > 1, "yes", "no"),
    )
    listed = listed[listed.duplicated("group", keep=False)].sort_values("group", kind="stable")
    listed["group"] = pd.factorize(listed["group"])[0] + 1
    write_csv(listed[["group", "image_id", "label", "equal_bytes", "contradiction"]], copies)
    print(f"{len(listed)} images are copies of one another, in {listed['group'].nunique()} groups")
    if (against := int((listed["contradiction"] == "yes").sum())) > 0:
        print(f"Warning: {against} of them stand in groups with both labels; look at them, and correct or remove them")
    kept = frame.dropna(subset="split")
    write_csv(kept[["image_id", "label", "split"]], splits)
    print(kept.groupby(["split", "label"]).size().to_string())
    dropped = frame[frame["split"].isna()][["member"]].assign(reason=DROPPED)
    print(f"{DROPPED}: {len(dropped)} images")
    unpredicted = unpredicted[["member"]].assign(reason=UNPREDICTED)
    write_csv(pd.concat([pd.read_csv(unusable), unpredicted, dropped]), rejected)
    sizes = kept.groupby(["label", "split"]).size()
    rows = [(name, part, sizes[label, part]) for label, name in enumerate(classes) for part in PARTS]
    write_csv(pd.DataFrame(rows, columns=["class", "split", "images"]), counts)


def group_copies(digests: np.ndarray, hashes: np.ndarray, near_duplicates: int | None) -> np.ndarray:
    """Number the groups of images that are copies, directly or by way of others.

    Args:
        digests: str [n], equal where the image files are equal.
        hashes: str [n], 64 bits in hexadecimal.
        near_duplicates: most bits in which the hashes of copies differ, or None.

    Returns:
        int [n]: equal for copies.
    """
    values, group = np.unique(digests, return_inverse=True)
    if near_duplicates is None:
        return group
    bits = np.array([int(value, 16) for value in hashes], dtype=np.uint64)
    pairs = [np.stack([group, group])]
    for i in range(len(bits) - 1):
        near = np.flatnonzero(np.bitwise_count(bits[i + 1 :] ^ bits[i]) <= near_duplicates) + i + 1
        pairs.append(np.stack([np.full(len(near), group[i]), group[near]]))
    one, other = np.concatenate(pairs, axis=1)
    edges = coo_array((np.ones(len(one), bool), (one, other)), shape=(len(values), len(values)))
    return connected_components(edges, directed=False)[1][group]


def part_sizes(images: int, shares: dict[str, float]) -> dict[str, int]:
    """Images of one class in each part: validation and test rounded to the nearest, train the rest."""
    sizes = {part: round(images * shares[part]) for part in (VALIDATION, TEST)}
    return {TRAIN: images - sum(sizes.values()), **sizes}


def split_balanced(labels: np.ndarray, groups: np.ndarray, shares: dict[str, float], seed: int) -> np.ndarray:
    """Draw a split in which every part holds the same number of images of each class.

    The images of a group go to the same part. Images of the larger class that find no place are left out.

    Args:
        labels: int [n], 0 or 1.
        groups: [n], equal for images that are copies of one another.
        shares: share of each of `PARTS`; they sum to 1.
        seed: seed of the draw.

    Returns:
        object [n]: the name of the part, or None.

    Raises:
        InputError: a part would be empty, or copies do not fit into one part; the counts are given.
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

    _, group, group_sizes = np.unique(groups, return_inverse=True, return_counts=True)
    for repeated in rng.permutation(np.flatnonzero(group_sizes > 1)):
        members = np.flatnonzero(group == repeated)
        need = {label: int((labels[members] == label).sum()) for label in classes}
        fitting = [part for part in PARTS if all(room[part, label] >= need[label] for label in classes)]
        if not fitting:
            raise InputError(
                f"{len(members)} images that are copies of one another fit into no part, {sizes} of each class: remove "
                "copies, or lower split.near_duplicates"
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
                f"Too many images of label {label} are copies for a balanced split of {sizes} of each class: "
                "remove copies, or lower split.near_duplicates"
            )
    return parts
