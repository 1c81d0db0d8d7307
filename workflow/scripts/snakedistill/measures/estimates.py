"""Means over seeds and images, with intervals and p-values."""

from dataclasses import dataclass

import numpy as np

from snakedistill.measures.comparison import FEWEST_SEEDS, sign_permutation_p_value
from snakedistill.measures.crossed import crossed, mean_of, means_of_images
from snakedistill.measures.intervals import LEVEL, error_of_mean, exact_interval, score_interval_of


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval.

    Attributes:
        value: measured.
        low: lower end.
        high: upper end.
        p_value: two-sided, of the hypothesis that the true value is 0.
    """

    value: float
    low: float
    high: float
    p_value: float


UNKNOWN = Estimate(np.nan, np.nan, np.nan, np.nan)


def estimated_mean(values: np.ndarray, strata: np.ndarray, present: np.ndarray | None = None) -> Estimate:
    """The mean over seeds and images, with a t interval.

    With fewer than `FEWEST_SEEDS` seeds it is an interval of the networks at hand: images alone are a sample, and each
    counts with its mean over the seeds. With more it is one of the recipe, over seeds and images, see `Crossed`. A
    statistic that is not a mean is one of its influence values (Hampel 1974): the values are then the statistic plus
    what each image adds to it.

    Args:
        values: float [seeds, n].
        strata: [n], the class of each image.
        present: bool [seeds, n], which images a seed has; None where all seeds have all.
    """
    from scipy import stats  # slow to import

    value = mean_of(values, present)
    if np.abs(values - value).max(where=True if present is None else present, initial=0) <= 1e-12 * max(
        abs(value), 1
    ):  # all alike, but for rounding
        reach = exact_interval(0, values.shape[1])[1]  # others may have been missed
        return Estimate(value, value - reach, value + reach, float(abs(value) <= reach))
    if len(values) >= FEWEST_SEEDS:
        found = crossed(values, strata, present)
        return Estimate(value, *found.interval(), found.p_value())
    error, freedom = error_of_mean(means_of_images(values, present), strata)
    reach = float(stats.t.isf((1 - LEVEL) / 2, freedom) * error)
    p_value = float(2 * stats.t.sf(abs(value) / error, freedom)) if error else float(value == 0)
    return Estimate(value, value - reach, value + reach, p_value)


def paired_difference(one: np.ndarray, other: np.ndarray) -> Estimate:
    """Difference of the shares of two events on the same images, with Tango's score interval and McNemar's p-value.

    Args:
        one: bool [n].
        other: bool [n].
    """
    if not len(one):
        return UNKNOWN
    differences = one.astype(int) - other
    return Estimate(float(differences.mean()), *score_interval_of(differences), sign_permutation_p_value(differences))
