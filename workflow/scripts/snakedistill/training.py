"""Training one network: batches, Adam as the paper has it, and the weights of the best epoch."""

import itertools
import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TextIO

import keras
import numpy as np
import pandas as pd
from keras import ops
from tqdm import tqdm

from snakedistill import fused, metrics
from snakedistill.augmentation import Draws, draw, random_stream
from snakedistill.checkpoints import Checkpoints, State, fingerprint_of_training
from snakedistill.errors import InputError
from snakedistill.files import join_one_to_one, write_csv, written_whole
from snakedistill.images import MappedImages
from snakedistill.launches import ImagesOnDevice, Launch, Step, forward_for, launch_for, near_the_device
from snakedistill.lineage import read_labels, record_lineage, training_settings
from snakedistill.networks import build_network, training_twin

PREDICTION_BATCH_SIZE = 64
READ_AHEAD = 2  # batches
SECONDS_BETWEEN_STATES = 10.0


def train(
    network_id: str,
    recipe: dict,
    image_size: int,
    precision: str,
    seed: int,
    arrays: dict[str, str],
    splits: str,
    labels: str,
    model: str,
    history: str,
    checkpoints: str,
    code: str = "",
    backbone: str | None = None,
    weights: str | None = None,
    terminal: TextIO | None = None,
) -> None:
    """Train a network and save the weights of the epoch with the best validation accuracy (the first of equals).

    After an epoch a checkpoint is saved, unless that was done less than ten seconds before or it was the last epoch. A
    training run that was killed resumes from there when this is called again, and ends with the same weights and
    history, bit for bit (on a CPU with the same number of threads), as one that was never killed.

    Args:
        network_id: for example `soft-3`; it keys the random draws, together with `seed`.
        recipe: the config's `teacher` or `student` keys, complete.
        image_size: side in pixels.
        precision: `float32` or `bfloat16`, of the training alone.
        seed: of the initial weights, the order of images, Dropout and the augmentation.
        arrays: path of the images by part (`train` and `validation` are read).
        splits: CSV with image_id and split, in the order of the arrays.
        labels: CSV with image_id and label in [0, 1], of every image.
        model: .keras file to write, its lineage beside it.
        history: CSV to write: epoch (from 1), loss, accuracy, val_loss, val_accuracy, learning_rate, seconds.
        checkpoints: folder for the states; gone when the network is saved.
        code: fingerprint of the code; a checkpoint from different code is not resumed.
        backbone: overrides the recipe's, where the file is elsewhere.
        weights: file of the backbone's weights, or None.
        terminal: where the finished training run leaves a line, and where a progress bar is drawn if it is a terminal.

    Raises:
        InputError: labels and images do not match, the labels are of another network, seed or split, or the loss is no
            longer a number.
    """
    keras.utils.set_random_seed(int(random_stream(seed, network_id, "weights").integers(2**31)))
    network = build_network(
        network_id,
        image_size,
        backbone or recipe["backbone"],
        weights,
        recipe["preprocessing"],
        recipe["dropout"],
        recipe["batch_norm_momentum"],
    )
    images = {part: MappedImages(arrays[part]) for part in ("train", "validation")}
    targets = _targets(splits, labels, read_labels(labels, network_id, seed, splits), images)
    images = {part: near_the_device(of_part) for part, of_part in images.items()}
    batch_size, epochs = recipe["batch_size"], recipe["epochs"]
    steps = math.ceil(len(images["train"]) / batch_size)

    twin = training_twin(network, precision)
    compile_for_training(twin, learning_rate(recipe, steps))

    launch, forward = launch_for(twin), forward_for(twin)

    settings = training_settings(recipe, image_size, precision, keras.backend.backend())
    determined_by = {"network": network_id, "seed": seed, "code": code, "keras": keras.__version__} | settings
    files = [splits, labels, *(arrays[part] for part in images), *filter(None, (backbone, weights))]
    saved = Checkpoints(checkpoints, fingerprint_of_training(determined_by, files))
    rows: list[dict] = []
    best_accuracy, best_weights = -1.0, None
    variables = [*twin.variables, *twin.optimizer.variables]
    state = saved.latest()
    if state is not None:
        for variable, value in zip(variables, state.variables, strict=True):
            variable.assign(value)
        rows, best_weights = state.history, state.best
        best_accuracy = max(row["val_accuracy"] for row in rows)
        print(f"{network_id}: resumes after epoch {len(rows)} of {epochs}")
    done, saved_at = len(rows), time.monotonic()
    shown = {"desc": network_id, "file": terminal, "disable": None, "leave": False}
    with tqdm(total=epochs * steps, initial=done * steps, **shown) as bar:
        for epoch in range(done + 1, epochs + 1):
            start = time.perf_counter()
            order = random_stream(seed, network_id, "order", epoch).permutation(len(images["train"]))
            draws = _draws(recipe["augmentation"], seed, network_id, "train", epoch, images["train"])
            passed = batches(images["train"], batch_size, draws, targets["train"], order)
            mean_loss, mean_accuracy = fit_epoch(twin, passed, bar.update, launch)
            if not math.isfinite(mean_loss):
                raise InputError(
                    f"{network_id}: the loss is {mean_loss} in epoch {epoch}. Try a lower learning_rate than "
                    f"{recipe['learning_rate']}, or precision: float32."
                )
            augmentation = recipe["augmentation"] if recipe["validation_augmentation"] else None
            draws = _draws(augmentation, seed, network_id, "validation", epoch, images["validation"])
            (logit,) = predicted(forward, images["validation"], draws)
            row = {
                "epoch": epoch,
                "loss": mean_loss,
                "accuracy": mean_accuracy,
                "val_loss": metrics.loss(logit, targets["validation"]),
                "val_accuracy": metrics.accuracy(_sigmoid(logit), targets["validation"]),
                "learning_rate": float(ops.convert_to_numpy(twin.optimizer.learning_rate)),
                "seconds": round(time.perf_counter() - start, 3),
            }
            rows.append(row)
            if row["val_accuracy"] > best_accuracy:
                best_accuracy, best_weights = row["val_accuracy"], twin.get_weights()
            line = f"loss {row['loss']:.3f}, validation accuracy {row['val_accuracy']:.3f}, best {best_accuracy:.3f}"
            if epoch < epochs and time.monotonic() - saved_at >= SECONDS_BETWEEN_STATES:
                saved.save(State([ops.convert_to_numpy(variable) for variable in variables], best_weights, rows))
                saved_at = time.monotonic()
            bar.set_postfix_str(line)
            print(f"{network_id}: epoch {epoch}/{epochs}: {line}, {row['seconds']:.1f} s", flush=True)

    chance = metrics.chance(targets["validation"])
    if best_accuracy <= chance:
        print(
            f"Warning: {network_id}: no epoch of {epochs} did better on validation than always the same answer, "
            f"{chance:.3f}. Try another learning_rate than {recipe['learning_rate']}, or more epochs."
        )
    network.set_weights(best_weights)
    with written_whole(model) as temporary:
        network.save(temporary)
    record_lineage(model, network_id, seed, settings, splits=splits, labels=labels)
    write_csv(pd.DataFrame(rows), history)
    saved.remove()
    best = max(rows, key=lambda row: row["val_accuracy"])
    line = f"{network_id}, seed {seed}: best epoch {best['epoch']} of {epochs}, validation accuracy "
    line += f"{best['val_accuracy']:.3f}, {sum(row['seconds'] for row in rows):.0f} s"
    print(line, file=terminal, flush=True)


def compile_for_training(twin: keras.Model, rate: float | keras.optimizers.schedules.LearningRateSchedule) -> None:
    """Compile a model of logits with Adam, loss (2) and accuracy (12)."""
    twin.compile(
        optimizer=fused.Adam(rate),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.MeanMetricWrapper(correct, name="accuracy")],
    )
    # Built here, its variables are not made inside the first training step, which would then be traced twice.
    twin.optimizer.build(twin.trainable_variables)


def fit_epoch(
    twin: keras.Model,
    passed: Iterator[tuple],
    after_steps: Callable[[int], object],
    launch: Step | Launch | None = None,
) -> np.ndarray:
    """Train on every batch once.

    Args:
        twin: compiled.
        passed: (inputs, label) of each batch.
        after_steps: called with the number of steps just done.
        launch: trains on one or several batches in a call; None: Keras's `train_on_batch`.

    Returns:
        Mean loss and accuracy of the images, float64 [2].
    """
    sums, images = np.zeros(2), 0
    while group := list(itertools.islice(passed, launch.steps if launch else 1)):
        sizes = [len(label) for _, label in group]
        # The last batch of an epoch may be a smaller one, and the last group may have fewer.
        if launch and sizes == [sizes[0]] * launch.steps:
            found = launch(group)
        else:
            found = np.array([twin.train_on_batch(*batch) for batch in group])
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


def correct(label, logit):
    """Formula (11) for Keras: 1 where label and prediction fall on the same side of 0.5; tensors [n, 1]."""
    return ops.cast(ops.equal(ops.sigmoid(logit) > metrics.THRESHOLD, label > metrics.THRESHOLD), "float32")


def batches(
    images: MappedImages | ImagesOnDevice,
    batch_size: int,
    draws: Draws | None = None,
    labels: np.ndarray | None = None,
    order: np.ndarray | None = None,
) -> Iterator[tuple]:
    """Yield one pass over the images, as Keras takes it.

    Args:
        images: n images.
        batch_size: images in a batch; the last one may be smaller.
        draws: of all n images, for a model that augments; or None.
        labels: float32 [n], or None.
        order: a permutation of range(n), or None for the order of the array.

    Yields:
        (inputs,) or (inputs, label float32 [b, 1]); inputs are image uint8 [b, h, w, 3] or, with draws,
        (image, flip [b], shift [b, 2]).
    """

    def batch(start: int) -> tuple:
        rows = slice(start, start + batch_size) if order is None else order[start : start + batch_size]
        image = images.read(rows)
        inputs = image if draws is None else (image, draws.flip[rows], draws.shift[rows])
        return (inputs,) if labels is None else (inputs, labels[rows, None])

    with ThreadPoolExecutor(1) as reader:  # reads the next batches while the model works on this one
        ahead: deque[Future] = deque()
        for start in range(0, len(images), batch_size):
            ahead.append(reader.submit(batch, start))
            if len(ahead) > READ_AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def predicted(
    forward: Callable[[object], list[np.ndarray]], images: MappedImages | ImagesOnDevice, draws: Draws | None = None
) -> list[np.ndarray]:
    """Run a forward pass over all images, with draws for a model that augments: each of its outputs as float32 [n]."""
    outputs = [forward(inputs) for (inputs,) in batches(images, PREDICTION_BATCH_SIZE, draws)]
    return [np.concatenate(column)[:, 0] for column in zip(*outputs, strict=True)]


def _draws(
    augmentation: dict | None,
    seed: int,
    network_id: str,
    purpose: str,
    epoch: int,
    images: MappedImages | ImagesOnDevice,
) -> Draws:
    none = {"flip": False, "shift": 0.0}
    stream = random_stream(seed, network_id, purpose, epoch)
    return draw(stream, len(images), images.shape[1], **(augmentation or none))


def _targets(splits: str, labels: str, given: pd.DataFrame, images: dict[str, MappedImages]) -> dict[str, np.ndarray]:
    joined = join_one_to_one(pd.read_csv(splits)[["image_id", "split"]], given, splits, labels)
    targets = {part: joined["label"][joined["split"] == part].to_numpy(np.float32) for part in images}
    for part, target in targets.items():
        if len(target) != len(images[part]):
            raise InputError(
                f"{splits} has {len(target)} images of {part}, the array has {len(images[part])}: make both again"
            )
    return targets


def _sigmoid(logit: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(ops.sigmoid(logit))
