"""The type of a way to teach."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Way:
    """A way to teach: what the labels of a network are, and the loss that it trains with.

    Attributes:
        label: from manual labels, int [n], and the probabilities of class 1 that the source predicts, float32 [n] (None
            without a source), to the labels, [n] in [0, 1].
        loss: makes a Keras loss of labels and logits, both [n, 1]. It imports Keras, so only training calls it.
        from_source: what of the source's predictions the labels are, in words, for example "answers"; None for a way
            that needs no source.
    """

    label: Callable[[np.ndarray, np.ndarray | None], np.ndarray]
    loss: Callable[[], Any]
    from_source: str | None = None
