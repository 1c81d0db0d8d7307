"""Forward passes in float32: predictions of every image, and the evaluation with augmentation."""

import keras
import pandas as pd
from keras import layers

from snakedistill import metrics
from snakedistill.augmentation import Augmentation, draw, random_stream
from snakedistill.errors import InputError
from snakedistill.files import join_one_to_one, write_csv
from snakedistill.images import MappedImages
from snakedistill.launches import forward_for
from snakedistill.lineage import check_lineage, read_labels, read_predictions, record_lineage
from snakedistill.networks import load_network, logit_and_probability
from snakedistill.training import predicted


def write_predictions(
    model: str, network_id: str, seed: int, splits: str, arrays: dict[str, str], predictions: dict[str, str]
) -> None:
    """Write the predictions of a saved network for the unaugmented images of every part, and their lineage beside them.

    Args:
        model: .keras file of the network.
        network_id: for example `soft-3`.
        seed: of its training.
        splits: CSV with image_id and split, in the order of the arrays.
        arrays: path of the images by part.
        predictions: CSV to write by part: image_id, logit, probability (float32, 9 significant digits).

    Raises:
        InputError: the images do not match the split, or the model is of another network, seed or split.
    """
    check_lineage(model, network_id, seed, splits=splits)
    forward = forward_for(logit_and_probability(load_network(model)))
    ids = pd.read_csv(splits)
    for part, path in predictions.items():
        images = MappedImages(arrays[part])
        of_part = ids["image_id"][ids["split"] == part]
        if len(of_part) != len(images):
            raise InputError(
                f"{splits} has {len(of_part)} images of {part}, {arrays[part]} has {len(images)}: make both again"
            )
        logit, probability = predicted(forward, images)
        write_csv(pd.DataFrame({"image_id": of_part, "logit": logit, "probability": probability}), path)
        record_lineage(path, network_id, seed, splits=splits, model=model)


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
        seed: of the network's training, and of the draws.
        splits: CSV with image_id, manual label and split.
        predictions: CSV of the network's predictions by part, of unaugmented images.
        test_images: array of the test part.
        teacher_labels: CSV with the teacher's labels of every image, those of its family's first student, for a network
            that never saw manual ones; else None.
        augmentation: of the network's training: flip and shift.
        repeats: evaluations with augmentation.
        evaluation: CSV to write: split, labels (manual / teacher), augmented, repeat (from 1; 0 without
            augmentation), loss, accuracy.
        augmented: CSV to write: image_id, repeat, logit, probability of the augmented test part; without rows for a
            network that was trained without augmentation; its lineage is written beside it.

    Raises:
        InputError: a file is of another network, seed or split, or the predictions are of another model.
    """
    check_lineage(model, network_id, seed, splits=splits)
    labels = {"manual": pd.read_csv(splits)}
    if teacher_labels is not None:
        first_student = f"{network_id.rpartition('-')[0]}-0"
        given = read_labels(teacher_labels, first_student, seed, splits)
        split = labels["manual"][["image_id", "split"]]
        labels["teacher"] = join_one_to_one(split, given, splits, teacher_labels)
    rows = []

    def measure(kind: str, part: str, repeat: int, prediction: pd.DataFrame) -> None:
        of_part = labels[kind][labels[kind]["split"] == part]
        joined = join_one_to_one(of_part, prediction, f"{kind} labels of {part}", f"predictions of {network_id}")
        rows.append(
            {
                "split": part,
                "labels": kind,
                "augmented": "yes" if repeat else "no",
                "repeat": repeat,
                "loss": metrics.loss(joined["logit"], joined["label"]),
                "accuracy": metrics.accuracy(joined["probability"], joined["label"]),
            }
        )

    plain = {
        part: read_predictions(path, network_id, seed, splits=splits, model=model) for part, path in predictions.items()
    }
    for part, prediction in plain.items():
        for kind in labels:
            measure(kind, part, 0, prediction)
    repeated = [pd.DataFrame(columns=["image_id", "repeat", "logit", "probability"])]
    if augmentation["flip"] or augmentation["shift"]:
        forward = forward_for(_augmented(load_network(model)))
        images = MappedImages(test_images)
        for repeat in range(1, repeats + 1):
            stream = random_stream(seed, network_id, "evaluation", repeat)
            draws = draw(stream, len(images), images.shape[1], **augmentation)
            logit, probability = predicted(forward, images, draws)
            ids = {"image_id": plain["test"]["image_id"], "repeat": repeat}
            prediction = pd.DataFrame(ids | {"logit": logit, "probability": probability})
            for kind in labels:
                measure(kind, "test", repeat, prediction)
            repeated.append(prediction)
    write_csv(pd.concat(repeated[1:] or repeated), augmented)
    record_lineage(augmented, network_id, seed, splits=splits, model=model)
    write_csv(pd.DataFrame(rows), evaluation)


def _augmented(network: keras.Model) -> keras.Model:
    images = layers.Input(network.input.shape[1:], dtype="uint8")
    flip, shift = layers.Input(()), layers.Input((2,))
    return keras.Model([images, flip, shift], logit_and_probability(network)(Augmentation()(images, flip, shift)))
