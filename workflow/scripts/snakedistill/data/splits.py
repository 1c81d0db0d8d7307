"""The split into train, validation and test."""

import numpy as np
import pandas as pd

from snakedistill.core.errors import InputError
from snakedistill.core.files import read_csv, write_csv
from snakedistill.core.parts import PARTS, TRAIN
from snakedistill.data.copies import copies_in_other_parts
from snakedistill.data.given_predictions import read_given_predictions
from snakedistill.data.near_duplicates import joined, near_groups
from snakedistill.data.part_sizes import (
    ADD_IMAGES,
    DROPPED,
    UNPREDICTED,
    UNSAMPLED,
    check_parts,
    numbers_in_words,
    shares_of_train,
    sizes_by_class,
)


def write_splits(
    index: str,
    unusable: str,
    classes: list[str],
    shares: dict[str, float],
    seed: int,
    near_duplicates: int | None,
    balanced: bool,
    splits: str,
    copies: str,
    rejected: str,
    counts: str,
    predictions: str | None = None,
    images: int | None = None,
) -> None:
    """Split the images, list the copies among them and all files that are not used.

    A split that the index gives is kept; parts that it lacks are sampled from its train part. Else all are sampled.
    Copies of an image stay together in what is sampled.

    Args:
        index: CSV of the usable images; its column split, where it has one, is the part of each image.
        unusable: CSV of the files that are no usable images: member, reason.
        classes: names; the position of a name is its label.
        shares: share of the images in each part.
        seed: random seed.
        near_duplicates: images whose perceptual hashes differ in at most so many of 64 bits count as copies; None:
            only images with equal bytes do.
        balanced: whether images of larger classes are dropped, so that a part has the same number of each class.
        splits: CSV to write: image_id, label, split; in the order of `index`.
        copies: CSV to write: group (from 1), image_id, label, equal_bytes (yes where another of the group has the same
            bytes), contradiction (yes where the group has both labels).
        rejected: CSV to write: member, reason; the unusable files, then the images without a prediction of the
            teacher, those not sampled, and those dropped to balance the classes.
        counts: CSV to write: class, split, images.
        predictions: CSV of a given teacher's predictions, see `read_given_predictions`: images without one are dropped
            before the split; None drops none.
        images: number of images to use, see `sampled_images`; None: all.

    Raises:
        InputError: a class does not fill a part, copies do not fit into one part, the given split lacks train, or the
            predictions cannot be read.
    """
    frame = read_csv(index, dtype={"perceptual_hash": str})
    unpredicted = frame[:0]
    if predictions is not None:
        has_prediction = frame["image_id"].isin(read_given_predictions(predictions, index, classes).image_id)
        unpredicted, frame = frame[~has_prediction], frame[has_prediction].reset_index(drop=True)
        print(f"{UNPREDICTED}: {len(unpredicted)} images")
    unsampled = frame[:0]
    if images is not None:
        part = frame["split"].to_numpy() if "split" in frame else None
        sampled = sampled_images(frame["label"].to_numpy(), part, images, balanced, seed)
        unsampled, frame = frame[~sampled], frame[sampled].reset_index(drop=True)
        print(f"{UNSAMPLED}: {len(unsampled)} images")
    group = group_copies(frame["sha256"].to_numpy(), frame["perceptual_hash"].to_numpy(), near_duplicates)
    labels, is_given = frame["label"].to_numpy(), "split" in frame
    if is_given:
        frame["split"] = split_given(frame["split"].to_numpy(), labels, group, shares, seed, balanced, classes)
    else:
        frame["split"] = random_split(labels, group, shares, seed, balanced, classes)
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
    if apart := copies_in_other_parts(listed, kept):
        print(f"Warning: the given split puts copies of an image into different parts: {apart}")
    write_csv(kept[["image_id", "label", "split"]], splits)
    print(kept.groupby(["split", "label"]).size().to_string())
    dropped = frame[frame["split"].isna()][["member"]].assign(reason=DROPPED)
    print(f"{DROPPED}: {len(dropped)} images")
    unpredicted = unpredicted[["member"]].assign(reason=UNPREDICTED)
    unsampled = unsampled[["member"]].assign(reason=UNSAMPLED)
    write_csv(pd.concat([read_csv(unusable), unpredicted, unsampled, dropped]), rejected)
    sizes = kept.groupby(["label", "split"]).size()
    rows = [(name, part, sizes[label, part]) for label, name in enumerate(classes) for part in PARTS]
    write_csv(pd.DataFrame(rows, columns=["class", "split", "images"]), counts)


def sampled_images(labels: np.ndarray, given: np.ndarray | None, images: int, balanced: bool, seed: int) -> np.ndarray:
    """Sample images. Parts and classes keep their shares; balanced, the classes of a part have equal numbers.

    Args:
        labels: int [n].
        given: str [n], the part of each image where the archive has its own split, else None.
        images: number to sample; balanced, as many may be missing as there are classes and parts.
        balanced: whether every part must hold the same number of each class.
        seed: random seed.

    Returns:
        bool [n].

    Raises:
        InputError: there are fewer; the counts are given.
    """
    parts = np.zeros(len(labels), int) if given is None else np.unique(given, return_inverse=True)[1]
    strata, stratum = np.unique(np.stack([parts, labels]), axis=1, return_inverse=True)
    sizes = np.bincount(stratum)
    if balanced:
        sizes = np.array([sizes[strata[0] == part].min() for part in strata[0]])
    if images > sizes.sum():
        same = ", with the same number of each class," if balanced else ""
        raise InputError(
            f"split.images: expected at most the {sizes.sum()} images{same} that the archive has, got {images}"
        )
    exact = images * sizes / sizes.sum()
    quota = np.floor(exact).astype(int)
    if not balanced:  # the rest goes to the strata that lost most by rounding
        quota[np.argsort(quota - exact, kind="stable")[: images - quota.sum()]] += 1
    rng = np.random.default_rng([seed, 2])
    sampled = np.zeros(len(labels), bool)
    for number, count in enumerate(quota):
        sampled[rng.permutation(np.flatnonzero(stratum == number))[:count]] = True
    return sampled


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
    near = near_groups(bits, near_duplicates)
    # A graph of the digests and of the groups of hashes, in which each image is an edge.
    return joined(np.arange(len(values) + near.max(initial=-1) + 1), group, len(values) + near)[group]


def random_split(
    labels: np.ndarray, groups: np.ndarray, shares: dict[str, float], seed: int, balanced: bool, classes: list[str]
) -> np.ndarray:
    """A random split in which each class is divided by the shares.

    The images of a group go to the same part. Balanced, every part holds the same number of images of each class, and
    images of larger classes that find no place are dropped. Otherwise every image is used; a part may then hold a
    few images more or less than its share, where a group does not fit otherwise.

    Args:
        labels: int [n], each class at least once.
        groups: [n], equal for images that are copies of one another.
        shares: share of train and of other parts; they sum to 1.
        seed: random seed.
        balanced: whether every part holds the same number of each class.
        classes: names; the position of a name is its label.

    Returns:
        object [n]: the name of the part, or None.

    Raises:
        InputError: a class does not fill a part, or copies do not fit into one part; the counts are given.
    """
    sizes = sizes_by_class(labels, shares, balanced, classes)
    rng = np.random.default_rng(seed)
    names, all_labels = [part for part in PARTS if part in shares], range(len(classes))
    room = {(part, label): sizes[label][part] for part in names for label in all_labels}
    parts = np.full(len(labels), None, dtype=object)

    _, group, group_sizes = np.unique(groups, return_inverse=True, return_counts=True)
    members_of = np.split(np.argsort(group, kind="stable"), np.cumsum(group_sizes)[:-1])
    in_order = rng.permutation(np.flatnonzero(group_sizes > 1))
    if not balanced:  # the larger groups first, then nearly all fit
        in_order = in_order[np.argsort(-group_sizes[in_order], kind="stable")]
    for repeated in in_order:
        members = members_of[repeated]
        need = np.bincount(labels[members], minlength=len(classes))
        left = {part: [room[part, label] - need[label] for label in all_labels] for part in names}
        fitting = [part for part in names if min(left[part]) >= 0]
        if not fitting and balanced:
            raise InputError(
                f"{len(members)} images that are copies of one another "
                f"({numbers_in_words(need, classes)}) fit into no part, {sizes[0]} of each class: remove copies, lower "
                "split.near_duplicates, or set split.balanced to false"
            )
        fitting = fitting or [max(names, key=lambda part: min(left[part]))]
        weights = np.array([max(1, sum(room[part, label] for label in all_labels)) for part in fitting], dtype=float)
        part = rng.choice(fitting, p=weights / weights.sum())
        parts[members] = part
        for label in all_labels:
            room[part, label] = left[part][label]

    for label, name in enumerate(classes):
        single = rng.permutation(np.flatnonzero((labels == label) & (group_sizes[group] == 1)))
        start = 0
        for part in names:
            places = max(0, room[part, label])
            parts[single[start : start + places]] = part
            start += places
        if start > len(single) and balanced:
            raise InputError(
                f"Too many images of {name} are copies for a balanced split of {sizes[label]} of each class: remove "
                "copies, lower split.near_duplicates, or set split.balanced to false"
            )
    what_to_do = "Copies of an image stay in one part: remove copies, or lower split.near_duplicates."
    check_parts(parts, labels, classes, what_to_do, names)
    return parts


def split_given(
    given: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    shares: dict[str, float],
    seed: int,
    balanced: bool,
    classes: list[str],
) -> np.ndarray:
    """Complete a given split: no image leaves its part, but parts that are missing are sampled from train.

    A missing part gets its share of the shares of train and of all missing parts. Balanced, images of larger
    classes are dropped from each part at random.

    Args:
        given: str [n], the part of each image.
        labels: as in `random_split`, like all further arguments.
        groups: copies across parts that are given stay where they are.
        shares: of all `PARTS`.
        seed: random seed of both.
        balanced: whether a part must hold the same number of each class.
        classes: names.

    Returns:
        object [n]: the name of the part, or None.

    Raises:
        InputError: a part is unknown, train is missing, or a class does not fill a part; the counts are given.
    """
    found = pd.unique(given)
    if unknown := [str(part) for part in found if part not in PARTS]:
        raise InputError(f"The archive's own split: expected the parts {', '.join(PARTS)}, got {', '.join(unknown)}")
    own = shares_of_train(found, shares)
    parts = given.astype(object)
    if len(own) > 1:
        of_train = np.flatnonzero(given == TRAIN)
        check_parts(parts, labels, classes, "Add images of this class.", [TRAIN])
        parts[of_train] = random_split(labels[of_train], groups[of_train], own, seed, False, classes)
    check_parts(parts, labels, classes, ADD_IMAGES)
    if balanced:
        rng = np.random.default_rng([seed, 1])
        for part in PARTS:
            of_class = [np.flatnonzero((parts == part) & (labels == label)) for label in range(len(classes))]
            smallest = min(map(len, of_class))
            for images in of_class:
                parts[rng.permutation(images)[smallest:]] = None
    return parts
