"""The labels each network trains on: manual ones, or another network's predictions, by formula (13) or (14)."""

import pandas as pd

from snakedistill.errors import InputError
from snakedistill.files import join_one_to_one, write_csv
from snakedistill.lineage import read_predictions, record_lineage
from snakedistill.metrics import answer


def write_labels(
    network_id: str, seed: int, splits: str, kind: str, source: str | None, predictions: dict[str, str], labels: str
) -> None:
    """Write one label for every image of every part, in the order of `splits`, and the labels' lineage beside it.

    Args:
        network_id: the network that trains on the labels.
        seed: of the training.
        splits: CSV with image_id and manual label.
        kind: `manual`; `hard`: 1 where the predicted probability is above 0.5, else 0, formula (13); `soft`: the
            predicted probability itself, formula (14).
        source: id of the network that gives the labels; None for `manual`.
        predictions: CSV of the source's predictions by part; empty for `manual`.
        labels: CSV to write: image_id, label.

    Raises:
        InputError: predictions and images do not match one to one, or the predictions are of another network, seed or
            split.
    """
    manual = pd.read_csv(splits)
    if kind == "manual":
        label = manual["label"]
    else:
        given = pd.concat([read_predictions(path, source, seed, splits=splits) for path in predictions.values()])
        given = given[["image_id", "probability"]]
        probability = join_one_to_one(manual[["image_id"]], given, splits, "the predictions")["probability"]
        if not probability.between(0, 1).all():
            raise InputError(f"{list(predictions.values())} hold probabilities outside [0, 1]: make them again")
        label = {"hard": answer(probability), "soft": probability}[kind]
    write_csv(manual[["image_id"]].assign(label=label), labels)
    record_lineage(labels, network_id, seed, splits=splits, **predictions)
