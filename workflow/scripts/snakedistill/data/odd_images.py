"""What is odd about the images that are used: grey ones, small ones, long ones."""

import pandas as pd

from snakedistill.core.errors import some
from snakedistill.core.pixels import Pixels

SHARE_TO_SAY = 0.05
"""Of a class: less is not said."""
LONG = 2
"""Ratio of the sides of an image of whose middle square half or less is seen."""
VERY_DIFFERENT = 10
"""Ratio of the short sides of two images."""


def odd_images(index: pd.DataFrame, pixels: list[Pixels]) -> list[str]:
    """Sentences, without a full stop, on images that are odd, and what that means for the result.

    Args:
        index: the images used: class, width, height (pixels), grey (yes or no).
        pixels: what the networks take.
    """
    short, long = index[["width", "height"]].min(axis=1), index[["width", "height"]].max(axis=1)
    largest = max(one.size for one in pixels)
    small, is_long = short < largest, long >= LONG * short
    found = []
    grey = index["grey"] == "yes"
    if grey.all():
        found.append("all images are grey: of images in colour this result says nothing")
    elif numbers := _numbers(index, grey):
        found.append(
            f"{grey.sum():,} images are grey ({numbers}): where one class has more of them, networks may tell the "
            "classes by the lack of colour"
        )
    if numbers := _numbers(index, small):
        found.append(
            f"{small.sum():,} images have a side below the {largest} pixels that networks take ({numbers}): they are "
            "enlarged, which adds no detail"
        )
    if numbers := _numbers(index, is_long):
        crop = any(one.fit == "crop" for one in pixels)
        what = "of which fit: crop sees half or less" if crop else "which fit: squash distorts"
        found.append(f"{is_long.sum():,} images are twice as long as wide or more ({numbers}), {what}")
    if short.max() >= VERY_DIFFERENT * short.min():
        found.append(
            f"the images have very different sizes, short sides from {short.min():,} to {short.max():,} pixels: "
            "results are for this mixture, and photographs of one size may be classified better or worse"
        )
    return found


def _numbers(index: pd.DataFrame, odd: pd.Series) -> str:
    """How many images of each class are odd; empty where they are few of each class."""
    by_class = odd.groupby(index["class"], sort=False).agg(["sum", "size"])
    if not (by_class["sum"] >= SHARE_TO_SAY * by_class["size"]).any() or not odd.any():
        return ""
    return some(f"{name} {count:,} of {total:,}" for name, count, total in by_class.itertuples() if count)
