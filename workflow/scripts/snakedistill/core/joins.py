"""Rows of two tables are joined by image_id."""

import pandas as pd

from snakedistill.core.errors import InputError


def join_one_to_one(left: pd.DataFrame, right: pd.DataFrame, left_name: str, right_name: str) -> pd.DataFrame:
    """Join two frames on `image_id`, keeping the row order of `left`.

    Raises:
        InputError: an image_id is repeated, or stands in one frame only; the message counts and names examples.
    """
    for frame, name in ((left, left_name), (right, right_name)):
        repeated = frame["image_id"][frame["image_id"].duplicated()]
        if len(repeated):
            raise InputError(f"{name} has {len(repeated)} repeated image_id, {_examples(repeated)}: make it again")
    only_left = left["image_id"][~left["image_id"].isin(right["image_id"])]
    only_right = right["image_id"][~right["image_id"].isin(left["image_id"])]
    for ids, here, there in ((only_left, left_name, right_name), (only_right, right_name, left_name)):
        if len(ids):
            raise InputError(f"{len(ids)} images of {here} are not in {there}, {_examples(ids)}: make both again")
    return left.merge(right, on="image_id", how="left", validate="one_to_one")


def _examples(ids: pd.Series) -> str:
    return "for example " + ", ".join(ids.head(3))
