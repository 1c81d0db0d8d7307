"""Whether probabilities say how often a network is right (Guo et al. 2017, arXiv 1706.04599).

Of two classes the class form looks at the probability of class 1, as a binary forecast; of more it is the mean over the
classes. The confidence form looks at the probability of the answer, and at whether the answer is right.
"""

from dataclasses import dataclass

import numpy as np

from snakedistill.core.outputs import softmax
from snakedistill.measures import metrics

BINS = 15
REDRAWS = 20_000
"""So many that the smallest p-value passes Holm's correction over 1,000 networks."""
COLDEST, HOTTEST = 1e-2, 1e2


@dataclass(frozen=True)
class Reliability:
    """Predictions of an event in bins.

    Attributes:
        edges: upper ends of the bins but the last, float64, at most `BINS` - 1.
        images: in each bin, int64 [bins]; bins without an image are dropped.
        predicted: mean probability in each bin, float64 [bins].
        observed: share of images in each bin for which the event is true, float64 [bins].
        variance: mean of p (1 - p) in each bin, float64 [bins].
    """

    edges: np.ndarray
    images: np.ndarray
    predicted: np.ndarray
    observed: np.ndarray
    variance: np.ndarray

    @property
    def expected_calibration_error(self) -> float:
        """Mean over images of the distance of predicted and observed in their bin."""
        return self._mean(abs(self.observed - self.predicted))

    @property
    def squared_error(self) -> float:
        """Mean over images of the squared distance of predicted and observed in their bin."""
        return self._mean((self.observed - self.predicted) ** 2)

    @property
    def squared_error_if_calibrated(self) -> float:
        """What `squared_error` is on average if each event happens with its own probability."""
        return self._mean(self.variance / self.images)

    @property
    def squared_error_by_chance(self) -> float:
        """What chance adds to `squared_error` on average, o (1 - o) / (n_b - 1) in each bin.

        Bröcker 2012; Ferro and Fricker 2012; Kumar et al. 2019, arXiv 1909.10155. A bin of one image adds nothing.
        """
        return self._mean(self.observed * (1 - self.observed) / np.maximum(self.images - 1, 1))

    def _mean(self, of_bins: np.ndarray) -> float:
        return float((self.images * of_bins).sum() / self.images.sum())


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
    of_images = probability, event, probability * (1 - probability)
    means = (np.bincount(number, values, len(images))[used] / images[used] for values in of_images)
    return Reliability(edges, images[used], *means)


def events_if_calibrated(probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance of the number of events in each bin from the expected one, if each happens with its own probability.

    The distributions are Poisson binomial, computed event by event (Hong 2013).

    Args:
        probability: float [n].

    Returns:
        The distances, and their probabilities, float64 [bins, numbers] each.
    """
    probability = np.asarray(probability, np.float64)
    number = np.searchsorted(edges_of_bins(probability), probability)
    order, images = np.argsort(number, kind="stable"), np.bincount(number)
    firsts = np.repeat(np.cumsum(images) - images, images)
    p = np.zeros((len(images), images.max()))  # rows are bins, with images of no probability up to the largest
    p[number[order], np.arange(len(order)) - firsts] = probability[order]
    often = 2 * p.sum(axis=1) > images
    p[often] = np.where(np.arange(p.shape[1]) < images[often, None], 1 - p[often], 0)  # the rarer of event and none
    expected, variance = p.sum(axis=1), (p * (1 - p)).sum(axis=1)
    most = (expected + 10 * np.sqrt(variance) + 10).max()  # beyond it is less than rounding
    shares = np.zeros((len(p), min(p.shape[1], int(most)) + 1))
    shares[:, 0] = 1
    for one in p.T[:, :, None]:
        shares[:, 1:] += one * (shares[:, :-1] - shares[:, 1:])
        shares[:, :1] *= 1 - one
    return abs(np.arange(shares.shape[1]) - expected[:, None]), shares


@dataclass(frozen=True)
class Brier:
    """The Brier score and its parts: score = reliability - resolution + uncertainty + within_bins.

    Murphy (1973) divides it so for forecasts of few values. Forecasts of many values are put into bins, and what they
    differ within a bin is a part of its own (Stephenson, Coelho and Jolliffe 2008).

    The binned reliability and resolution are too large on average, for chance makes the observed shares of bins differ.
    What it adds is taken off in the debiased ones, whose difference is the same but for the images' own uncertainty,
    which is divided by n - 1 (Ferro and Fricker 2012).

    Attributes:
        score: half the squared distance of the probabilities from the one-hot manual label, from 0 to 1; with two
            classes (p - y)^2.
        reliability: mean squared distance of predicted and observed shares in bins, 0 is best.
        reliability_expected: that of a perfectly calibrated network with these probabilities, on average.
        reliability_debiased: without what chance adds; of a perfectly calibrated network 0 on average, so it may be
            below 0.
        resolution: mean squared distance of the observed shares in bins from the share of all images.
        resolution_debiased: without what chance adds.
        uncertainty: that of a forecast which always gives the shares of the classes. It is a property of the images,
            and not of a network; the uncertainty of the paper's formula (15) is another quantity.
        within_bins: what reliability, resolution and uncertainty lack to the score.
    """

    score: float
    reliability: float
    reliability_expected: float
    reliability_debiased: float
    resolution: float
    resolution_debiased: float
    uncertainty: float
    within_bins: float


def brier(probability: np.ndarray, label: np.ndarray) -> Brier:
    """The Brier score, half the sum over the classes, with its parts.

    Args:
        probability: float [n, K].
        label: int [n], manual.
    """
    classes, images = probability.shape[1], len(label)
    parts = np.zeros(6)
    for number in _forecast_classes(classes):
        event = label == number
        binned, share = reliability(probability[:, number], event), event.mean()
        off, chance, spread = binned.squared_error, binned.squared_error_by_chance, share * (1 - share)
        told = float((binned.images * (binned.observed - share) ** 2).sum() / images)
        debiased = told - chance + spread / max(images - 1, 1)
        parts += [off, binned.squared_error_if_calibrated, off - chance, told, debiased, spread]
    if classes > 2:
        parts /= 2  # of two classes each has the half of the sum
    score = float(metrics.squared_error(probability, label).mean())
    off, _, _, told, _, spread = parts.tolist()
    return Brier(score, *[*parts.tolist(), score - off + told - spread])


def _forecast_classes(classes: int) -> range:
    """The classes whose probabilities are the forecasts of the class form: of two, class 1 alone."""
    return range(1, 2) if classes == 2 else range(classes)


@dataclass(frozen=True)
class CalibrationError:
    """An expected calibration error, and what a perfectly calibrated network with the same probabilities shows.

    Attributes:
        error: measured.
        expected: that of a perfectly calibrated network, on average.
        squared: mean squared distance of predicted and observed in bins, without what chance adds. It is unbiased, so
            of a calibrated network it is 0 on average, and may be below 0. Error minus `expected` is not: of a network
            that is off, chance adds less than `expected`.
    """

    error: float
    expected: float
    squared: float


def calibration_errors(
    probability: np.ndarray, answer: np.ndarray, label: np.ndarray
) -> tuple[CalibrationError, CalibrationError]:
    """The confidence form and the class form.

    Args:
        probability: float [n, K].
        answer: int [n], the network's.
        label: int [n], manual.
    """
    classes = _forecast_classes(probability.shape[1])
    of_classes = [_calibration_error(probability[:, number], label == number) for number in classes]
    means = np.mean([(one.error, one.expected, one.squared) for one in of_classes], axis=0)
    of_answer = probability[np.arange(len(answer)), answer]
    return _calibration_error(of_answer, answer == label), CalibrationError(*means.tolist())


def _calibration_error(probability: np.ndarray, event: np.ndarray) -> CalibrationError:
    binned = reliability(probability, event)
    distances, shares = events_if_calibrated(probability)
    expected = float((distances * shares).sum())
    squared = binned.squared_error - binned.squared_error_by_chance
    return CalibrationError(binned.expected_calibration_error, expected / len(event), squared)


def likely_error(probability: np.ndarray, error: float, redraws: int = REDRAWS, seed: int = 0) -> tuple[float, float]:
    """What calibration error a perfectly calibrated network rarely exceeds, and how often it reaches a measured one.

    The numbers of events in the bins are redrawn, see `events_if_calibrated`.

    Args:
        probability: of the answers, float [n].
        error: measured with them.
        redraws: their number.
        seed: seed of the redraws.

    Returns:
        The error that is exceeded with a probability of 5 %, and the p-value (Davison and Hinkley 1997, 4.11).
    """
    rng, redrawn = np.random.default_rng(seed), np.zeros(redraws)
    for distance, share in zip(*events_if_calibrated(probability), strict=True):
        place = np.searchsorted(share.cumsum(), rng.random(redraws))
        redrawn += distance[np.minimum(place, len(distance) - 1)]
    redrawn /= len(probability)
    likely = np.quantile(redrawn, 0.95, method="weibull")  # exceeded with 5 %, however few the redraws
    reached = int(np.count_nonzero(redrawn >= error - 1e-12))
    return float(likely), (1 + reached) / (1 + redraws)


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
