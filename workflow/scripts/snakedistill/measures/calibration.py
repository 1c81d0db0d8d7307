"""Whether probabilities say how often a network is right (Guo et al. 2017, arXiv 1706.04599).

Of two classes the class form looks at the probability of class 1, as a binary forecast; of more it is the mean over the
classes. The confidence form looks at the probability of the answer, and at whether the answer is right.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from snakedistill.core.outputs import softmax
from snakedistill.measures import metrics

BINS = 15
REDRAWS = 1000
_NUMBERS_AT_ONCE = 250_000  # few enough for the cache
_NUMBERS_KEPT = 100_000_000
COLDEST, HOTTEST = 1e-2, 1e2


@dataclass(frozen=True)
class Reliability:
    """Predictions of an event in bins.

    Attributes:
        edges: upper ends of the bins but the last, float64, at most `BINS` - 1.
        images: in each bin, int64 [bins]; bins without an image are dropped.
        predicted: mean probability in each bin, float64 [bins].
        observed: share of images in each bin for which the event is true, float64 [bins].
    """

    edges: np.ndarray
    images: np.ndarray
    predicted: np.ndarray
    observed: np.ndarray

    @property
    def expected_calibration_error(self) -> float:
        """Mean over images of the distance of predicted and observed in their bin."""
        return float((self.images * abs(self.observed - self.predicted)).sum() / self.images.sum())


def edges_of_bins(probability: np.ndarray) -> np.ndarray:
    """Inner edges of `BINS` bins with about the same number of images (Nixon et al. 2019, arXiv 1904.01685).

    They are quantiles; a bin is (low, high]. Equal probabilities stay in one bin, so there may be fewer bins.

    Args:
        probability: float [n].

    Returns:
        float64, increasing, at most `BINS` - 1.
    """
    return np.unique(np.quantile(np.asarray(probability, np.float64), np.arange(1, BINS) / BINS))


def reliability(probability: np.ndarray, event: np.ndarray) -> Reliability:
    """Predicted and observed shares in bins.

    Args:
        probability: float [n] in [0, 1].
        event: bool [n].
    """
    probability = np.asarray(probability, np.float64)
    edges = edges_of_bins(probability)
    number = np.searchsorted(edges, probability)
    images = np.bincount(number, minlength=len(edges) + 1)
    used = images > 0
    predicted, observed = (np.bincount(number, of, len(images))[used] / images[used] for of in (probability, event))
    return Reliability(edges, images[used], predicted, observed)


def calibrated_errors(
    probabilities: list[np.ndarray], redraws: int = REDRAWS, seed: int = 0, below: np.ndarray | None = None
) -> np.ndarray:
    """Expected calibration errors that a perfectly calibrated network with these probabilities would show.

    The events are redrawn, each with its own probability: it happens where a random number, uniform in [0, 1), is at
    least `below` and less than that plus the probability. So events that exclude each other, like the classes of an
    image, do so in the redraws if one's `below` is where the other ends.

    Args:
        probabilities: forecasts of the same images, float [n] in [0, 1] each; all see the same random numbers.
        redraws: number of redraws.
        seed: seed of the redraws.
        below: float [n]; None for 0.

    Returns:
        float64 [forecasts, redraws].
    """
    images = len(probabilities[0])
    forecasts = []
    for probability in probabilities:
        number = np.searchsorted(edges_of_bins(probability), np.asarray(probability, np.float64))
        by_bin, ends = np.argsort(number, kind="stable"), np.cumsum(np.bincount(number))
        predicted = np.bincount(number, probability)
        high = probability if below is None else below + np.asarray(probability, np.float64)
        low = None if below is None else below.astype(np.float32)
        forecasts.append((low, np.asarray(high, np.float32), by_bin, ends, predicted))
    errors = np.empty((len(probabilities), redraws))
    start = 0
    for uniform in _uniform_blocks(seed, redraws, images):
        for of_forecast, (low, high, by_bin, ends, predicted) in zip(errors, forecasts, strict=True):
            events = uniform < high if low is None else (low <= uniform) & (uniform < high)
            events = np.take(events, by_bin, axis=1)
            observed = [[np.count_nonzero(of_bin) for of_bin in np.split(row, ends[:-1])] for row in events]
            of_forecast[start : start + len(uniform)] = abs(np.array(observed) - predicted).sum(axis=1) / images
        start += len(uniform)
    return errors


def _uniform_blocks(seed: int, redraws: int, images: int) -> Iterator[np.ndarray]:
    """Random numbers in [0, 1) of some redraws after the other, float32 [some redraws, images]."""
    at_once = max(1, _NUMBERS_AT_ONCE // images)
    sizes = [min(at_once, redraws - start) for start in range(0, redraws, at_once)]
    if redraws * images <= _NUMBERS_KEPT:
        yield from np.split(_uniform(seed, redraws, images), np.cumsum(sizes)[:-1])
    else:
        rng = np.random.default_rng(seed)
        yield from (rng.random((size, images), np.float32) for size in sizes)


@functools.lru_cache(maxsize=1)  # all networks of a run see the same numbers
def _uniform(seed: int, redraws: int, images: int) -> np.ndarray:
    return np.random.default_rng(seed).random((redraws, images), np.float32)


@dataclass(frozen=True)
class Brier:
    """The Brier score and its parts: score = reliability - resolution + uncertainty + within_bins.

    Murphy (1973) divides it so for forecasts of few values. Forecasts of many values are put into bins, and what they
    differ within a bin is a part of its own (Stephenson, Coelho and Jolliffe 2008).

    Attributes:
        score: half the squared distance of the probabilities from the one-hot manual label, from 0 to 1; with two
            classes (p - y)^2.
        reliability: mean squared distance of predicted and observed shares in bins, 0 is best.
        resolution: mean squared distance of the observed shares in bins from the share of all images.
        uncertainty: that of a forecast which always gives the shares of the classes. It is a property of the images,
            and not of a network; the uncertainty of the paper's formula (15) is another quantity.
        within_bins: what the other three lack to the score.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within_bins: float


def brier(probability: np.ndarray, label: np.ndarray) -> Brier:
    """The Brier score, half the sum over the classes, with its parts.

    Args:
        probability: float [n, K].
        label: int [n], manual.
    """
    classes = probability.shape[1]
    parts = np.zeros(3)
    for number in _forecast_classes(classes):
        event = label == number
        binned, share = reliability(probability[:, number], event), event.mean()
        weights = binned.images / len(label)
        parts += [
            (weights * (binned.predicted - binned.observed) ** 2).sum(),
            (weights * (binned.observed - share) ** 2).sum(),
            share * (1 - share),
        ]
    if classes > 2:
        parts /= 2  # of two classes each has the half of the sum
    score = float(metrics.squared_error(probability, label).mean())
    off, told, spread = map(float, parts)
    return Brier(score, off, told, spread, within_bins=score - off + told - spread)


def _forecast_classes(classes: int) -> range:
    """The classes whose probabilities are the forecasts of the class form: of two, class 1 alone."""
    return range(1, 2) if classes == 2 else range(classes)


@dataclass(frozen=True)
class CalibrationError:
    """An expected calibration error, and what a perfectly calibrated network with the same probabilities shows.

    Attributes:
        error: measured.
        expected: mean of the redraws.
        likely: what a perfectly calibrated network exceeds with a probability of 5 %.
    """

    error: float
    expected: float
    likely: float

    @property
    def excess(self) -> float:
        """What of the error is not chance."""
        return self.error - self.expected


def calibration_errors(
    probability: np.ndarray, answer: np.ndarray, label: np.ndarray, redraws: int = REDRAWS
) -> tuple[CalibrationError, CalibrationError]:
    """The confidence form and the class form.

    With more than two classes the labels are redrawn redraws / K times, at least 20: the mean over the classes is then
    about as precise.

    Args:
        probability: float [n, K].
        answer: int [n], the network's.
        label: int [n], manual.
        redraws: number of redraws.
    """
    classes = probability.shape[1]
    forecasts = [(probability[np.arange(len(answer)), answer], answer == label)]
    of_classes = [(probability[:, number], label == number) for number in _forecast_classes(classes)]
    if classes == 2:
        redrawn = calibrated_errors([forecasts[0][0], of_classes[0][0]], redraws)
        chance = redrawn[0], redrawn[1]
    else:
        each = max(20, redraws // classes)
        of_class, below = np.zeros(each), np.zeros(len(label))
        for probability_of_class, _ in of_classes:  # of the same seed, so the classes exclude each other
            of_class += calibrated_errors([probability_of_class], each, below=below)[0]
            below += probability_of_class
        chance = calibrated_errors([forecasts[0][0]], redraws)[0], of_class / classes
    found = []
    for pairs, redrawn in zip((forecasts, of_classes), chance, strict=True):
        error = np.mean([reliability(*pair).expected_calibration_error for pair in pairs])
        likely = np.quantile(redrawn, 0.95, method="weibull")  # exceeded with 5 %, however few the redraws
        found.append(CalibrationError(float(error), float(redrawn.mean()), float(likely)))
    return found[0], found[1]


def fitted_temperature(logit: np.ndarray, label: np.ndarray) -> float:
    """The temperature T whose softmax(logit / T) has the lowest mean negative log-likelihood, in [0.01, 100].

    Of a network without an error on these images it is the lower end: the likelihood grows with every colder one.

    Args:
        logit: float [n, K].
        label: int [n], manual.
    """
    from scipy import optimize  # slow to import

    logit = np.asarray(logit, np.float64)
    above_label = logit - logit[np.arange(len(label)), label][:, None]

    def slope(inverse: float) -> float:
        """Derivative of the convex mean negative log-likelihood with respect to 1 / T."""
        scaled = above_label * inverse
        scaled -= scaled.max(axis=1, keepdims=True)
        weights = np.exp(scaled)
        return float(((weights * above_label).sum(axis=1) / weights.sum(axis=1)).mean())

    if slope(1 / HOTTEST) >= 0:
        return HOTTEST
    if slope(1 / COLDEST) <= 0:
        return COLDEST
    return 1 / optimize.brentq(slope, 1 / HOTTEST, 1 / COLDEST, xtol=1e-14, rtol=1e-14)


def at_temperature(logit: np.ndarray, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits divided by a temperature, and their probabilities; float64 [n, K] each. No answer changes.

    Args:
        logit: float [n, K].
        temperature: above 0.
    """
    scaled = np.asarray(logit, np.float64) / temperature
    return scaled, softmax(scaled)
