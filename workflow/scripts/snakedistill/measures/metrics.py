"""Formulas (1), (2), (11), (12), (13) and (15) of the paper, and the metrics that tables, figures and summary show.

The paper has two classes. Each formula is here for K classes, and is the paper's for K = 2.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

THRESHOLD = 0.5
"""Of two classes, the answer is class 1 where its probability is above this."""
_NUMBERS_AT_ONCE = 4_000_000


def by_rows(of_rows: Callable[..., np.ndarray], *arrays: np.ndarray) -> np.ndarray:
    """A function of arrays [n, K], called on float64 copies of some rows at a time, which bounds the memory."""
    at_once = max(1, _NUMBERS_AT_ONCE // arrays[0].shape[1])
    starts = range(0, max(1, len(arrays[0])), at_once)
    return np.concatenate(
        [of_rows(*(np.array(array[start : start + at_once], np.float64) for array in arrays)) for start in starts]
    )


def cross_entropy(logit: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Cross-entropy of each prediction, formula (1) for K classes: CE = -sum_k y_k log p_k with p = softmax(logit).

    Written as log(sum_k exp(z_k)) - sum_k y_k z_k, which is the same and finite for all logits z.

    Args:
        logit: float [n, K].
        label: float [n, K] in [0, 1], each row sums to 1.

    Returns:
        float64 [n], nats.
    """
    return by_rows(lambda z, y: np.logaddexp.reduce(z, axis=1) - (y * z).sum(axis=1), logit, label)


def loss(logit: np.ndarray, label: np.ndarray) -> float:
    """Mean cross-entropy, formula (2), in nats. Arguments as in `cross_entropy`."""
    return float(cross_entropy(logit, label).mean())


def negative_log_likelihood(logit: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Cross-entropy of each prediction with its manual label, float64 [n], nats; `label` int [n], the class."""
    of_label = np.asarray(logit)[np.arange(len(label)), label][:, None]
    return by_rows(lambda z, y: np.logaddexp.reduce(z, axis=1) - y[:, 0], logit, of_label)


def answer(probability: np.ndarray) -> np.ndarray:
    """The class with the largest value, of equals the first: formula (13). float [n, K] to int64 [n].

    Of two classes it is class 1 where its probability is above 0.5, else class 0.
    """
    return np.asarray(probability).argmax(axis=1)


def correct(probability: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Formula (11): True where the answer is the label; bool [n].

    Args:
        probability: float [n, K].
        label: int [n], the class. Of soft labels it is their `answer`.
    """
    return answer(probability) == np.asarray(label)


def accuracy(probability: np.ndarray, label: np.ndarray) -> float:
    """Share of correct answers, formula (12), in [0, 1]. Arguments as in `correct`."""
    return float(correct(probability, label).mean())


def chance(label: np.ndarray) -> float:
    """Accuracy of always the same answer: the share of the largest class; `label` int [n]."""
    return float(np.bincount(label).max() / len(label))


def balanced_correct(probability: np.ndarray, label: np.ndarray) -> np.ndarray:
    """What each image adds to the balanced accuracy: n / (K n_c) for a right answer, else 0; float64 [n].

    Its mean is the mean over the K classes that have images of the share of right answers in the class.

    Args:
        probability: float [n, K].
        label: int [n], the class.
    """
    of_class = np.bincount(label)
    return correct(probability, label) * len(label) / (np.count_nonzero(of_class) * of_class[label])


def correct_among_two(probability: np.ndarray, label: np.ndarray) -> np.ndarray:
    """True where the label is one of the two classes with the largest probabilities; bool [n].

    Of equal probabilities the class that comes first counts as larger. Arguments as in `correct`.
    """
    label = np.asarray(label)
    own = probability[np.arange(len(label)), label][:, None]
    before = np.arange(probability.shape[1]) < label[:, None]
    return ((probability > own) | ((probability == own) & before)).sum(axis=1) < 2


def squared_distance(probability: np.ndarray) -> np.ndarray:
    """Half the squared distance of each prediction from the network's own answer as one-hot vector; float64 [n].

    Of two classes it is the summand of formula (15), (p - answer)^2. The answer's own coordinate is as far from 1 as
    the others sum to, from which it is computed: so a tiny distance keeps its digits.

    Args:
        probability: float [n, K], each row sums to 1.
    """
    return squared_error(probability, answer(probability))


def squared_error(probability: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Half the squared distance of each prediction from its manual label as one-hot vector (Brier 1950); float64 [n].

    It is `squared_distance` plus p_answer - p_label, which is 0 for a right answer.

    Args:
        probability: float [n, K], each row sums to 1.
        label: int [n], the class.
    """

    def of_rows(p: np.ndarray, y: np.ndarray) -> np.ndarray:
        p[np.arange(len(p)), y[:, 0].astype(np.int64)] = 0
        return 0.5 * (p.sum(axis=1) ** 2 + (p**2).sum(axis=1))

    return by_rows(of_rows, probability, np.asarray(label)[:, None])


def largest_uncertainty(classes: int) -> float:
    """The uncertainty of K classes that always have the same probability, (1 - 1/K) / 2."""
    return (1 - 1 / classes) / 2


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
    """Share of probabilities in each bin of [0, 1] (section 4.2), see `bin_number`.

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
        of_images: from probability, float [n, K], and manual label, int [n], to the value of each image, [n].
        counted: whether an image counts 0 or 1. The interval is then exact binomial, else bootstrap over images.
        most: from K to the largest possible mean; the smallest is 0.
        unit: for the axis of a figure, after the name; or an empty text.
        beside: name of a metric that it equals where classes have the same number of images. Figures and the summary
            show it only where the two differ.
        in_words: a sentence on what it is, for the summary; or an empty text.
        fewest_classes: the least K for which it is measured.
    """

    of_images: Callable[[np.ndarray, np.ndarray], np.ndarray]
    counted: bool
    most: Callable[[int], float] = lambda classes: 1.0
    unit: str = ""
    beside: str | None = None
    in_words: str = ""
    fewest_classes: int = 2

    def value(self, of_images: np.ndarray) -> float:
        """The metric from the values of the images."""
        return int(of_images.sum()) / len(of_images) if self.counted else float(of_images.mean())


METRICS = {
    "accuracy": Metric(correct, counted=True, unit="share"),
    "top_2_accuracy": Metric(
        correct_among_two,
        counted=True,
        unit="share",
        in_words="*Top-2 accuracy* is the share of images whose class is one of the two most probable ones.",
        fewest_classes=5,
    ),
    "balanced_accuracy": Metric(
        balanced_correct,
        counted=False,
        unit="share",
        beside="accuracy",
        in_words="*Balanced accuracy* is the mean over the classes of the share of right answers.",
    ),
    "uncertainty": Metric(
        lambda probability, label: squared_distance(probability),
        counted=False,
        most=largest_uncertainty,
    ),
}
"""The metrics by name. Each has columns in a table, a row in a figure, and a column in the summary."""
