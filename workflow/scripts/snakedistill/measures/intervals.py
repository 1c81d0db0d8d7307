"""How far a number measured on n images can be trusted: exact binomial and bootstrap intervals."""

import functools

import numpy as np

LEVEL = 0.95
"""Confidence level of intervals, where no other one is asked for."""
NORMAL = 1.959964
"""Quantile of the standard normal distribution at 0.975."""
RESAMPLES = 10_000
_RESAMPLES_AT_ONCE = 250
_COLUMNS_AT_ONCE = 128
"""OpenBLAS may be several times slower with more columns and two threads."""
_IMAGES_OF_A_LARGE_STRATUM = 300
_NUMBERS_AT_ONCE = 4_000_000


@functools.cache  # of many classes, most have few errors
def exact_interval(successes: int, trials: int, level: float = LEVEL) -> tuple[float, float]:
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


def bootstrap_means(values: np.ndarray, strata: np.ndarray, seed: int = 0, resamples: int = RESAMPLES) -> np.ndarray:
    """Means of resampled images, drawn with replacement within each stratum (Efron and Tibshirani 1993, chapter 8).

    All columns of `values` see the same resamples, so a difference of two columns keeps their pairing.

    Args:
        values: float [n, k], k quantities of n images.
        strata: [n]; the split draws the same number of each class, so the class is the stratum.
        seed: seed of the resampling.
        resamples: their number.

    Returns:
        float64 [resamples, k].
    """
    rng = np.random.default_rng(seed)
    values = np.asarray(values)[np.argsort(strata, kind="stable")]
    values = values.astype(np.float32 if _sums_are_exact_in_float32(values) else np.float64, copy=False)
    _, sizes = np.unique(strata, return_counts=True)
    firsts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    blocks = np.split(values, range(_COLUMNS_AT_ONCE, values.shape[1], _COLUMNS_AT_ONCE), axis=1)
    blocks = [np.ascontiguousarray(block) for block in blocks]
    means = np.empty((resamples, values.shape[1]))
    for start in range(0, resamples, _RESAMPLES_AT_ONCE):
        counts = np.empty((min(_RESAMPLES_AT_ONCE, resamples - start), len(values)), values.dtype)
        for row in counts:
            row[:] = np.bincount(firsts + _drawn(rng, sizes), minlength=len(values))
        np.concatenate([counts @ block for block in blocks], axis=1, out=means[start : start + len(counts)])
    return means / len(values)


def _sums_are_exact_in_float32(values: np.ndarray) -> bool:
    """Whether n values, float [n, k], are whole numbers so small that float32 holds all sums of n of them."""
    most, blocks = 2**24 / len(values), np.array_split(values, -(-values.size // _NUMBERS_AT_ONCE))
    return all((block == np.rint(block)).all() and (abs(block) < most).all() for block in blocks)


def _drawn(rng: np.random.Generator, sizes: np.ndarray) -> np.ndarray:
    """Members of each stratum, as many as it has, int64 [n]; large strata get the same numbers in less time.

    Args:
        rng: random numbers.
        sizes: of the strata, int [strata].
    """
    if sizes.sum() < _IMAGES_OF_A_LARGE_STRATUM * len(sizes):
        return rng.integers(np.repeat(sizes, sizes))
    return np.concatenate([rng.integers(size, size=size) for size in sizes])


def bootstrap_intervals(
    values: np.ndarray,
    strata: np.ndarray,
    level: float | np.ndarray = LEVEL,
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
    return percentile_intervals(bootstrap_means(values, strata, seed), values, strata, level, bounds)


def percentile_intervals(
    resampled: np.ndarray,
    values: np.ndarray,
    strata: np.ndarray,
    level: float | np.ndarray = LEVEL,
    bounds: tuple[float, float] | np.ndarray = (-1.0, 1.0),
) -> list[tuple[float, float]]:
    """The intervals of `bootstrap_intervals`, from means of resamples, float [resamples, k]."""
    columns = values.shape[1]
    levels, ranges = np.broadcast_to(level, columns), np.broadcast_to(bounds, (columns, 2))
    members = [strata == stratum for stratum in np.unique(strata)]
    intervals = []
    for of_images, means, one, (least, greatest) in zip(values.T, resampled.T, levels, ranges, strict=True):
        low, high = np.quantile(means, [(1 - one) / 2, (1 + one) / 2])
        if all(np.ptp(of_images[of_stratum]) == 0 for of_stratum in members):
            missed = sum(exact_interval(0, of_stratum.sum(), one)[1] for of_stratum in members)
            reach = missed * (greatest - least) / 2
            low, high = low - reach, high + reach
        intervals.append((float(max(low, least)), float(min(high, greatest))))
    return intervals


def ratio_interval(
    numerator: np.ndarray, denominator: np.ndarray, level: float = LEVEL, seed: int = 0
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
