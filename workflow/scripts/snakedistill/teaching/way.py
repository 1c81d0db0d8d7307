"""The type of a way to teach."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Way:
    """A way to teach: what the labels of a network are, and the loss that it trains with.

    Attributes:
        label: from manual labels, int [n], and the probabilities of each class that the source predicts, float [n, K]
            (None without a source), to the labels: classes, int [n], or shares of each class, float [n, K].
        loss: from the number of outputs of a network, see `core.outputs`, to a Keras loss of labels and logits, both
            [n, outputs]. It imports Keras, so only training calls it.
        from_source: what of the source's predictions the labels are, in words, for example "answers"; None for a way
            that needs no source.
    """

    label: Callable[[np.ndarray, np.ndarray | None], np.ndarray]
    loss: Callable[[int], Any]
    from_source: str | None = None
