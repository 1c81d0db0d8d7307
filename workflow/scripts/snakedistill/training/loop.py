"""The training loop: Adam, its learning rate, and the weights of the best epoch."""

import functools
import itertools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TextIO

import keras
import numpy as np
import pandas as pd
from keras import ops
from tqdm import tqdm

from snakedistill.core.by_image import ByImage
from snakedistill.core.errors import InputError
from snakedistill.core.files import read_csv, write_csv, written_whole
from snakedistill.core.lineage import check_lineage, read_labels, record_lineage, training_settings
from snakedistill.core.network_ids import TEACHER
from snakedistill.core.outputs import logits_of_classes, outputs_of_classes, shares_of_classes
from snakedistill.core.parts import TRAIN, VALIDATION
from snakedistill.data.images import JoinedImages, MappedImages
from snakedistill.measures import metrics
from snakedistill.networks import fused
from snakedistill.networks.augmentation.draws import draw, no_draws, random_stream
from snakedistill.networks.classifier import build_network, load_network, probabilities
from snakedistill.networks.training_model import evaluation_model, faster_precision, training_model
from snakedistill.teaching import taught
from snakedistill.teaching.class_weights import BALANCED, balanced_weights, weight_of_labels, weighted
from snakedistill.teaching.consistent import labels_of_views
from snakedistill.teaching.way import Way
from snakedistill.training.batches import batches
from snakedistill.training.checkpoints import Checkpoint, Checkpoints, fingerprint_of_training
from snakedistill.training.forward import predicted
from snakedistill.training.launches import Launch, Step, forward_for, launch_for, near_the_device

SECONDS_BETWEEN_CHECKPOINTS = 10.0
HISTORY = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"]


def train(
    network_id: str,
    way: str,
    recipe: dict,
    image_size: int,
    precision: str,
    seed: int,
    arrays: dict[str, str],
    splits: str,
    labels: str,
    classes: int,
    model: str,
    history: str,
    checkpoints: str,
    code: str = "",
    backbone: str | None = None,
    weights: str | None = None,
    terminal: TextIO | None = None,
    options: dict | None = None,
    source: str | None = None,
    source_model: str | None = None,
    unlabelled: dict[str, str] | None = None,
    stop_after: int | None = None,
) -> None:
    """Train a network and save the weights of the epoch with the best validation accuracy (the first of equals).

    After an epoch a checkpoint is saved, unless that was done less than ten seconds before or it was the last epoch. A
    training run that was killed resumes from there when this is called again, and ends with the same weights and
    history, bit for bit (on a CPU with the same number of threads), as one that was never killed.

    Args:
        network_id: for example `soft-3`; it keys the random draws, together with `seed`.
        way: how it is taught, a key of `teaching.WAYS`.
        recipe: the config's `teacher` or `student` keys, complete.
        image_size: side in pixels.
        precision: `float32` or `bfloat16`, of the training run alone; `auto`: see `faster_precision`.
        seed: training seed, of the initial weights, the order of images, Dropout and the augmentation.
        arrays: path of the images by part (`train` and `validation` are read).
        splits: CSV with image_id and split, in the order of the arrays.
        labels: file with image_id and label of every image.
        classes: number of classes.
        model: .keras file to write, its lineage beside it.
        history: CSV to write: epoch (from 1), loss, accuracy, val_loss, val_accuracy, learning_rate, seconds. With
            class weights both losses are weighted, by the weights of the labels of train.
        checkpoints: folder for the checkpoints; it is deleted when the network is saved.
        code: fingerprint of the code; a checkpoint from different code is not resumed.
        backbone: overrides the recipe's, where the file is elsewhere.
        weights: file of the backbone's weights, or None.
        terminal: where the finished training run leaves a line, and where a progress bar is drawn if it is a terminal.
        options: of the way to teach, settings by key of `teaching.OPTIONS`.
        source: id of the source of labels, where it answers the augmented images in training; else None.
        source_model: its .keras file.
        unlabelled: files of images without a manual label that join those of train: `images`, the array, and `labels`,
            in the order of the array; None for none.
        stop_after: of a stage of the teacher: the epochs after which its training run stops; it has the draws and
            initial weights of the teacher. None: after the recipe's.

    Raises:
        InputError: labels and images do not match, the labels or the source's model are of another network, seed or
            split, or the loss is no longer a number.
    """
    drawn_as = network_id if stop_after is None else TEACHER
    keras.utils.set_random_seed(int(random_stream(seed, drawn_as, "weights").integers(2**31)))
    network = build_network(
        network_id,
        image_size,
        backbone or recipe["backbone"],
        weights,
        recipe["preprocessing"],
        recipe["dropout"],
        recipe["batch_norm_momentum"],
        classes,
    )
    read = functools.partial(read_labels, network_id=network_id, seed=seed, splits=splits, classes=classes)
    images = {part: MappedImages(arrays[part]) for part in (TRAIN, VALIDATION)}
    targets, weight = _targets(splits, labels, read(labels), images)
    if unlabelled is not None:
        images[TRAIN] = JoinedImages(images[TRAIN], MappedImages(unlabelled["images"]))
        more = outputs_of_classes(read(unlabelled["labels"])["label"]).astype(np.float32)
        targets[TRAIN] = np.concatenate([targets[TRAIN], more])
        print(f"{network_id}: trains on {len(images[TRAIN])} images, of which {len(more)} have no manual label")
    images = {part: near_the_device(of_part) for part, of_part in images.items()}
    batch_size, augmentation = recipe["batch_size"], recipe["augmentation"]
    epochs = recipe["epochs"] if stop_after is None else stop_after
    steps = math.ceil(len(images[TRAIN]) / batch_size)

    used_precision = faster_precision(network) if precision == "auto" else precision
    print(f"{network_id}: trains in {used_precision}")
    training = training_model(network, used_precision, augmentation)
    way_taught = taught(way, options or {})
    loss, of_classes = way_taught.loss(targets[TRAIN].shape[1]), np.ones(classes)
    if recipe["class_weights"] == BALANCED:
        of_classes = balanced_weights(targets[TRAIN])
        loss = weighted(loss, of_classes)
        print(f"{network_id}: weights of the classes in the loss: {', '.join(f'{one:.4g}' for one in of_classes)}")
    compile_for_training(training, learning_rate(recipe, steps), loss)

    weights_of_images = {
        TRAIN: weight[TRAIN].astype(np.float32) if weight else None,
        VALIDATION: weight_of_labels(targets[VALIDATION].astype(np.float64), of_classes) * weight.get(VALIDATION, 1.0),
    }
    validation = _Validation(way_taught, shares_of_classes(targets[VALIDATION]), weights_of_images[VALIDATION])
    launch, forward = launch_for(training, bool(weight)), forward_for(training)
    answer = None
    if source_model is not None:
        check_lineage(source_model, source, seed, splits=splits)
        answer = forward_for(evaluation_model(load_network(source_model), augmentation))

    settings = training_settings(recipe, image_size, precision, keras.backend.backend(), options)
    determined_by = {
        "network": network_id,
        "way": way,
        "seed": seed,
        "code": code,
        "keras": keras.__version__,
        "used_precision": used_precision,
    } | settings
    files = [splits, labels, *(arrays[part] for part in images), *filter(None, (backbone, weights, source_model))]
    files += (unlabelled or {}).values()
    saved = Checkpoints(checkpoints, fingerprint_of_training(determined_by, files))
    rows: list[dict] = []
    best_accuracy, best_weights = -1.0, None
    variables = [*training.variables, *training.optimizer.variables]
    checkpoint = saved.latest()
    if checkpoint is not None:
        for variable, value in zip(variables, checkpoint.variables, strict=True):
            variable.assign(value)
        rows, best_weights = checkpoint.history, checkpoint.best
        best_accuracy = max(row["val_accuracy"] for row in rows)
        print(f"{network_id}: resumes after epoch {len(rows)} of {epochs}")
    done, saved_at = len(rows), time.monotonic()
    shown = {"desc": network_id, "file": terminal, "disable": None, "leave": False}
    with tqdm(total=epochs * steps, initial=done * steps, **shown) as bar:
        for epoch in range(done + 1, epochs + 1):
            start = time.perf_counter()
            order = random_stream(seed, drawn_as, "order", epoch).permutation(len(images[TRAIN]))
            draws = draw(augmentation, seed, drawn_as, TRAIN, epoch, *images[TRAIN].shape[:2])
            passed = batches(images[TRAIN], batch_size, draws, targets[TRAIN], order, weights_of_images[TRAIN])
            if answer is not None:
                passed = labels_of_views(passed, answer, way_taught)
            mean_loss, mean_accuracy = fit_epoch(training, passed, bar.update, launch)
            if not math.isfinite(mean_loss):
                raise InputError(
                    f"{network_id}: the loss is {mean_loss} in epoch {epoch}. Try a lower learning_rate than "
                    f"{recipe['learning_rate']}, or precision: float32."
                )
            draws = no_draws(augmentation, len(images[VALIDATION]))
            if recipe["validation_augmentation"]:
                draws = draw(augmentation, seed, drawn_as, VALIDATION, epoch, *images[VALIDATION].shape[:2])
            (logit,) = predicted(forward, images[VALIDATION], draws)
            val_loss, val_accuracy = validation.loss_and_accuracy(logit)
            row = {
                "epoch": epoch,
                "loss": mean_loss,
                "accuracy": mean_accuracy,
                "val_loss": val_loss,
                "val_accuracy": val_accuracy,
                "learning_rate": float(ops.convert_to_numpy(training.optimizer.learning_rate)),
                "seconds": round(time.perf_counter() - start, 3),
            }
            rows.append(row)
            if val_accuracy > best_accuracy:
                best_accuracy, best_weights = val_accuracy, training.get_weights()
            line = f"loss {mean_loss:.3f}, validation accuracy {val_accuracy:.3f}, best {best_accuracy:.3f}"
            if epoch < epochs and time.monotonic() - saved_at >= SECONDS_BETWEEN_CHECKPOINTS:
                saved.save(Checkpoint([ops.convert_to_numpy(variable) for variable in variables], best_weights, rows))
                saved_at = time.monotonic()
            bar.set_postfix_str(line)
            print(f"{network_id}: epoch {epoch}/{epochs}: {line}, {row['seconds']:.1f} s", flush=True)

    if rows and best_accuracy <= validation.chance:
        print(
            f"Warning: {network_id}: no epoch of {epochs} did better on validation than always the same answer, "
            f"{validation.chance:.3f}. Try another learning_rate than {recipe['learning_rate']}, or more epochs."
        )
    network.set_weights(training.get_weights() if best_weights is None else best_weights)
    with written_whole(model) as temporary:
        network.save(temporary)
    made_from = {"splits": splits, "labels": labels} | ({"source": source_model} if source_model else {})
    made_from |= {"unlabelled": unlabelled["labels"]} if unlabelled else {}
    record_lineage(model, network_id, seed, settings, **made_from)
    write_csv(pd.DataFrame(rows, columns=HISTORY), history)
    saved.remove()
    if not rows:
        return
    best = max(rows, key=lambda row: row["val_accuracy"])
    line = f"{network_id}, seed {seed}: best epoch {best['epoch']} of {epochs}, validation accuracy "
    line += f"{best['val_accuracy']:.3f}, {sum(row['seconds'] for row in rows):.0f} s"
    print(line, file=terminal, flush=True)


@dataclass(frozen=True)
class _Validation:
    """What the validation part says of a network, by labels of the kind that it is trained with.

    Attributes:
        way: how it is taught.
        label: shares of the classes, float [n, K].
        weight: of each image in the loss, float64 [n].
    """

    way: Way
    label: np.ndarray
    weight: np.ndarray

    @functools.cached_property
    def answer(self) -> np.ndarray:
        """The class with the largest share, int [n]."""
        return metrics.answer(self.label)

    @property
    def chance(self) -> float:
        """Accuracy of always the same answer."""
        return metrics.chance(self.answer)

    def loss_and_accuracy(self, logit: np.ndarray) -> tuple[float, float]:
        """Mean loss and accuracy, from the outputs of the network, float32 [n, outputs]."""
        of_images = self.way.loss_of_images(logits_of_classes(logit), self.label)
        probability = shares_of_classes(ops.convert_to_numpy(probabilities(logit)))
        return float(np.mean(self.weight * of_images)), metrics.accuracy(probability, self.answer)


def compile_for_training(
    model: keras.Model, rate: float | keras.optimizers.schedules.LearningRateSchedule, loss: keras.losses.Loss
) -> None:
    """Compile a model of logits with Adam, a loss, and accuracy, formula (12) of the paper."""
    model.compile(
        optimizer=fused.Adam(rate),
        loss=loss,
        metrics=[keras.metrics.MeanMetricWrapper(correct, name="accuracy")],
    )
    # Built here, its variables are not made inside the first training step, which would then be traced twice.
    model.optimizer.build(model.trainable_variables)


def correct(label, logit):
    """Formula (11) for Keras: 1 where prediction and label have the same answer; tensors [n, outputs]."""
    return ops.cast(ops.equal(_answer(probabilities(logit)), _answer(label)), "float32")


def _answer(values):
    """As `metrics.answer`, of outputs of a network."""
    return values > metrics.THRESHOLD if values.shape[-1] == 1 else ops.argmax(values, axis=-1)


def fit_epoch(
    model: keras.Model,
    passed: Iterator[tuple],
    after_steps: Callable[[int], object],
    launch: Step | Launch | None = None,
) -> np.ndarray:
    """Train on every batch once.

    Args:
        model: compiled.
        passed: (inputs, label) or (inputs, label, weight) of each batch.
        after_steps: called with the number of steps just done.
        launch: trains on one or several batches in a call; None: Keras's `train_on_batch`.

    Returns:
        Mean loss and accuracy of the images, float64 [2].
    """
    sums, images = np.zeros(2), 0
    while group := list(itertools.islice(passed, launch.steps if launch else 1)):
        sizes = [len(batch[1]) for batch in group]
        # The last batch of an epoch may be a smaller one, and the last group may have fewer.
        if launch and sizes == [sizes[0]] * launch.steps:
            found = launch(group)
        else:
            found = np.array([model.train_on_batch(*batch) for batch in group])
        sums += sizes @ found
        images += sum(sizes)
        after_steps(len(group))
    return sums / images


def learning_rate(recipe: dict, steps_per_epoch: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate by step: constant, with the paper's decay, or a cosine that ends at 0 with the last epoch.

    With decay d the rate at step t (from 1) is learning_rate / (1 + d (t - 1)), the paper's formula (9), which was
    Keras 2's `decay` argument; Adam's bias correction in (9) is Adam's own.
    """
    rate = recipe["learning_rate"]
    if recipe["schedule"] == "cosine":
        return keras.optimizers.schedules.CosineDecay(rate, recipe["epochs"] * steps_per_epoch)
    if recipe["decay"] > 0:
        return keras.optimizers.schedules.InverseTimeDecay(rate, decay_steps=1, decay_rate=recipe["decay"])
    return rate


def _targets(
    splits: str, labels: str, given: ByImage, images: dict[str, MappedImages]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The label of each output of the network by part, float32 [n, outputs], in the order of the images; and weights.

    The weights of the images are float64 [n] by part; empty where there are none.
    """
    split = read_csv(splits)
    given = given.in_order_of(split["image_id"], splits, labels)
    label = outputs_of_classes(given["label"]).astype(np.float32)
    targets = {part: label[split["split"] == part] for part in images}
    weight = {part: given["weight"][split["split"] == part] for part in images if "weight" in given.values}
    for part, target in targets.items():
        if len(target) != len(images[part]):
            raise InputError(
                f"{splits} has {len(target)} images of {part}, the array has {len(images[part])}: make both again"
            )
    return targets, weight
