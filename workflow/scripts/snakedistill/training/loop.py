"""The training loop: epochs, checkpoints, and the weights of the best epoch."""

import itertools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TextIO

import keras
import numpy as np
import pandas as pd
from keras import ops
from tqdm import tqdm

from snakedistill.core.errors import InputError
from snakedistill.core.files import write_csv, written_whole
from snakedistill.core.lineage import record_lineage
from snakedistill.core.parts import TRAIN, VALIDATION
from snakedistill.networks import fused
from snakedistill.networks.augmentation.draws import draw, no_draws, random_stream
from snakedistill.teaching.consistent import labels_of_views
from snakedistill.training.batches import batches
from snakedistill.training.checkpoints import Checkpoint, Checkpoints
from snakedistill.training.forward import predicted
from snakedistill.training.launches import Launch, Step, launch_for
from snakedistill.training.run import Prepared, TrainingRun, prepare
from snakedistill.training.validation import correct

SECONDS_BETWEEN_CHECKPOINTS = 10.0
HISTORY = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"]


@dataclass
class Progress:
    """What a training run has gone through.

    Attributes:
        history: a row for each epoch.
        best: weights of the first epoch with the best validation accuracy; None before the first.
    """

    history: list[dict] = field(default_factory=list)
    best: list[np.ndarray] | None = None

    @property
    def best_row(self) -> dict:
        """The row of the epoch whose weights are kept."""
        return max(self.history, key=lambda row: row["val_accuracy"])

    def add(self, row: dict, weights: Callable[[], list[np.ndarray]]) -> None:
        """Take in the row of an epoch, and the weights if it is the best one."""
        self.history.append(row)
        if self.best_row is row:
            self.best = weights()


def train(run: TrainingRun, model: str, history: str, checkpoints: str, terminal: TextIO | None = None) -> None:
    """Train a network and save the weights of the epoch with the best validation accuracy (the first of equals).

    After an epoch a checkpoint is saved, unless that was done less than ten seconds before or it was the last epoch. A
    training run that was killed resumes from there when this is called again, and ends with the same weights and
    history, bit for bit (on a CPU with the same number of threads), as one that was never killed.

    Args:
        run: what is trained.
        model: .keras file to write, its lineage beside it.
        history: CSV to write: epoch (from 1), loss, accuracy, val_loss, val_accuracy, learning_rate, seconds. With
            class weights both losses are weighted, by the weights of the labels of train.
        checkpoints: folder for the checkpoints; it is deleted when the network is saved.
        terminal: where the finished training run leaves a line, and where a progress bar is drawn if it is a terminal.

    Raises:
        InputError: see `prepare`, or the loss is no longer a number.
    """
    prepared = prepare(run)
    compile_for_training(prepared.model, learning_rate(run.recipe, prepared.steps_per_epoch), prepared.loss)
    saved = Checkpoints(checkpoints, run.fingerprint(prepared.precision))
    progress = _epochs(prepared, saved, terminal)
    if progress.history and progress.best_row["val_accuracy"] <= prepared.validation.chance:
        print(
            f"Warning: {run.network_id}: no epoch of {run.epochs} did better on validation than always the same "
            f"answer, {prepared.validation.chance:.3f}. Try another learning_rate than {run.recipe['learning_rate']}, "
            "or more epochs."
        )
    prepared.network.set_weights(prepared.model.get_weights() if progress.best is None else progress.best)
    with written_whole(model) as temporary:
        prepared.network.save(temporary)
    record_lineage(model, run.network_id, run.seed, run.settings, **run.made_from)
    write_csv(pd.DataFrame(progress.history, columns=HISTORY), history)
    saved.remove()
    if progress.history:
        best, seconds = progress.best_row, sum(row["seconds"] for row in progress.history)
        line = f"{run.network_id}, seed {run.seed}: best epoch {best['epoch']} of {run.epochs}, validation accuracy "
        print(f"{line}{best['val_accuracy']:.3f}, {seconds:.0f} s", file=terminal, flush=True)


def _epochs(prepared: Prepared, saved: Checkpoints, terminal: TextIO | None) -> Progress:
    """Train every epoch, from the last checkpoint on where there is one."""
    run, model, steps = prepared.run, prepared.model, prepared.steps_per_epoch
    launch = launch_for(model, prepared.weight is not None)
    variables = [*model.variables, *model.optimizer.variables]
    progress = _resumed(saved, variables)
    done, saved_at = len(progress.history), time.monotonic()
    if done:
        print(f"{run.network_id}: resumes after epoch {done} of {run.epochs}")
    shown = {"desc": run.network_id, "file": terminal, "disable": None, "leave": False}
    with tqdm(total=run.epochs * steps, initial=done * steps, **shown) as bar:
        for epoch in range(done + 1, run.epochs + 1):
            row = _epoch(prepared, epoch, launch, bar.update)
            progress.add(row, model.get_weights)
            line = f"loss {row['loss']:.3f}, validation accuracy {row['val_accuracy']:.3f}, "
            line += f"best {progress.best_row['val_accuracy']:.3f}"
            if epoch < run.epochs and time.monotonic() - saved_at >= SECONDS_BETWEEN_CHECKPOINTS:
                values = [ops.convert_to_numpy(variable) for variable in variables]
                saved.save(Checkpoint(values, progress.best, progress.history))
                saved_at = time.monotonic()
            bar.set_postfix_str(line)
            print(f"{run.network_id}: epoch {epoch}/{run.epochs}: {line}, {row['seconds']:.1f} s", flush=True)
    return progress


def _resumed(saved: Checkpoints, variables: list) -> Progress:
    """The progress of the last checkpoint, its values given to the variables; a new one where there is none."""
    checkpoint = saved.latest()
    if checkpoint is None:
        return Progress()
    for variable, value in zip(variables, checkpoint.variables, strict=True):
        variable.assign(value)
    return Progress(checkpoint.history, checkpoint.best)


def _epoch(prepared: Prepared, epoch: int, launch: Step | Launch | None, after_steps: Callable[[int], object]) -> dict:
    """Train an epoch and validate: its row of the history.

    Raises:
        InputError: the loss is no longer a number.
    """
    start, recipe = time.perf_counter(), prepared.run.recipe
    loss, accuracy = fit_epoch(prepared.model, _training_batches(prepared, epoch), after_steps, launch)
    if not math.isfinite(loss):
        raise InputError(
            f"{prepared.run.network_id}: the loss is {loss} in epoch {epoch}. Try a lower learning_rate than "
            f"{recipe['learning_rate']}, or precision: float32."
        )
    images = prepared.images[VALIDATION]
    draws = no_draws(recipe["augmentation"], len(images))
    if recipe["validation_augmentation"]:
        draws = _draws(prepared, VALIDATION, epoch)
    (logit,) = predicted(prepared.forward, images, draws)
    val_loss, val_accuracy = prepared.validation.loss_and_accuracy(logit)
    return {
        "epoch": epoch,
        "loss": loss,
        "accuracy": accuracy,
        "val_loss": val_loss,
        "val_accuracy": val_accuracy,
        "learning_rate": float(ops.convert_to_numpy(prepared.model.optimizer.learning_rate)),
        "seconds": round(time.perf_counter() - start, 3),
    }


def _training_batches(prepared: Prepared, epoch: int) -> Iterator[tuple]:
    """The batches of an epoch, in its order and with its draws."""
    run, images = prepared.run, prepared.images[TRAIN]
    order = random_stream(run.seed, run.drawn_as, "order", epoch).permutation(len(images))
    draws, targets = _draws(prepared, TRAIN, epoch), prepared.targets[TRAIN]
    passed = batches(images, run.recipe["batch_size"], draws, targets, order, prepared.weight)
    return passed if prepared.answer is None else labels_of_views(passed, prepared.answer, prepared.way)


def _draws(prepared: Prepared, part: str, epoch: int) -> dict[str, np.ndarray]:
    run, images = prepared.run, prepared.images[part]
    return draw(run.recipe["augmentation"], run.seed, run.drawn_as, part, epoch, *images.shape[:2])


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
