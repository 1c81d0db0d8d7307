"""What a network answered, beside the manual labels."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from snakedistill.measures import metrics


@dataclass(frozen=True)
class Answers:
    """What a network answered on a part, in the order of the split.

    Attributes:
        seed: training seed.
        part: train, validation or test.
        network: id.
        image_id: text [n].
        label: manual label, int [n].
        logit: float32 [n, K].
        probability: float [n, K].
    """

    seed: int
    part: str
    network: str
    image_id: pd.Series
    label: np.ndarray
    logit: np.ndarray
    probability: np.ndarray

    @property
    def answer(self) -> np.ndarray:
        """The class with the largest probability, int [n]."""
        return metrics.answer(self.probability)

    @property
    def confidence(self) -> np.ndarray:
        """The probability of the answer, float [n]."""
        return self.probability.max(axis=1)


class Audited(Protocol):
    """Predictions from elsewhere."""

    def answers(self, parts: tuple[str, ...] | None) -> Iterator[Answers]:
        """The answers of every network, see `Run.answers`."""
