"""The mean of several networks, which teaches and is measured as a network is."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from snakedistill.core.by_image import write_by_image
from snakedistill.core.files import read_csv, write_csv
from snakedistill.core.lineage import read_predictions, record_lineage
from snakedistill.core.outputs import labels_of_classes, outputs_of_classes
from snakedistill.measures.evaluation import evaluation_row


def write_mean_predictions(
    network_id: str,
    seed: int,
    members: Mapping[str, Mapping[str, str]],
    splits: str,
    classes: list[str],
    predictions: Mapping[str, str],
    evaluation: str,
) -> None:
    """Write the mean of the probabilities that several networks predict, its lineage, and its evaluation.

    Args:
        network_id: id of the mean.
        seed: training seed.
        members: files of predictions by part, by id of the network.
        splits: CSV with image_id, manual label and split.
        classes: names; the position of a name is its label.
        predictions: file to write by part: image_id, and logit and probability of each output, see `core.outputs`. The
            logits are the logarithms of the mean probabilities, of two classes their log-odds.
        evaluation: CSV to write, see `evaluation_row`; without augmentation.

    Raises:
        InputError: predictions are of another network, seed or split, or of other images.
    """
    manual, rows = read_csv(splits), []
    for part, path in predictions.items():
        of_part = (manual["split"] == part).to_numpy()
        ids = manual["image_id"][of_part]
        files = {network: of_network[part] for network, of_network in members.items()}
        logits = [
            read_predictions(file, network, seed, splits=splits).in_order_of(ids, splits, file)["logit"]
            for network, file in files.items()
        ]
        logarithm = logarithm_of_mean(logits)
        probability = np.exp(logarithm)
        logit = logarithm if logarithm.shape[1] > 2 else logarithm - logarithm[:, :1]
        outputs = {"logit": outputs_of_classes(logit), "probability": outputs_of_classes(probability)}
        write_by_image(path, ids, {name: values.astype(np.float32) for name, values in outputs.items()}, classes)
        record_lineage(path, network_id, seed, splits=splits, **files)  # type: ignore[arg-type]  # no settings
        label = labels_of_classes(manual["label"][of_part].to_numpy(), len(classes))
        rows.append(evaluation_row(part, "manual", 0, logit, probability, label))
    write_csv(pd.DataFrame(rows), evaluation)


def logarithm_of_mean(logits: list[np.ndarray]) -> np.ndarray:
    """log(mean_m softmax(z_m)) of logits z_m, float [n, K] each; float64 [n, K], finite for all finite logits."""
    members = np.array(logits, np.float64)
    return np.logaddexp.reduce(members - np.logaddexp.reduce(members, axis=2, keepdims=True)) - np.log(len(logits))
