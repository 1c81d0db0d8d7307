"""The loss and the accuracy of labels in [0, 1]."""

from typing import Any


def cross_entropy(outputs: int) -> Any:
    """A Keras loss: the mean cross-entropy, formulas (1) and (2) of the paper, of labels and logits.

    Args:
        outputs: 1 for two classes, labels and logits then are those of class 1, [n, 1]; else K, [n, K].
    """
    import keras

    binary, categorical = keras.losses.BinaryCrossentropy, keras.losses.CategoricalCrossentropy
    return (binary if outputs == 1 else categorical)(from_logits=True)
