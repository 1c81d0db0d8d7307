"""Formulas (1), (2), (11), (12), (13) and (15) of the paper, and the metrics that tables, figures and summary show."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

THRESHOLD = 0.5


def cross_entropy(logit: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Cross-entropy of each prediction, formula (1), CE = -(y log p + (1 - y) log(1 - p)) with p = sigmoid(logit).

    Written as log(1 + exp(z)) - y z, which is the same and finite for every logit z.

    Args:
        logit: float [n].
        label: float [n] in [0, 1].

    Returns:
        float64 [n], nats.
    """
    logit = np.asarray(logit, dtype=np.float64)
    return np.logaddexp(0.0, logit) - np.asarray(label, dtype=np.float64) * logit


def loss(logit: np.ndarray, label: np.ndarray) -> float:
    """Mean cross-entropy, formula (2), in nats. Arguments as in `cross_entropy`."""
    return float(cross_entropy(logit, label).mean())


def answer(probability: np.ndarray) -> np.ndarray:
    """The network's answer, formula (13): 1 where probability > 0.5, else 0. int64 [n]."""
    return (np.asarray(probability) > THRESHOLD).astype(np.int64)


def correct(probability: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Formula (11): True where probability and label fall on the same side of 0.5; bool [n].

    Both are compared with the threshold, so the label may be soft: float [n] in [0, 1].
    """
    return answer(probability) == answer(label)


def accuracy(probability: np.ndarray, label: np.ndarray) -> float:
    """Share of correct answers, formula (12), in [0, 1]. Arguments as in `correct`."""
    return float(correct(probability, label).mean())


def chance(label: np.ndarray) -> float:
    """Accuracy of always the same answer: the share of the larger class; `label` float [n] in [0, 1]."""
    ones = answer(label)
    return float(max(ones.mean(), (1 - ones).mean()))


def balanced_correct(probability: np.ndarray, label: np.ndarray) -> np.ndarray:
    """What each image adds to the balanced accuracy: n / (K n_c) for a right answer, else 0; float64 [n].

    Its mean is the mean over the K classes that have images of the share of right answers in the class.

    Args:
        probability: float [n].
        label: int [n], the class.
    """
    of_class = np.bincount(label)
    return correct(probability, label) * len(label) / (np.count_nonzero(of_class) * of_class[label])


def squared_distance(probability: np.ndarray) -> np.ndarray:
    """Squared distance of each prediction from the network's own answer, the summand of formula (15); float64 [n]."""
    probability = np.asarray(probability, dtype=np.float64)
    return (probability - answer(probability)) ** 2


def uncertainty(probability: np.ndarray) -> float:
    """Mean squared distance of the predictions from the network's own answers, formula (15), in [0, 0.25]."""
    return float(squared_distance(probability).mean())


def bin_number(probability: np.ndarray, bins: int) -> np.ndarray:
    """The bin of each prediction, from 0; `bins` equal bins are [low, high), the last one [low, 1] (section 4.2).

    Args:
        probability: float [n] in [0, 1].
        bins: number of bins.

    Returns:
        int64 [n].
    """
    # Edges as float32, like the predictions: a probability that prints as 0.05 belongs to [0.05, 0.1).
    inner_edges = (np.arange(1, bins) / bins).astype(np.float32)
    return np.searchsorted(inner_edges, np.asarray(probability, dtype=np.float32), side="right")


def relative_frequencies(probability: np.ndarray, bin_width: float) -> tuple[np.ndarray, np.ndarray]:
    """Share of predictions in each bin of [0, 1] (section 4.2), see `bin_number`.

    Args:
        probability: float [n] in [0, 1].
        bin_width: 1 / bin_width must be a whole number.

    Returns:
        edges, float64 [bins + 1], and frequencies, float64 [bins], which sum to 1.
    """
    bins = round(1 / bin_width)
    counts = np.bincount(bin_number(probability, bins), minlength=bins)
    return np.arange(bins + 1) / bins, counts / len(probability)


@dataclass(frozen=True)
class Metric:
    """A mean over images, which tables, figures and the summary show for every network and part.

    Attributes:
        of_images: from probability, float [n], and manual label, int [n], to the value of each image, [n].
        counted: whether an image counts 0 or 1. The interval is then exact binomial, else bootstrap over images.
        bounds: smallest and largest possible mean.
        unit: for the axis of a figure, after the name; or an empty text.
        beside: name of a metric that it equals where classes have the same number of images. Figures and the summary
            show it only where the two differ.
        in_words: a sentence on what it is, for the summary; or an empty text.
    """

    of_images: Callable[[np.ndarray, np.ndarray], np.ndarray]
    counted: bool
    bounds: tuple[float, float]
    unit: str = ""
    beside: str | None = None
    in_words: str = ""

    def value(self, of_images: np.ndarray) -> float:
        """The metric from the values of the images."""
        return int(of_images.sum()) / len(of_images) if self.counted else float(of_images.mean())


METRICS = {
    "accuracy": Metric(correct, counted=True, bounds=(0.0, 1.0), unit="share"),
    "balanced_accuracy": Metric(
        balanced_correct,
        counted=False,
        bounds=(0.0, 1.0),
        unit="share",
        beside="accuracy",
        in_words="*Balanced accuracy* is the mean over the classes of the share of right answers.",
    ),
    "uncertainty": Metric(lambda probability, label: squared_distance(probability), counted=False, bounds=(0.0, 0.25)),
}
"""The metrics by name. Each has columns in a table, a row in a figure, and a column in the summary."""
