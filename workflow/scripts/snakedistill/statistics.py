"""How far a number measured on n images can be trusted: exact binomial and bootstrap intervals."""

import numpy as np
from scipy import stats

RESAMPLES = 10_000
_RESAMPLES_AT_ONCE = 250


def exact_interval(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Interval of a share by Clopper and Pearson, whose coverage is never below `level`.

    Args:
        successes: images that count.
        trials: images looked at.
        level: of confidence.

    Returns:
        low and high, in [0, 1].
    """
    interval = stats.binomtest(successes, trials).proportion_ci(level, method="exact")
    return float(interval.low), float(interval.high)


def bootstrap_means(values: np.ndarray, strata: np.ndarray, seed: int = 0) -> np.ndarray:
    """Means of resampled images, drawn with replacement within each stratum (Efron and Tibshirani 1993, chapter 8).

    All columns of `values` see the same resamples, so a difference of two columns keeps their pairing.

    Args:
        values: float [n, k], k quantities of n images.
        strata: [n]; the split draws the same number of each class, so the class is the stratum.
        seed: of the resampling.

    Returns:
        float64 [RESAMPLES, k].
    """
    values = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
    means = np.empty((RESAMPLES, values.shape[1]))
    for start in range(0, RESAMPLES, _RESAMPLES_AT_ONCE):
        counts = np.empty((min(_RESAMPLES_AT_ONCE, RESAMPLES - start), len(values)))
        for row in counts:
            drawn = [images[rng.integers(len(images), size=len(images))] for images in members]
            row[:] = np.bincount(np.concatenate(drawn), minlength=len(values))
        means[start : start + len(counts)] = counts @ values / len(values)
    return means


def bootstrap_intervals(
    values: np.ndarray, strata: np.ndarray, level: float | np.ndarray = 0.95, seed: int = 0
) -> list[tuple[float, float]]:
    """Percentile intervals of the mean of every column.

    Where all images of a stratum have the same value, resampling shows no spread, which proves little when images are
    few. The interval then reaches as far as images of another value could have been missed: by the exact binomial
    bound on their share in each stratum, at a distance of 1 (quantities here are differences of shares).

    Args:
        values: float [n, k], as in `bootstrap_means`.
        strata: [n].
        level: of confidence, one for all or float [k].
        seed: of the resampling.

    Returns:
        (low, high) of each column.
    """
    levels = np.broadcast_to(level, values.shape[1])
    intervals = []
    for of_images, means, one in zip(values.T, bootstrap_means(values, strata, seed).T, levels, strict=True):
        low, high = np.quantile(means, [(1 - one) / 2, (1 + one) / 2])
        members = [of_images[strata == stratum] for stratum in np.unique(strata)]
        if all(np.ptp(of_stratum) == 0 for of_stratum in members):
            missed = sum(exact_interval(0, len(of_stratum), one)[1] for of_stratum in members)
            low, high = low - missed, high + missed
        intervals.append((float(low), float(high)))
    return intervals


def ratio_interval(
    numerator: np.ndarray, denominator: np.ndarray, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of the ratio of two medians, pairs resampled.

    Args:
        numerator: float [n].
        denominator: float [n], measured in the same n rounds.
        level: of confidence.
        seed: of the resampling.

    Returns:
        low and high.
    """
    rounds = np.random.default_rng(seed).integers(len(numerator), size=(RESAMPLES, len(numerator)))
    ratios = np.median(numerator[rounds], axis=1) / np.median(denominator[rounds], axis=1)
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
