"""Outputs of a network, one for two classes and K for more, and values of each class, always [n, K].

Two classes have one output, which is of class 1: one logit, one probability, one label. More have an output for each
class. Files have a column for each output. Here alone one form is made from the other.
"""

from collections.abc import Sequence

import numpy as np


def number_of_outputs(classes: int) -> int:
    """Outputs of a network for a number of classes: 1 for two, else one for each."""
    return 1 if classes == 2 else classes


def output_columns(name: str, classes: Sequence[str]) -> list[str]:
    """Columns of a quantity in a file: `probability` for two classes, else `probability.<class>` for each."""
    return [name] if number_of_outputs(len(classes)) == 1 else [f"{name}.{one}" for one in classes]


def logits_of_classes(outputs: np.ndarray) -> np.ndarray:
    """Logits [n, 1] or [n, K] as logits of each class, [n, K]: of two classes 0 and z, whose softmax is sigmoid(z)."""
    return np.concatenate([np.zeros_like(outputs), outputs], axis=1) if outputs.shape[1] == 1 else outputs


def shares_of_classes(outputs: np.ndarray) -> np.ndarray:
    """Probabilities or labels [n, 1] or [n, K] as those of each class, [n, K]: of two classes 1 - p and p, float64."""
    if outputs.shape[1] > 1:
        return outputs
    of_class_1 = np.asarray(outputs, dtype=np.float64)
    return np.concatenate([1 - of_class_1, of_class_1], axis=1)


def one_hot(label: np.ndarray, classes: int) -> np.ndarray:
    """Labels int [n] as a 1 in the column of the class, float32 [n, classes]."""
    label = np.asarray(label)
    found = np.zeros((len(label), classes), np.float32)
    found[np.arange(len(label)), label] = 1
    return found


def labels_of_classes(label: np.ndarray, classes: int) -> np.ndarray:
    """Labels as a file has them, as those of each class, float [n, classes].

    Args:
        label: [n]: of two classes that of class 1, of more the number of the class; or float [n, classes].
        classes: number of classes, K.
    """
    if label.ndim == 2:
        return label
    return shares_of_classes(label[:, None]) if number_of_outputs(classes) == 1 else one_hot(label, classes)


def one_logit(logit: np.ndarray) -> np.ndarray:
    """Logits of the outputs, [n, 1] or [n, K], from those of each class: of two the second minus the first."""
    return logit[:, 1:] - logit[:, :1] if logit.shape[1] == 2 else logit


def outputs_of_classes(values: np.ndarray) -> np.ndarray:
    """Probabilities or labels of each class, [n, K], as outputs, [n, 1] or [n, K]."""
    return values[:, 1:] if values.shape[1] == 2 else values


def softmax(logit: np.ndarray) -> np.ndarray:
    """Probabilities of logits of each class, float [n, K] to the same."""
    shares = np.exp(logit - logit.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def probabilities_of_logits(logit: np.ndarray) -> np.ndarray:
    """Probabilities of the outputs that are logits, [n, 1] by the sigmoid, [n, K] by the softmax; float."""
    return np.exp(-np.logaddexp(0.0, -logit)) if logit.shape[1] == 1 else softmax(logit)


def logits_of_probabilities(probability: np.ndarray) -> np.ndarray:
    """Logits of the outputs that are probabilities: [n, 1] their log-odds, [n, K] their logarithms; float.

    A probability of 0, and of one output also of 1, counts as float32's nearest value between.
    """
    zero, one = np.float32(0), np.float32(1)
    if probability.shape[1] > 1:
        return np.log(np.maximum(probability, np.nextafter(zero, one)))
    inside = np.where(probability == 0, np.nextafter(zero, one), probability)
    inside = np.where(probability == 1, np.nextafter(one, zero), inside)
    return np.log(inside / (1 - inside))
