"""Loss and accuracy of a network on every part, and on test with its own augmentation."""

import pandas as pd

from snakedistill.core.files import read_csv, write_csv
from snakedistill.core.joins import join_one_to_one
from snakedistill.core.lineage import check_lineage, read_labels, read_predictions, record_lineage
from snakedistill.core.network_ids import Network, parsed
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
    evaluation: str,
    augmented: str,
) -> None:
    """Measure a network's loss (2) and accuracy (12) on every part, and on test with its own augmentation.

    Args:
        model: .keras file of the network.
        network_id: keys the random draws, together with `seed`.
        seed: training seed, which keys the draws too.
        splits: CSV with image_id, manual label and split.
        predictions: CSV of the network's predictions by part, of unaugmented images.
        test_images: array of the test part.
        teacher_labels: CSV with the teacher's labels of every image, those of its family's first student, for a network
            that never saw manual ones; else None.
        augmentation: settings of the network's training by transformation.
        repeats: number of evaluations with augmentation.
        evaluation: CSV to write: split, labels (manual / teacher), augmented, repeat (from 1; 0 without
            augmentation), loss, accuracy.
        augmented: CSV to write: image_id, repeat, logit, probability of the augmented test part; without rows for a
            network that was trained without augmentation; its lineage is written beside it.

    Raises:
        InputError: a file is of another network, seed or split, or the predictions are of another model.
    """
    check_lineage(model, network_id, seed, splits=splits)
    labels = {"manual": read_csv(splits)}
    if teacher_labels is not None:
        first_student = Network(parsed(network_id).family, 0).id
        given = read_labels(teacher_labels, first_student, seed, splits)
        split = labels["manual"][["image_id", "split"]]
        labels["teacher"] = join_one_to_one(split, given, splits, teacher_labels)
    rows = []

    def measure(kind: str, part: str, repeat: int, prediction: pd.DataFrame) -> None:
        of_part = labels[kind][labels[kind]["split"] == part]
        joined = join_one_to_one(of_part, prediction, f"{kind} labels of {part}", f"predictions of {network_id}")
        rows.append(evaluation_row(part, kind, repeat, joined))

    plain = {
        part: read_predictions(path, network_id, seed, splits=splits, model=model) for part, path in predictions.items()
    }
    for part, prediction in plain.items():
        for kind in labels:
            measure(kind, part, 0, prediction)
    repeated = [pd.DataFrame(columns=["image_id", "repeat", "logit", "probability"])]
    if active(augmentation):
        forward = forward_for(evaluation_model(load_network(model), augmentation))
        images = MappedImages(test_images)
        for repeat in range(1, repeats + 1):
            draws = draw(augmentation, seed, network_id, "evaluation", repeat, *images.shape[:2])
            logit, probability = predicted(forward, images, draws)
            ids = {"image_id": plain[TEST]["image_id"], "repeat": repeat}
            prediction = pd.DataFrame(ids | {"logit": logit, "probability": probability})
            for kind in labels:
                measure(kind, TEST, repeat, prediction)
            repeated.append(prediction)
    write_csv(pd.concat(repeated[1:] or repeated), augmented)
    record_lineage(augmented, network_id, seed, splits=splits, model=model)
    write_csv(pd.DataFrame(rows), evaluation)
