"""The loss of labels between 0 and 1."""

from typing import Any


def cross_entropy() -> Any:
    """A Keras loss: the mean cross-entropy, formulas (1) and (2) of the paper, of labels and logits, both [n, 1]."""
    import keras

    return keras.losses.BinaryCrossentropy(from_logits=True)
