"""The loss of labels in [0, 1]."""

from typing import Any


def cross_entropy(outputs: int, temperature: float = 1.0) -> Any:
    """A Keras loss: the mean cross-entropy, formulas (1) and (2) of the paper, of labels and logits.

    With temperature T it is T^2 CE(label, logit / T), of labels at the same temperature: its gradient for the logits is
    T times the difference of the probabilities at T, so its size does not fall with T (Hinton et al. 2015, 1503.02531,
    section 2).

    Args:
        outputs: 1 for two classes, labels and logits then are those of class 1, [n, 1]; else K, [n, K].
        temperature: T.
    """
    import keras

    binary, categorical = keras.losses.BinaryCrossentropy, keras.losses.CategoricalCrossentropy
    kind = binary if outputs == 1 else categorical
    if temperature == 1:
        return kind(from_logits=True)

    class Tempered(kind):
        def call(self, y_true, y_pred):
            return temperature**2 * super().call(y_true, y_pred / temperature)

    return Tempered(from_logits=True, name="tempered_cross_entropy")
