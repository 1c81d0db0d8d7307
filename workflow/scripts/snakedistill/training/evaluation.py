"""Loss and accuracy of a network on every part, and on test with its own augmentation."""

import numpy as np
import pandas as pd

from snakedistill.core.by_image import ByImage, write_by_image
from snakedistill.core.files import read_csv, write_csv
from snakedistill.core.lineage import check_lineage, read_labels, read_predictions, record_lineage
from snakedistill.core.network_ids import Network, parsed
from snakedistill.core.outputs import labels_of_classes, logits_of_classes, number_of_outputs, shares_of_classes
from snakedistill.core.parts import TEST
from snakedistill.data.images import MappedImages
from snakedistill.measures.evaluation import evaluation_row
from snakedistill.networks.augmentation import active
from snakedistill.networks.augmentation.draws import draw
from snakedistill.networks.classifier import load_network
from snakedistill.networks.training_model import evaluation_model
from snakedistill.training.forward import predicted
from snakedistill.training.launches import forward_for


def write_evaluation(
    model: str,
    network_id: str,
    seed: int,
    splits: str,
    predictions: dict[str, str],
    test_images: str,
    teacher_labels: str | None,
    augmentation: dict,
    repeats: int,
    classes: list[str],
    evaluation: str,
    augmented: str,
) -> None:
    """Measure a network's loss (2) and accuracy (12) on every part, and on test with its own augmentation.

    Args:
        model: .keras file of the network.
        network_id: keys the random draws, together with `seed`.
        seed: training seed, which keys the draws too.
        splits: CSV with image_id, manual label and split.
        predictions: files of the network's predictions by part, of unaugmented images.
        test_images: array of the test part.
        teacher_labels: file with the teacher's labels of every image, those of its family's first student, for a
            network that never saw manual ones; else None.
        augmentation: settings of the network's training by transformation.
        repeats: number of evaluations with augmentation.
        classes: names; the position of a name is its label.
        evaluation: CSV to write: split, labels (manual / teacher), augmented, repeat (from 1; 0 without
            augmentation), loss, accuracy.
        augmented: file to write: image_id, repeat, and logit and probability of each output, see `core.outputs`, of the
            augmented test part; without rows for a network that was trained without augmentation; its lineage is
            written beside it.

    Raises:
        InputError: a file is of another network, seed or split, or the predictions are of another model.
    """
    check_lineage(model, network_id, seed, splits=splits)
    manual = read_csv(splits)
    labels = {"manual": labels_of_classes(manual["label"].to_numpy(), len(classes))}
    if teacher_labels is not None:
        first_student = Network(parsed(network_id).family, 0).id
        given = read_labels(teacher_labels, first_student, seed, splits, len(classes))
        labels["teacher"] = given.in_order_of(manual["image_id"], splits, teacher_labels)["label"]
    rows = []

    def measure(kind: str, part: str, repeat: int, prediction: ByImage) -> None:
        of_part = (manual["split"] == part).to_numpy()
        ids = manual["image_id"][of_part]
        joined = prediction.in_order_of(ids, f"the labels of {part}", f"predictions of {network_id}")
        rows.append(evaluation_row(part, kind, repeat, joined["logit"], joined["probability"], labels[kind][of_part]))

    plain = {
        part: read_predictions(path, network_id, seed, splits=splits, model=model) for part, path in predictions.items()
    }
    for part, prediction in plain.items():
        for kind in labels:
            measure(kind, part, 0, prediction)
    ids, repeated = plain[TEST].image_id, []
    if active(augmentation):
        forward = forward_for(evaluation_model(load_network(model), augmentation))
        images = MappedImages(test_images)
        for repeat in range(1, repeats + 1):
            draws = draw(augmentation, seed, network_id, "evaluation", repeat, *images.shape[:2])
            logit, probability = predicted(forward, images, draws)
            of_classes = {"logit": logits_of_classes(logit), "probability": shares_of_classes(probability)}
            for kind in labels:
                measure(kind, TEST, repeat, ByImage(ids, of_classes))
            repeated.append({"repeat": np.full(len(ids), repeat), "logit": logit, "probability": probability})
    nothing = np.empty((0, number_of_outputs(len(classes))), np.float32)
    repeated = [{"repeat": np.empty(0, int), "logit": nothing, "probability": nothing}, *repeated]
    values = {name: np.concatenate([one[name] for one in repeated]) for name in repeated[0]}
    write_by_image(augmented, pd.concat([ids[:0], *[ids] * (len(repeated) - 1)]), values, classes)
    record_lineage(augmented, network_id, seed, splits=splits, model=model)
    write_csv(pd.DataFrame(rows), evaluation)
