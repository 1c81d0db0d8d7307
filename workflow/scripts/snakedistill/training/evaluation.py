"""Loss and accuracy of a network on every part, and on test with its own augmentation."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from snakedistill.core.by_image import ByImage, write_by_image
from snakedistill.core.files import read_csv, write_csv
from snakedistill.core.lineage import check_lineage, read_labels, read_predictions, record_lineage
from snakedistill.core.network_ids import Network, parsed
from snakedistill.core.outputs import labels_of_classes, logits_of_classes, number_of_outputs, shares_of_classes
from snakedistill.core.parts import TEST, TRAIN
from snakedistill.data.images import MappedImages
from snakedistill.measures.evaluation import evaluation_row
from snakedistill.networks.augmentation import active, of_one_image
from snakedistill.networks.augmentation.draws import draw
from snakedistill.networks.classifier import load_network
from snakedistill.networks.training_model import evaluation_model
from snakedistill.training.forward import predicted
from snakedistill.training.launches import forward_for


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A network that is measured, and by what.

    Attributes:
        model: .keras file of the network.
        network_id: keys the random draws, together with `seed`.
        seed: training seed, which keys the draws too.
        splits: CSV with image_id, manual label and split.
        predictions: files of the network's predictions by part, of unaugmented images.
        test_images: array of the test part.
        teacher_labels: file with the teacher's labels of every image, those of its family's first student, for a
            network that never saw manual ones; else None.
        own_labels: file with the labels that the network was trained on, None of one that was not trained here.
        augmentation: settings of the network's training run by transformation; images are not mixed.
        repeats: number of evaluations with augmentation.
        classes: names; the position of a name is its label.
    """

    model: str
    network_id: str
    seed: int
    splits: str
    predictions: dict[str, str]
    test_images: str
    teacher_labels: str | None
    own_labels: str | None
    augmentation: dict
    repeats: int
    classes: list[str]


def write_evaluation(network: Measured, evaluation: str, augmented: str) -> None:
    """Measure a network's loss (2) and accuracy (12) on every part, and on test with its own augmentation.

    Args:
        network: what is measured.
        evaluation: CSV to write: split, labels (manual / teacher), augmented, repeat (from 1; 0 without
            augmentation), loss, accuracy, label_fit (on train without augmentation, see `evaluation_row`).
        augmented: file to write: image_id, repeat, and logit and probability of each output, see `core.outputs`, of the
            augmented test part; without rows for a network that was trained without augmentation; its lineage is
            written beside it.

    Raises:
        InputError: a file is of another network, seed or split, or the predictions are of another model.
    """
    made_from = {"splits": network.splits, "model": network.model}
    check_lineage(network.model, network.network_id, network.seed, splits=network.splits)
    manual = read_csv(network.splits)
    labels, rows = _labels(network, manual), []
    trained_on = _trained_on(network, manual)

    def measure(part: str, repeat: int, prediction: ByImage) -> None:
        of_part = (manual["split"] == part).to_numpy()
        what = f"the labels of {part}", f"predictions of {network.network_id}"
        joined = prediction.in_order_of(manual["image_id"][of_part], *what)
        for kind, label in labels.items():
            own = trained_on[of_part] if part == TRAIN and trained_on is not None else None
            values = joined["logit"], joined["probability"], label[of_part]
            rows.append(evaluation_row(part, kind, repeat, *values, trained_on=own))

    for part, path in network.predictions.items():
        prediction = read_predictions(path, network.network_id, network.seed, **made_from)
        measure(part, 0, prediction)
        if part == TEST:
            ids = prediction.image_id
    nothing = np.empty((0, number_of_outputs(len(network.classes))), np.float32)
    found = [{"repeat": np.empty(0, int), "logit": nothing, "probability": nothing}]
    for repeat, (logit, probability) in enumerate(_augmented(network), start=1):
        of_classes = {"logit": logits_of_classes(logit), "probability": shares_of_classes(probability)}
        measure(TEST, repeat, ByImage(ids, of_classes))
        found.append({"repeat": np.full(len(ids), repeat), "logit": logit, "probability": probability})
    values = {name: np.concatenate([one[name] for one in found]) for name in found[0]}
    write_by_image(augmented, pd.concat([ids[:0], *[ids] * (len(found) - 1)]), values, network.classes)
    record_lineage(augmented, network.network_id, network.seed, **made_from)  # type: ignore[arg-type]  # no settings
    write_csv(pd.DataFrame(rows), evaluation)


def _labels(network: Measured, manual: pd.DataFrame) -> dict[str, np.ndarray]:
    """The labels that a network is measured by, float [n, classes], in the order of the manual ones."""
    classes = len(network.classes)
    labels = {"manual": labels_of_classes(manual["label"].to_numpy(), classes)}
    if network.teacher_labels is not None:
        first_student = Network(parsed(network.network_id).family, 0).id
        given = read_labels(network.teacher_labels, first_student, network.seed, network.splits, classes)
        labels["teacher"] = given.in_order_of(manual["image_id"], network.splits, network.teacher_labels)["label"]
    return labels


def _trained_on(network: Measured, manual: pd.DataFrame) -> np.ndarray | None:
    """The labels that a network was trained on, float [n, classes], in the order of the manual ones, or None."""
    if network.own_labels is None:
        return None
    classes = len(network.classes)
    given = read_labels(network.own_labels, network.network_id, network.seed, network.splits, classes)
    return given.in_order_of(manual["image_id"], network.splits, network.own_labels)["label"]


def _augmented(network: Measured) -> Iterator[list[np.ndarray]]:
    """Logit and probability of the augmented test part, float32 [n, outputs] each, as often as it is evaluated."""
    augmentation = of_one_image(network.augmentation)
    if not active(augmentation):
        return
    forward = forward_for(evaluation_model(load_network(network.model), augmentation))
    images = MappedImages(network.test_images)
    for repeat in range(1, network.repeats + 1):
        drawn = network.seed, network.network_id, "evaluation", repeat
        yield predicted(forward, images, draw(augmentation, *drawn, *images.shape[:2]))
