"""The phases of a training run: what trains in each, for how long, and how."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import keras

from snakedistill.core.recipe import NEUTRAL
from snakedistill.core.targets import Loss
from snakedistill.networks.training_model import ALL, TrainingModel
from snakedistill.training.launches import Launch, Step, launch_for
from snakedistill.training.optimisers import OPTIMISERS
from snakedistill.training.schedules import learning_rate
from snakedistill.training.validation import correct


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A stretch of a training run. It begins with a new optimiser.

    Attributes:
        trains: what of the network trains, `all` or `head`, see `only`.
        epochs: passes over the training images, over which the schedule goes.
        optimiser: a key of `OPTIMISERS`.
        learning_rate: the largest one.
        schedule: a key of `SCHEDULES`.
        decay: of the learning rate, for the schedule.
        warmup: share of the steps in which the learning rate rises.
        weight_decay: of the optimiser; 0 for none.
        patience: it ends after so many epochs without a lower loss on validation; None: after its epochs.
        until_label_fit: it ends after an epoch with this accuracy on train, with the labels that it trains on; None:
            after its epochs.
    """

    trains: str = ALL
    epochs: int
    optimiser: str
    learning_rate: float
    schedule: str
    decay: float
    warmup: float
    weight_decay: float
    patience: int | None
    until_label_fit: float | None

    def ended(self, losses: list[float], accuracy: float = 0.0) -> bool:
        """Whether it ends, see `fits`, with these losses on validation, before it and after each of its epochs."""
        return len(losses) > self.epochs or self.stalled(losses) or (len(losses) > 1 and self.fits(accuracy))

    def fits(self, accuracy: float) -> bool:
        """Whether the accuracy of the last epoch on train, with the labels that it trains on, is what was asked for."""
        return self.until_label_fit is not None and accuracy >= self.until_label_fit

    def stalled(self, losses: list[float]) -> bool:
        """Whether the last epochs, as many as `patience` says, had no lower loss than the best one before."""
        if self.patience is None:
            return False
        return len(losses) - 1 - losses.index(min(losses)) >= self.patience


def phases_of(recipe: dict) -> tuple[Phase, ...]:
    """The phases of a recipe: one, in which all of the network trains; none where it has no epochs."""
    recipe = NEUTRAL | recipe
    if not recipe["epochs"]:
        return ()
    return (Phase(**{field.name: recipe[field.name] for field in fields(Phase) if field.name != "trains"}),)


def begin(
    model: TrainingModel, phase: Phase, loss: Loss, steps_per_epoch: int, targets: Sequence[str]
) -> Step | Launch | None:
    """Compile a training model for a phase; its result trains the model, see `launch_for`."""
    steps = phase.epochs * steps_per_epoch
    rate = learning_rate(phase.schedule, phase.learning_rate, steps, phase.decay, phase.warmup)
    compile_for_training(model, rate, loss, phase.optimiser, phase.weight_decay)
    return launch_for(model, targets)


def compile_for_training(
    model: TrainingModel,
    rate: float | keras.optimizers.schedules.LearningRateSchedule,
    loss: Loss,
    optimiser: str = "adam",
    weight_decay: float = 0.0,
) -> None:
    """Compile a model of logits with an optimiser, a loss, and accuracy, formula (12) of the paper.

    Weights of one axis, which are biases and those of normalisations, do not decay.

    Args:
        model: a model of logits.
        rate: the learning rate.
        loss: of each image, of targets and logits.
        optimiser: a key of `OPTIMISERS`.
        weight_decay: 0 for none.
    """
    built = OPTIMISERS[optimiser].build(rate, weight_decay or None)
    if weight_decay:
        built.exclude_from_weight_decay([weight for weight in model.trainable_variables if len(weight.shape) < 2])
    accuracy = keras.metrics.MeanMetricWrapper(correct, name="accuracy")
    model.compile(optimizer=built, loss=loss, metrics=[accuracy])
    # Built here, its variables are not made inside the first training step, which would then be traced twice.
    model.optimizer.build(model.trainable_variables)
