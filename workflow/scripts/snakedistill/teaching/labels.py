"""The file of the labels that a network trains on."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from snakedistill.core.by_image import ByImage, write_by_image
from snakedistill.core.errors import InputError
from snakedistill.core.files import read_csv
from snakedistill.core.lineage import read_predictions, record_lineage
from snakedistill.core.outputs import outputs_of_classes
from snakedistill.networks.augmentation.draws import random_stream
from snakedistill.teaching import taught
from snakedistill.teaching.way import LabelInputs


def write_labels(
    network_id: str,
    seed: int,
    splits: str,
    way: str,
    source: str | None,
    predictions: dict[str, str],
    classes: list[str],
    labels: str,
    options: dict | None = None,
    unlabelled: str | None = None,
) -> None:
    """Write the label of every image of every part, in the order of `splits`, and the labels' lineage beside it.

    Or that of every image without a manual label, in the order of `unlabelled`.

    Args:
        network_id: the network that trains on the labels.
        seed: training seed.
        splits: CSV with image_id, manual label and split.
        way: how the network is taught, a key of `WAYS`.
        source: id of the network from whose predictions the labels are made; None if the way to teach needs none.
        predictions: files of the source's predictions by part; empty without a source.
        classes: names; the position of a name is its label.
        labels: file to write: image_id and label, of each class where it is soft, see `core.outputs`; where the way
            weights images, also weight.
        options: of the way, settings by key of `OPTIONS`.
        unlabelled: CSV of the images without a manual label, see `write_unlabelled`; None for those of `splits`.

    Raises:
        InputError: predictions and images do not match one to one, or the predictions are of another network, seed or
            split.
    """
    listed = read_csv(unlabelled or splits)
    predicted: Mapping[str, np.ndarray] = {}
    if source is not None:
        found = _predictions(source, seed, splits, predictions)
        predicted = found.in_order_of(listed["image_id"], unlabelled or splits, "the predictions").values
        probability = predicted["probability"]
        if not (probability.min() >= 0 and probability.max() <= 1):  # nor is NaN
            raise InputError(
                f"{list(predictions.values())}: expected probabilities in [0, 1], got others: make them again"
            )
    inputs = LabelInputs(
        manual=None if unlabelled else listed["label"].to_numpy(),
        part=listed["split"].to_numpy(),
        classes=len(classes),
        stream=random_stream(seed, network_id, "labels"),
        **predicted,
    )
    way_taught = taught(way, options or {})
    label = way_taught.label(inputs)
    values = {"label": label if label.ndim == 1 else outputs_of_classes(label)}
    if way_taught.weight is not None:
        values["weight"] = way_taught.weight(inputs)
    write_by_image(labels, listed["image_id"], values, classes)
    record_lineage(labels, network_id, seed, splits=splits, **predictions)  # type: ignore[arg-type]  # no settings


def _predictions(source: str, seed: int, splits: str, predictions: dict[str, str]) -> ByImage:
    """Logits and probabilities of each class of all parts."""
    parts = [read_predictions(path, source, seed, splits=splits) for path in predictions.values()]
    ids = pd.concat([part.image_id for part in parts], ignore_index=True)
    return ByImage(ids, {name: np.concatenate([part[name] for part in parts]) for name in ("logit", "probability")})
