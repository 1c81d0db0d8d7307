"""What tables and figures show of a prediction: with two classes, and with more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from snakedistill.measures.metrics import THRESHOLD, largest_uncertainty

Bins = tuple[np.ndarray, np.ndarray]
"""Lower and upper ends of bins, float [bins] each."""


@dataclass(frozen=True)
class ShownPrediction:
    """The one probability of a prediction that histograms show, and its words.

    Attributes:
        probability: from the probabilities of the classes, float [n, K], to the one that is shown, [n].
        in_words: from class names to what it is.
        sure: from bins to those in which a network is sure, bool [bins].
        sure_in_words: which bins these are.
        about_sure: a sentence on a table of their shares.
        inner: from class names and bins to the other bins, bool [bins], by what a line of these shows.
        inner_in_words: what the axis of these lines shows.
        result: from class names to what a network gives, in words.
        uncertainty: from K to what uncertainty is, in words.
    """

    probability: Callable[[np.ndarray], np.ndarray]
    in_words: Callable[[Sequence[str]], str]
    sure: Callable[[Bins], np.ndarray]
    sure_in_words: str
    about_sure: str
    inner: Callable[[Sequence[str], Bins], dict[str, np.ndarray]]
    inner_in_words: str
    result: Callable[[Sequence[str]], str]
    uncertainty: Callable[[int], str]


def _inner_of_two(classes: Sequence[str], bins: Bins) -> dict[str, np.ndarray]:
    lows, highs = bins
    return {
        f"answer {classes[0]} (inner bins below {THRESHOLD})": (lows > 0) & (highs <= THRESHOLD),
        f"answer {classes[1]} (inner bins above {THRESHOLD})": (lows >= THRESHOLD) & (highs < 1),
    }


_OF_TWO = ShownPrediction(
    probability=lambda probability: probability[:, 1],
    in_words=lambda classes: f"probability of {classes[1]}",
    sure=lambda bins: (bins[0] == 0) | (bins[1] == 1),
    sure_in_words="the two end bins",
    about_sure="Share of predictions in the first and the last bin, those of which the network is sure.",
    inner=_inner_of_two,
    inner_in_words="share in the inner bins",
    result=lambda classes: f"the probability of {classes[1]}",
    uncertainty=lambda classes: (
        "the mean squared distance of a network's predictions from its own answers: 0 when all predictions are 0 or 1, "
        "and 0.25 when all are one half"
    ),
)
_OF_MORE = ShownPrediction(
    probability=lambda probability: probability.max(axis=1),
    in_words=lambda classes: "probability of the answer",
    sure=lambda bins: bins[1] == 1,
    sure_in_words="the last bin",
    about_sure="Share of answers with a probability in the last bin, those of which the network is sure.",
    inner=lambda classes, bins: {"all bins but the last": bins[1] < 1},
    inner_in_words="share in all bins but the last",
    result=lambda classes: f"the probabilities of {len(classes)} classes",
    uncertainty=lambda classes: (
        "half the mean squared distance of a network's probabilities from its own answers: 0 when the answer always "
        f"has probability 1, and {largest_uncertainty(classes):.4g} when all {classes} classes always have the same"
    ),
)


UNCERTAINTY_IN_WORDS = (
    "half the mean squared distance of a network's probabilities from its own answers, which with two classes is the "
    "mean of (p - answer)²: 0 when the answer always has probability 1, and (1 - 1/K) / 2 when all K classes always "
    "have the same"
)
"""For any number of classes."""


def shown_prediction(classes: int) -> ShownPrediction:
    """What is shown with a number of classes."""
    return _OF_TWO if classes == 2 else _OF_MORE
