"""The file of the labels that a network trains on."""

import numpy as np
import pandas as pd

from snakedistill.core.by_image import ByImage, write_by_image
from snakedistill.core.errors import InputError
from snakedistill.core.files import read_csv
from snakedistill.core.lineage import read_predictions, record_lineage
from snakedistill.core.outputs import outputs_of_classes
from snakedistill.teaching import WAYS


def write_labels(
    network_id: str,
    seed: int,
    splits: str,
    way: str,
    source: str | None,
    predictions: dict[str, str],
    classes: list[str],
    labels: str,
) -> None:
    """Write the label of every image of every part, in the order of `splits`, and the labels' lineage beside it.

    Args:
        network_id: the network that trains on the labels.
        seed: training seed.
        splits: CSV with image_id and manual label.
        way: how the network is taught, a key of `WAYS`.
        source: id of the network whose predictions become the labels; None if the way to teach needs none.
        predictions: files of the source's predictions by part; empty without a source.
        classes: names; the position of a name is its label.
        labels: file to write: image_id and label, of each class where it is soft, see `core.outputs`.

    Raises:
        InputError: predictions and images do not match one to one, or the predictions are of another network, seed or
            split.
    """
    manual = read_csv(splits)
    probability = None
    if source is not None:
        probability = _probabilities(source, seed, splits, predictions)
        probability = probability.in_order_of(manual["image_id"], splits, "the predictions")["probability"]
        if not (probability.min() >= 0 and probability.max() <= 1):  # nor is NaN
            raise InputError(f"{list(predictions.values())} hold probabilities outside [0, 1]: make them again")
    label = WAYS[way].label(manual["label"].to_numpy(), probability)
    label = label if label.ndim == 1 else outputs_of_classes(label)
    write_by_image(labels, manual["image_id"], {"label": label}, classes)
    record_lineage(labels, network_id, seed, splits=splits, **predictions)


def _probabilities(source: str, seed: int, splits: str, predictions: dict[str, str]) -> ByImage:
    ids, found = [], []
    for path in predictions.values():
        of_part = read_predictions(path, source, seed, splits=splits)
        ids.append(of_part.image_id)
        found.append(of_part["probability"])
    return ByImage(pd.concat(ids, ignore_index=True), {"probability": np.concatenate(found)})
