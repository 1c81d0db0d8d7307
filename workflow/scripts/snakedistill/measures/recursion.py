"""How predictions move from one generation to the next."""

from collections.abc import Callable, Sequence

import numpy as np

from snakedistill.measures.crossed import laid_out, present_in
from snakedistill.measures.estimates import UNKNOWN, Estimate, estimated_mean
from snakedistill.measures.intervals import LEVEL

_FURTHEST = 100.0


def log_odds(logit: np.ndarray) -> np.ndarray:
    """Logit of each class minus the mean of the other classes' logits; with two classes z of class 1, and -z.

    Args:
        logit: float [n, K].

    Returns:
        float64 [n, K], each row sums to 0.
    """
    logit = np.asarray(logit, np.float64)
    classes = logit.shape[1]
    return (logit - logit.mean(axis=1, keepdims=True)) * (classes / (classes - 1))


def fit_step(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """Slope and correlation of a generation's logits, `after`, on those of the one before, `before`; float [n, K] each.

    The slope b is that of the least-squares fit of the log-odds, l_g = a_k + b l_(g-1); with two classes it is that of
    the line z_g = a + b z_(g-1) of the logits of class 1. It describes, and proves no shrinkage: b is the correlation
    times the ratio of the spreads, so noise that comes anew with each training run makes it smaller than 1 (regression
    dilution, Fuller 1987). `spread_ratio` and `slope_across_seeds` do not have this fault.

    Returns:
        The slope, NaN where the one before always has the same log-odds, and the correlation of the two, each class's
        mean taken off, NaN where one of them always has the same.
    """
    x, y = _centred(before), _centred(after)
    of_x, of_y, of_both = (x**2).sum(), (y**2).sum(), (x * y).sum()
    slope = of_both / of_x if of_x else np.nan
    correlation = of_both / np.sqrt(of_x * of_y) if of_x and of_y else np.nan
    return float(slope), float(correlation)


def _centred(logit: np.ndarray) -> np.ndarray:
    """Log-odds without the mean of each class, to exactly 0 where all images have the same, whose mean is rounded."""
    values = log_odds(logit)
    return values - np.where(np.ptp(values, axis=0) == 0, values[0], values.mean(axis=0))


Logits = np.ndarray | Sequence[np.ndarray]
"""Of the images of each seed, float [n_s, K]; float [seeds, n, K] where all seeds have the same."""
Places = Sequence[np.ndarray] | None
"""Where the images of each seed are among all images, int [n_s]; None where every seed has all in one order."""


def slope_across_seeds(before: Logits, after: Logits, label: np.ndarray) -> Estimate:
    """Slope of a generation on its source, with the sources of the other seeds as instruments (Fuller 1987).

    What two seeds have in common is no noise of training, so noise does not make this slope smaller: it is
    sum_(s != t) <y_s, x_t> / sum_(s != t) <x_s, x_t>, of centred log-odds of the generation, y, and of the source, x.
    The interval holds the slopes b that are not rejected (Fieller 1954), that is where the mean of
    (<y_s, x_t> + <y_t, x_s>) / 2 - b <x_s, x_t> over pairs of seeds and over images may be 0. A seed counts with its
    pseudo-values of the jackknife, see `estimated_mean`. An end is infinite where no slope is rejected, because the
    seeds of the source have next to nothing in common. The p-value is of the hypothesis that the slope is 1.

    Args:
        before: logits of the source, of seeds with the same images.
        after: logits of the generation.
        label: int [n], manual; the strata.

    Returns:
        The slope, `UNKNOWN` of one seed.
    """
    seeds = len(before)
    if seeds < 2:
        return UNKNOWN
    sum_of_x, sum_of_y = (sum(map(_centred, logits)) for logits in (before, after))
    of_both, of_source = np.empty((2, seeds, len(label)))  # of each seed with the mean of the others, by image
    for number, logits in enumerate(zip(before, after, strict=True)):
        x, y = map(_centred, logits)
        others_x, others_y = sum_of_x - x, sum_of_y - y
        of_source[number] = (x * others_x).sum(axis=1) / (seeds - 1)
        of_both[number] = ((y * others_x).sum(axis=1) + (x * others_y).sum(axis=1)) / (2 * (seeds - 1))
    if not of_source.sum():
        return UNKNOWN
    value = float(of_both.sum() / of_source.sum())
    of_both, of_source = map(_pseudo_values, (of_both, of_source))

    def p_value(slope: float) -> float:
        return estimated_mean(of_both - slope * of_source, label).p_value

    low, high = (_last_accepted(p_value, value, direction) for direction in (-1, 1))
    return Estimate(value, low, high, p_value(1.0))


def _pseudo_values(of_seeds: np.ndarray) -> np.ndarray:
    """Pseudo-values of the jackknife of a mean over pairs of seeds, from the means of each seed's pairs; [seeds, n]."""
    seeds, mean = len(of_seeds), of_seeds.mean(axis=0)
    if seeds == 2:  # one pair: a seed less leaves none
        return 2 * of_seeds - mean
    return seeds * mean - (seeds - 1) * (seeds * mean - 2 * of_seeds) / (seeds - 2)


def _last_accepted(p_value: Callable[[float], float], value: float, direction: int) -> float:
    """The slope that is furthest from the value, in a direction, and is not rejected at 5 %; infinite where all are."""
    from scipy import optimize  # slow to import

    def above(distance: float) -> float:
        return p_value(value + direction * distance) - (1 - LEVEL)

    distance = 0.01
    while above(distance) > 0:
        distance *= 2
        if distance > _FURTHEST:
            return direction * np.inf
    return value + direction * float(
        optimize.brentq(above, distance / 2 if distance > 0.01 else 0, distance, xtol=1e-6)
    )


def spread_ratio(before: Logits, after: Logits, label: np.ndarray, places: Places = None) -> Estimate:
    """How wide the log-odds of a generation are spread, as a ratio to those of an earlier one.

    The spread is the root of the mean squared distance of the images from the mean. The interval is that of the
    logarithm, from influence values: an image adds d^2 / (2 mean d^2) to the logarithm of a spread. The p-value is of
    the hypothesis that the ratio is 1.

    Args:
        before: logits of the earlier generation.
        after: logits of the later one.
        label: int [n], manual, of all images; the strata.
        places: of the images of each seed.
    """
    squares = [[(_centred(one) ** 2).sum(axis=1) for one in logits] for logits in (before, after)]
    if not all(square.any() for of_logits in squares for square in of_logits):
        return UNKNOWN
    of_before, of_after = (
        laid_out([(np.log(square.mean()) + square / square.mean() - 1) / 2 for square in of_logits], len(label), places)
        for of_logits in squares
    )
    found = estimated_mean(of_after - of_before, label, present_in(len(label), places))
    value, low, high = np.exp([found.value, found.low, found.high]).tolist()
    return Estimate(value, low, high, found.p_value)


def drift(before: Logits, after: Logits, label: np.ndarray, places: Places = None) -> list[Estimate]:
    """Change of the mean log-odds of each class from an earlier generation to a later one.

    Above 0 the later one gives the class more. With two classes the changes are -a and a.

    Args:
        before: logits of the earlier generation.
        after: logits of the later one.
        label: int [n], manual, of all images; the strata.
        places: of the images of each seed.
    """
    of_seeds = [log_odds(later) - log_odds(earlier) for earlier, later in zip(before, after, strict=True)]
    change, present = laid_out(of_seeds, len(label), places), present_in(len(label), places)
    return [estimated_mean(change[:, :, number], label, present) for number in range(change.shape[2])]


def first_errors(wrong: np.ndarray) -> np.ndarray:
    """Which of the generations is the first that gets each image wrong.

    Args:
        wrong: bool [n, generations].

    Returns:
        int64 [n]; the number of generations where none does.
    """
    return np.where(wrong.any(axis=1), wrong.argmax(axis=1), wrong.shape[1])
