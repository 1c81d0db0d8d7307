"""Copies of images that a given split puts into different parts."""

import pandas as pd

from snakedistill.core.parts import PARTS, TEST, TRAIN, VALIDATION


def copies_in_other_parts(copies: pd.DataFrame, splits: pd.DataFrame) -> str:
    """How many images of a part have copies in another one, which only a given split can bring about.

    Args:
        copies: group, image_id.
        splits: image_id, split.

    Returns:
        For example "2 of validation in train, 1 of test in validation"; an empty text if there are none.
    """
    found = copies[["group", "image_id"]].merge(splits[["image_id", "split"]], on="image_id")
    groups = {part: set(found["group"][found["split"] == part]) for part in PARTS}
    words = []
    for here, there in ((VALIDATION, TRAIN), (TEST, TRAIN), (TEST, VALIDATION)):
        images = int(found["group"][found["split"] == here].isin(groups[there]).sum())
        words += [f"{images:,} of {here} in {there}"] if images else []
    return ", ".join(words)
