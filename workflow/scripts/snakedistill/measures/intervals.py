"""How far a number measured on n images can be trusted: exact binomial and bootstrap intervals."""

import functools

import numpy as np

RESAMPLES = 10_000
_RESAMPLES_AT_ONCE = 250


@functools.cache  # of many classes, most have few errors
def exact_interval(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Interval of a share by Clopper and Pearson, whose coverage is never below `level`.

    Args:
        successes: images that count.
        trials: images looked at.
        level: confidence level.

    Returns:
        low and high, in [0, 1].
    """
    from scipy import stats  # slow to import, and only intervals need it

    interval = stats.binomtest(successes, trials).proportion_ci(level, method="exact")
    return float(interval.low), float(interval.high)


def bootstrap_means(values: np.ndarray, strata: np.ndarray, seed: int = 0) -> np.ndarray:
    """Means of resampled images, drawn with replacement within each stratum (Efron and Tibshirani 1993, chapter 8).

    All columns of `values` see the same resamples, so a difference of two columns keeps their pairing.

    Args:
        values: float [n, k], k quantities of n images.
        strata: [n]; the split draws the same number of each class, so the class is the stratum.
        seed: seed of the resampling.

    Returns:
        float64 [RESAMPLES, k].
    """
    values = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(seed)
    members = np.argsort(strata, kind="stable")
    _, sizes = np.unique(strata, return_counts=True)
    firsts, sizes = np.repeat(np.cumsum(sizes) - sizes, sizes), np.repeat(sizes, sizes)
    means = np.empty((RESAMPLES, values.shape[1]))
    for start in range(0, RESAMPLES, _RESAMPLES_AT_ONCE):
        counts = np.empty((min(_RESAMPLES_AT_ONCE, RESAMPLES - start), len(values)))
        for row in counts:
            row[members] = np.bincount(firsts + rng.integers(sizes), minlength=len(values))
        means[start : start + len(counts)] = counts @ values / len(values)
    return means


def bootstrap_intervals(
    values: np.ndarray,
    strata: np.ndarray,
    level: float | np.ndarray = 0.95,
    bounds: tuple[float, float] | np.ndarray = (-1.0, 1.0),
    seed: int = 0,
) -> list[tuple[float, float]]:
    """Percentile intervals of the mean of every column.

    Where all images of a stratum have the same value, resampling shows no spread, which proves little when images are
    few. The interval then reaches as far as images of another value could have been missed: by the exact binomial
    bound on their share in each stratum, at a distance of half the range of possible means. It never leaves that range.

    Args:
        values: float [n, k], as in `bootstrap_means`.
        strata: [n].
        level: confidence level, one for all or float [k].
        bounds: least and greatest possible mean, one pair for all or float [k, 2]; a difference of shares has -1 and 1.
        seed: seed of the resampling.

    Returns:
        (low, high) of each column.
    """
    columns = values.shape[1]
    levels, ranges = np.broadcast_to(level, columns), np.broadcast_to(bounds, (columns, 2))
    members = [strata == stratum for stratum in np.unique(strata)]
    intervals = []
    for of_images, means, one, (least, greatest) in zip(
        values.T, bootstrap_means(values, strata, seed).T, levels, ranges, strict=True
    ):
        low, high = np.quantile(means, [(1 - one) / 2, (1 + one) / 2])
        if all(np.ptp(of_images[of_stratum]) == 0 for of_stratum in members):
            missed = sum(exact_interval(0, of_stratum.sum(), one)[1] for of_stratum in members)
            reach = missed * (greatest - least) / 2
            low, high = low - reach, high + reach
        intervals.append((float(max(low, least)), float(min(high, greatest))))
    return intervals


def ratio_interval(
    numerator: np.ndarray, denominator: np.ndarray, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of the ratio of two medians, pairs resampled.

    Args:
        numerator: float [n].
        denominator: float [n], measured in the same n rounds.
        level: confidence level.
        seed: seed of the resampling.

    Returns:
        low and high.
    """
    rounds = np.random.default_rng(seed).integers(len(numerator), size=(RESAMPLES, len(numerator)))
    ratios = np.median(numerator[rounds], axis=1) / np.median(denominator[rounds], axis=1)
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
