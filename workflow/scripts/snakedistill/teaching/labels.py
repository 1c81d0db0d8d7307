"""The file of the labels that a network trains on."""

import pandas as pd

from snakedistill.core.errors import InputError
from snakedistill.core.files import read_csv, write_csv
from snakedistill.core.joins import join_one_to_one
from snakedistill.core.lineage import read_predictions, record_lineage
from snakedistill.teaching import WAYS


def write_labels(
    network_id: str, seed: int, splits: str, way: str, source: str | None, predictions: dict[str, str], labels: str
) -> None:
    """Write one label for every image of every part, in the order of `splits`, and the labels' lineage beside it.

    Args:
        network_id: the network that trains on the labels.
        seed: training seed.
        splits: CSV with image_id and manual label.
        way: how the network is taught, a key of `WAYS`.
        source: id of the network whose predictions become the labels; None if the way to teach needs none.
        predictions: CSV of the source's predictions by part; empty without a source.
        labels: CSV to write: image_id, label.

    Raises:
        InputError: predictions and images do not match one to one, or the predictions are of another network, seed or
            split.
    """
    manual = read_csv(splits)
    probability = None
    if source is not None:
        given = pd.concat([read_predictions(path, source, seed, splits=splits) for path in predictions.values()])
        given = given[["image_id", "probability"]]
        probability = join_one_to_one(manual[["image_id"]], given, splits, "the predictions")["probability"]
        if not probability.between(0, 1).all():
            raise InputError(f"{list(predictions.values())} hold probabilities outside [0, 1]: make them again")
        probability = probability.to_numpy()
    label = WAYS[way].label(manual["label"].to_numpy(), probability)
    write_csv(manual[["image_id"]].assign(label=label), labels)
    record_lineage(labels, network_id, seed, splits=splits, **predictions)
