"""The training loop: phases and epochs, checkpoints, and the weights of the best epoch."""

import itertools
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TextIO

import keras
import numpy as np
import pandas as pd
from keras import ops
from tqdm import tqdm

from snakedistill.core.errors import InputError
from snakedistill.core.files import write_csv, written_whole
from snakedistill.core.lineage import record_lineage
from snakedistill.core.parts import TRAIN, VALIDATION
from snakedistill.core.terminal import ERASE_LINE, write_line
from snakedistill.networks.augmentation import mixing
from snakedistill.networks.augmentation.draws import Draws, draw, no_draws, random_stream
from snakedistill.networks.classifier import HEAD
from snakedistill.networks.training_model import only
from snakedistill.teaching import taught
from snakedistill.training.activations import StoredActivations
from snakedistill.training.batches import batches
from snakedistill.training.checkpoints import Checkpoint, Checkpoints
from snakedistill.training.forward import predicted
from snakedistill.training.head import Examples, fit_head
from snakedistill.training.launches import Launch, Step, forward_for
from snakedistill.training.phases import begin
from snakedistill.training.prediction import write_predictions
from snakedistill.training.run import Prepared, TrainingRun, prepare
from snakedistill.training.validation import Validation, accuracy_of

SECONDS_BETWEEN_CHECKPOINTS = 10.0
BAR: dict[str, Any] = {  # fits into 80 columns
    "disable": None,
    "leave": False,
    "bar_format": ERASE_LINE + "{desc} {percentage:3.0f}% |{bar:16}| {elapsed}<{remaining}{postfix}",
}
ACCURACY, LOSS = "accuracy", "loss"  # the values of the recipe's `best_epoch`
HISTORY = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "val_manual_accuracy", "learning_rate"]
HISTORY += ["seconds", "kept"]


@dataclass
class Progress:
    """What a training run has gone through.

    Attributes:
        kept_by: which epoch is the best, a value of the recipe's `best_epoch`.
        history: a row for each epoch; 0 is the head that was fitted first.
        best: weights of the best epoch; None before the first.
        phase: number of the phase that it is in, from 0.
        before: rows of the history before the phase.
        saved_at: when the last checkpoint was saved, or the training run began, in seconds.
    """

    kept_by: str
    history: list[dict] = field(default_factory=list)
    best: list[np.ndarray] | None = None
    phase: int = 0
    before: int = 0
    saved_at: float = field(default_factory=time.monotonic)

    @property
    def best_row(self) -> dict:
        """The row of the epoch whose weights are kept; of equals the first."""
        if self.kept_by == LOSS:
            return min(self.history, key=lambda row: row["val_loss"])
        return max(self.history, key=lambda row: (row["val_accuracy"], -row["val_loss"]))

    @property
    def epoch(self) -> int:
        """The last epoch; 0 before the first."""
        return self.history[-1]["epoch"] if self.history else 0

    @property
    def losses(self) -> list[float]:
        """Loss on validation before the phase, infinite before the first, and after each of its epochs."""
        before = [row["val_loss"] for row in self.history[: self.before]][-1:] or [math.inf]
        return before + [row["val_loss"] for row in self.history[self.before :]]

    @property
    def accuracy(self) -> float:
        """Accuracy of the last epoch on train, with the labels that it trains on; 0 before the first."""
        return self.history[-1]["accuracy"] if self.history else 0.0

    def enter(self, phase: int) -> None:
        """Begin a phase, unless it has begun."""
        if phase != self.phase:
            self.phase, self.before = phase, len(self.history)

    def add(self, row: dict, weights: Callable[[], list[np.ndarray]]) -> None:
        """Take in the row of an epoch, and the weights if it is the best one."""
        self.history.append(row)
        if self.best_row is row:
            self.best = weights()


def train(
    run: TrainingRun,
    model: str,
    history: str,
    checkpoints: str,
    predictions: dict[str, str] | None = None,
    terminal: TextIO | None = None,
) -> None:
    """Train a network, save the weights of the epoch that is best on the validation part, and answer all images.

    Which epoch is the best: see `Progress.best_row`.

    With `head_first` the head is fitted to the features of the frozen backbone first, unless the network begins with
    the weights of another one; the network with that head is epoch 0.

    After an epoch a checkpoint is saved, unless that was done less than ten seconds before. A training run that was
    killed resumes from there when this is called again, and ends with the same weights and history, bit for bit (on a
    CPU with the same number of threads), as one that was never killed.

    Args:
        run: what is trained.
        model: .keras file to write, its lineage beside it.
        history: CSV to write: epoch (from 1; 0: the head alone), loss, accuracy, val_loss, val_accuracy (all four with
            the labels that it trains on), val_manual_accuracy (with manual ones), learning_rate, seconds, kept (1 for
            the epoch whose weights are kept, else 0). With class weights both losses are weighted, by the weights of
            the labels of train.
        checkpoints: folder for the checkpoints; it is deleted when all is written.
        predictions: files to write by part, see `write_predictions`; None for none.
        terminal: where the finished training run leaves a line, and where a progress bar is shown if it is a terminal.

    Raises:
        InputError: see `prepare`; the loss is no longer a number; or the images do not match the split.
    """
    prepared = prepare(run)
    saved = Checkpoints(checkpoints, prepared.fingerprint)
    progress = _phases(prepared, saved, terminal)
    _warn_of_chance(prepared, progress)
    prepared.trained.set_weights(prepared.model.get_weights() if progress.best is None else progress.best)
    with written_whole(model) as temporary:
        prepared.network.save(temporary)
    record_lineage(model, run.network_id, run.seed, run.settings, **run.made_from)
    rows = [row | {"kept": int(row is progress.best_row)} for row in progress.history]
    write_csv(pd.DataFrame(rows, columns=HISTORY), history)
    if predictions:
        above = (prepared.above, StoredActivations(run.activations[TRAIN])) if prepared.above else None
        of_network = model, run.network_id, run.seed, run.splits, run.arrays, run.classes
        write_predictions(*of_network, predictions, network=prepared.network, above=above)
    saved.remove()
    if progress.history:
        best, seconds = progress.best_row, sum(row["seconds"] for row in progress.history)
        line = f"{run.network_id}, seed {run.seed}: best epoch {best['epoch']} of {progress.epoch}, "
        write_line(f"{line}{_accuracy_in_words(run, best)}, {seconds:.0f} s", terminal or sys.stdout)


def _accuracy_in_words(run: TrainingRun, row: dict) -> str:
    """Accuracy on validation, which is with manual labels, and what the history calls so where it is not that."""
    words = f"validation accuracy {row['val_manual_accuracy']:.3f}"
    if taught(run.way, run.options).from_source is None:
        return words
    return f"{words}, agreement with the source's labels {row['val_accuracy']:.3f}"


def _warn_of_chance(prepared: Prepared, progress: Progress) -> None:
    """Say so where no epoch did better than always the same answer."""
    chance, run = prepared.validation.chance, prepared.run
    if progress.history and progress.best_row["val_accuracy"] <= chance:
        print(
            f"Warning: {run.network_id}: no epoch of {progress.epoch} did better on validation than always the "
            f"same answer, {chance:.3f}. Try another learning_rate than {run.recipe['learning_rate']}, or more epochs."
        )


def _phases(prepared: Prepared, saved: Checkpoints, terminal: TextIO | None) -> Progress:
    """Train every phase, from the last checkpoint on where there is one."""
    progress, values = Progress(prepared.run.recipe.get("best_epoch", ACCURACY)), None
    if (checkpoint := saved.latest()) is not None:
        progress = Progress(progress.kept_by, checkpoint.history, checkpoint.best, checkpoint.phase, checkpoint.before)
        values = checkpoint.variables or None
        if values is None:
            prepared.model.set_weights(checkpoint.best)
        print(f"{prepared.run.network_id}: resumes after epoch {progress.epoch} of {prepared.epochs}")
    elif prepared.run.recipe.get("head_first") and prepared.run.initial is None:
        _head(prepared, progress, saved)
    done, all_steps = (epochs * prepared.steps_per_epoch for epochs in (progress.epoch, prepared.epochs))
    with tqdm(desc=prepared.run.network_id, total=all_steps, initial=done, file=terminal, **BAR) as bar:
        for number in range(progress.phase, len(prepared.phases)):
            progress.enter(number)
            _phase(prepared, progress, values, saved, bar)
            values = None
    return progress


def _phase(
    prepared: Prepared, progress: Progress, values: list[np.ndarray] | None, saved: Checkpoints, bar: tqdm
) -> None:
    """Train the phase that a training run is in, from where it is; values of its variables, where it has begun."""
    phase, model, network_id = prepared.phases[progress.phase], prepared.model, prepared.run.network_id
    with only(model, phase.trains):
        launch = begin(model, phase, prepared.loss, prepared.steps_per_epoch, list(prepared.targets[TRAIN]))
        variables = [*model.variables, *model.optimizer.variables]
        if values is not None:
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        while not phase.ended(progress.losses, progress.accuracy) and progress.epoch < prepared.epochs:
            epoch = progress.epoch + 1
            row = _epoch(prepared, epoch, launch, bar.update)
            progress.add(row, model.get_weights)
            _save(saved, progress, variables)
            bar.set_postfix_str(f"validation accuracy {row['val_manual_accuracy']:.3f}")
            line = f"loss {row['loss']:.3f}, {_accuracy_in_words(prepared.run, row)}, {row['seconds']:.1f} s"
            print(f"{network_id}: epoch {epoch}/{prepared.epochs}: {line}", flush=True)
    epochs = len(progress.losses) - 1
    if phase.stalled(progress.losses) and epochs < phase.epochs:
        best = f"the last {phase.patience} had no lower loss on validation"
        print(f"{network_id}: stops after {epochs} of {phase.epochs} epochs: {best}")
    elif phase.until_label_fit is not None and phase.fits(progress.accuracy):
        fits = f"it fits {progress.accuracy:.3f} of its labels"
        print(f"{network_id}: stops after {epochs} of {phase.epochs} epochs: {fits}")
    elif phase.until_label_fit is not None:
        print(
            f"Warning: {network_id}: after {epochs} epochs it fits {progress.accuracy:.3f} of its labels, less than "
            f"until_label_fit, {phase.until_label_fit:g}. Try more epochs."
        )


def _save(saved: Checkpoints, progress: Progress, variables: list[keras.Variable]) -> None:
    """Save a checkpoint, unless the last one is newer than ten seconds."""
    if time.monotonic() - progress.saved_at >= SECONDS_BETWEEN_CHECKPOINTS:
        now = [ops.convert_to_numpy(variable) for variable in variables]
        saved.save(Checkpoint(now, progress.best or [], progress.history, progress.phase, progress.before))
        progress.saved_at = time.monotonic()


def _head(prepared: Prepared, progress: Progress, saved: Checkpoints) -> None:
    """Fit the head to the features of the backbone as it is, which is epoch 0."""
    start, trained, network_id = time.perf_counter(), prepared.trained, prepared.run.network_id
    forward = forward_for(prepared.features)
    examples = {
        part: Examples(predicted(forward, images)[0], prepared.targets[part]["label"], prepared.weights_of_images(part))
        for part, images in prepared.images.items()
    }
    head = fit_head(examples[TRAIN], examples[VALIDATION])
    trained.get_layer(HEAD).set_weights([head.kernel, head.bias])
    prepared.model.set_weights(trained.get_weights())
    logit = {part: head.logit(of_part.features).astype(np.float32) for part, of_part in examples.items()}
    of_train = Validation(prepared.loss, prepared.targets[TRAIN])
    loss, accuracy = of_train.loss_and_accuracy(logit[TRAIN])
    row = {"epoch": 0, "loss": loss, "accuracy": accuracy} | _validated(prepared, logit[VALIDATION])
    row |= {"learning_rate": 0.0, "seconds": round(time.perf_counter() - start, 3)}
    progress.add(row, prepared.model.get_weights)
    progress.before = 1
    line = f"loss {loss:.3f}, {_accuracy_in_words(prepared.run, row)}, {row['seconds']:.1f} s"
    print(f"{network_id}: the head alone: {line}")
    if prepared.epochs:
        _save(saved, progress, [])


def _epoch(prepared: Prepared, epoch: int, launch: Step | Launch | None, after_steps: Callable[[int], object]) -> dict:
    """Train an epoch and validate: its row of the history.

    Raises:
        InputError: the loss is no longer a number.
    """
    start, recipe = time.perf_counter(), prepared.run.recipe
    loss, accuracy = fit_epoch(prepared.model, training_batches(prepared, epoch), after_steps, launch)
    if not math.isfinite(loss):
        raise InputError(
            f"{prepared.run.network_id}: the loss is {loss} in epoch {epoch}. Try a lower learning_rate than "
            f"{recipe['learning_rate']}, or precision: float32."
        )
    images = prepared.images[VALIDATION]
    draws = None if prepared.run.activations else no_draws(recipe["augmentation"], len(images))
    if recipe["validation_augmentation"]:
        draws = _draws(prepared, VALIDATION, epoch, images.shape)
    (logit,) = predicted(prepared.forward, images, draws)
    return {
        "epoch": epoch,
        "loss": loss,
        "accuracy": accuracy,
        **_validated(prepared, logit),
        "learning_rate": float(ops.convert_to_numpy(prepared.model.optimizer.learning_rate)),
        "seconds": round(time.perf_counter() - start, 3),
    }


def _validated(prepared: Prepared, logit: np.ndarray) -> dict[str, float]:
    """What a row of the history says of validation, from the outputs of the network, float32 [n, outputs]."""
    loss, of_labels = prepared.validation.loss_and_accuracy(logit)
    manual = accuracy_of(logit, prepared.manual)
    return {"val_loss": loss, "val_accuracy": of_labels, "val_manual_accuracy": manual}


def training_batches(prepared: Prepared, epoch: int) -> Iterator[tuple]:
    """The batches of an epoch, in its order and with its draws."""
    run, images = prepared.run, prepared.images[TRAIN]
    order = random_stream(run.seed, run.drawn_as, "order", epoch).permutation(len(images))
    draws, targets = _draws(prepared, TRAIN, epoch, images.shape), prepared.targets[TRAIN]
    if isinstance(images, StoredActivations):
        images, draws = images.mirrored(draws["flip"]) if draws else images, {}
    views = None
    if (seen := prepared.images_of_source) is not None:
        # Draws of what mixes images are shares of their sides, cut at pixels: the sides must be the network's own.
        mixed = {name: draws[name] for name in mixing(run.recipe["augmentation"])}
        views = seen, _draws(prepared, TRAIN, epoch, seen.shape) | mixed
    return batches(images, run.recipe["batch_size"], draws, targets, order, prepared.hooks, views)


def _draws(prepared: Prepared, part: str, epoch: int, shape: tuple[int, ...]) -> Draws:
    """The draws of the images of a part, of this shape: of another size they are the same shares of the side."""
    run = prepared.run
    return draw(run.recipe["augmentation"], run.seed, run.drawn_as, part, epoch, *shape[:2])


def fit_epoch(
    model: keras.Model,
    passed: Iterator[tuple],
    after_steps: Callable[[int], object],
    launch: Step | Launch | None = None,
) -> np.ndarray:
    """Train on every batch once.

    Args:
        model: compiled.
        passed: (inputs, targets) of each batch.
        after_steps: called with the number of steps just done.
        launch: trains on one or several batches in a call; None: Keras's `train_on_batch`.

    Returns:
        Mean loss and accuracy of the images, float64 [2].
    """
    sums, images = np.zeros(2), 0
    while group := list(itertools.islice(passed, launch.steps if launch else 1)):
        sizes = [len(targets["label"]) for _, targets in group]
        # The last batch of an epoch may be a smaller one, and the last group may have fewer.
        if launch and sizes == [sizes[0]] * launch.steps:
            found = launch(group)
        else:
            found = np.array([model.train_on_batch(*batch) for batch in group])
        sums += sizes @ found
        images += sum(sizes)
        after_steps(len(group))
    return sums / images
