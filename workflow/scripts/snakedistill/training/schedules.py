"""Learning rates by step, without importing a deep-learning framework, so that planning can check their names."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import keras

    Rate: TypeAlias = float | keras.optimizers.schedules.LearningRateSchedule


@dataclass(frozen=True)
class Schedule:
    """A learning rate by step.

    Attributes:
        rate: from the learning rate, which the first step has, the number of steps, and the recipe's `decay`, to a
            number or a Keras schedule. It imports Keras, so only training calls it.
        decays: whether it uses `decay`.
    """

    rate: Callable[[float, int, float], "Rate"]
    decays: bool = False


def constant(rate: float, steps: int, decay: float) -> "Rate":
    """The same rate for all steps, or, with a decay d > 0, rate / (1 + d (t - 1)) at step t (from 1).

    That is the paper's formula (9), which was Keras 2's argument `decay`; Adam's bias correction in (9) is Adam's own.
    """
    if decay == 0:
        return rate
    from keras.optimizers.schedules import InverseTimeDecay

    return InverseTimeDecay(rate, decay_steps=1, decay_rate=decay)


def cosine(rate: float, steps: int, decay: float) -> "Rate":
    """Half a cosine, which ends at 0 after the last step (Loshchilov and Hutter 2017, 1608.03983)."""
    from keras.optimizers.schedules import CosineDecay

    return CosineDecay(rate, steps)


SCHEDULES: dict[str, Schedule] = {
    "constant": Schedule(constant, decays=True),
    "cosine": Schedule(cosine),
}
"""The schedules by the value of `schedule` in a recipe."""


def learning_rate(schedule: str, rate: float, steps: int, decay: float = 0.0, warmup: float = 0.0) -> "Rate":
    """The learning rate by step.

    In the first w steps, the share `warmup` of all, it rises in a straight line: at step t, from 1, it is
    rate x t / (w + 1). Then the schedule begins, over the steps that are left (Goyal et al. 2017, 1706.02677).

    Args:
        schedule: a key of `SCHEDULES`.
        rate: the largest one.
        steps: of all epochs.
        decay: see `constant`.
        warmup: share of the steps, in [0, 1).

    Returns:
        A number, where it is the same for all steps, or a Keras schedule of the step, from 0.
    """
    rising = round(warmup * steps)
    falling = SCHEDULES[schedule].rate(rate, steps - rising, decay)
    return _after_warmup(rate, rising, falling) if rising else falling


def _after_warmup(rate: float, rising: int, falling: "Rate") -> "Rate":
    import keras
    from keras import ops

    class AfterWarmup(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            step = ops.cast(step, "float32")
            after = ops.maximum(step - rising, 0.0)
            rest = falling(after) if callable(falling) else ops.convert_to_tensor(falling, "float32")
            return ops.where(step < rising, rate * (step + 1.0) / (rising + 1.0), rest)

    return AfterWarmup()
