"""The labels each network trains on: manual ones, or another network's predictions, by formula (13) or (14)."""

import pandas as pd

from snakedistill.errors import InputError
from snakedistill.files import join_one_to_one, write_csv
from snakedistill.metrics import answer


def write_labels(splits: str, kind: str, predictions: list[str], labels: str) -> None:
    """Write one label for every image of every part, in the order of `splits`.

    Args:
        splits: CSV with image_id and manual label.
        kind: `manual`; `hard`: 1 where the predicted probability is above 0.5, else 0, formula (13); `soft`: the
            predicted probability itself, formula (14).
        predictions: CSV files of the network that gives the labels, one a part; empty for `manual`.
        labels: CSV to write: image_id, label.

    Raises:
        InputError: predictions and images do not match one to one.
    """
    manual = pd.read_csv(splits)
    if kind == "manual":
        write_csv(manual[["image_id", "label"]], labels)
        return
    given = pd.concat([pd.read_csv(path, dtype={"probability": "float32"}) for path in predictions])
    joined = join_one_to_one(manual[["image_id"]], given[["image_id", "probability"]], splits, "the predictions")
    if not joined["probability"].between(0, 1).all():
        raise InputError(f"{predictions} hold probabilities outside [0, 1]: make them again")
    label = {"hard": answer(joined["probability"]), "soft": joined["probability"]}[kind]
    write_csv(joined.assign(label=label)[["image_id", "label"]], labels)
