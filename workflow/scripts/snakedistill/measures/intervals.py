"""How far a number measured on n images can be trusted: exact binomial and bootstrap intervals."""

import functools
import math

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
    """Means of resampled images, drawn with replacement within each stratum (Rao and Wu 1988).

    Of a stratum of n_c images n_c - 1 are drawn, each with the weight n_c / (n_c - 1). So the variance of the means is
    that of a stratified sample; n_c of them would have (n_c - 1) / n_c of it. All columns of `values` see the same
    resamples, so a difference of two columns keeps their pairing.

    Args:
        values: float [n, k], k quantities of n images.
        strata: [n]; the split draws the same number of each class, so the class is the stratum. See `pooled`.
        seed: seed of the resampling.
        resamples: their number.

    Returns:
        float64 [resamples, k].
    """
    rng = np.random.default_rng(seed)
    strata = pooled(strata)
    of_stratum = np.bincount(strata)
    values = np.asarray(values)[np.lexsort([strata, of_stratum[strata]])]
    values = values.astype(np.float32 if _sums_are_exact_in_float32(values) else np.float64, copy=False)
    sizes = np.sort(of_stratum)
    drawn = np.maximum(sizes - 1, 1)
    firsts = np.repeat(np.cumsum(sizes) - sizes, drawn)
    blocks = np.split(values, range(_COLUMNS_AT_ONCE, values.shape[1], _COLUMNS_AT_ONCE), axis=1)
    blocks = [np.ascontiguousarray(block) for block in blocks]
    alike = _strata_of_one_size(sizes)
    means = np.zeros((resamples, values.shape[1]))
    for start in range(0, resamples, _RESAMPLES_AT_ONCE):
        counts = np.empty((min(_RESAMPLES_AT_ONCE, resamples - start), len(values)), values.dtype)
        for row in counts:
            row[:] = np.bincount(firsts + _drawn(rng, sizes, drawn), minlength=len(values))
        for rows, size in alike:
            sums = np.concatenate([counts[:, rows] @ block[rows] for block in blocks], axis=1)
            means[start : start + len(counts)] += sums * np.float64(size) / max(size - 1, 1)
    return means / len(values)


def pooled(strata: np.ndarray) -> np.ndarray:
    """Strata as numbers from 0; those of one image, of which the spread cannot be seen, are one stratum.

    A single such image joins the smallest of the others.

    Args:
        strata: [n].

    Returns:
        int64 [n].
    """
    _, number, sizes = np.unique(strata, return_inverse=True, return_counts=True)
    alone = sizes == 1
    target = np.flatnonzero(alone)[:1]
    if alone.sum() == 1 and len(sizes) > 1:
        target = np.argsort(sizes, kind="stable")[1:2]
    number = np.where(alone[number], target, number) if alone.any() else number
    return np.unique(number, return_inverse=True)[1]


def _strata_of_one_size(sizes: np.ndarray) -> list[tuple[slice, int]]:
    """The images of all strata of each size, and that size, of strata in the order of their sizes."""
    ends = np.cumsum(sizes)
    last = np.flatnonzero(np.append(sizes[1:] != sizes[:-1], True))
    return [
        (slice(int(first), int(end)), int(size))
        for first, end, size in zip([0, *ends[last][:-1]], ends[last], sizes[last], strict=True)
    ]


def _sums_are_exact_in_float32(values: np.ndarray) -> bool:
    """Whether n values, float [n, k], are whole numbers so small that float32 holds all sums of n of them."""
    most, blocks = 2**24 / len(values), np.array_split(values, -(-values.size // _NUMBERS_AT_ONCE))
    return all((block == np.rint(block)).all() and (abs(block) < most).all() for block in blocks)


def _drawn(rng: np.random.Generator, sizes: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Members of each stratum, int64 [sum of drawn]; large strata get the same numbers in less time.

    Args:
        rng: random numbers.
        sizes: of the strata, int [strata].
        drawn: how many of each, int [strata].
    """
    if sizes.sum() < _IMAGES_OF_A_LARGE_STRATUM * len(sizes):
        return rng.integers(np.repeat(sizes, drawn))
    return np.concatenate([rng.integers(size, size=number) for size, number in zip(sizes, drawn, strict=True)])


def bootstrap_intervals(
    values: np.ndarray,
    strata: np.ndarray,
    level: float | np.ndarray = LEVEL,
    bounds: tuple[float, float] | np.ndarray = (-1.0, 1.0),
    seed: int = 0,
) -> list[tuple[float, float]]:
    """Percentile intervals of the mean of every column.

    Where all images of each stratum have the same value, resampling shows no spread, which proves little when images
    are few. The interval then reaches as far as images of another value could have been missed: by the exact binomial
    bound on their share of the images, which holds of a stratified sample too, at a distance of half the range of
    possible means. It never leaves that range.

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
    """The intervals of `bootstrap_intervals`, from means of resamples, float [resamples, k].

    The percentiles are those that give the width of a t interval (Hesterberg 2015, expanded percentiles), with as many
    degrees of freedom as there are images beyond one in each stratum.
    """
    from scipy import stats  # slow to import

    columns, strata = values.shape[1], pooled(strata)
    levels, ranges = np.broadcast_to(level, columns), np.broadcast_to(bounds, (columns, 2))
    members = [strata == stratum for stratum in np.unique(strata)]
    freedom = max(len(values) - len(members), 1)
    intervals = []
    for of_images, means, one, (least, greatest) in zip(values.T, resampled.T, levels, ranges, strict=True):
        tail = stats.norm.sf(stats.t.isf((1 - one) / 2, freedom))
        low, high = np.quantile(means, [tail, 1 - tail])
        if all(np.ptp(of_images[of_stratum]) == 0 for of_stratum in members):
            reach = exact_interval(0, len(values), one)[1] * (greatest - least) / 2
            low, high = low - reach, high + reach
        intervals.append((float(max(low, least)), float(min(high, greatest))))
    return intervals


def median_interval(values: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """Exact interval of a median, whatever the distribution: two of the values in order (David and Nagaraja 2003, 7.1).

    Args:
        values: float [n], independent.
        level: confidence level.

    Returns:
        low and high; NaN where there are too few values for the level.
    """
    from scipy import stats  # slow to import

    found = stats.quantile_test(values, p=0.5).confidence_interval(level)
    return float(found.low), float(found.high)


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


def mean_interval(
    values: np.ndarray,
    strata: np.ndarray,
    level: float = LEVEL,
    bounds: tuple[float, float] = (-1.0, 1.0),
) -> tuple[float, float]:
    """A t interval of a mean over images, with the degrees of freedom of `freedom_of_variance`.

    Where all images of each stratum are alike the ends differ from the mean by q^2 / (n + q^2) of half the range, with
    the normal quantile q: the score interval of a share that was never seen (Wilson 1927). The interval never leaves
    the range.

    Args:
        values: float [n].
        strata: [n], the class of each image; see `pooled`.
        level: confidence level.
        bounds: least and greatest possible mean.

    Returns:
        low and high.
    """
    from scipy import stats  # slow to import

    images, mean = len(values), float(np.mean(values))
    error, freedom = error_of_mean(values, strata)
    if error > 1e-12 * max(abs(mean), 1) / images:
        reach = stats.t.isf((1 - level) / 2, freedom) * error
    else:
        square = stats.norm.isf((1 - level) / 2) ** 2
        reach = square / (images + square) * (bounds[1] - bounds[0]) / 2
    return max(mean - reach, bounds[0]), min(mean + reach, bounds[1])


def error_of_mean(values: np.ndarray, strata: np.ndarray) -> tuple[float, float]:
    """Standard error of the mean of a stratified sample, and the degrees of freedom of its t, `freedom_of_variance`.

    Args:
        values: float [n].
        strata: [n], the class of each image; see `pooled`.
    """
    number = pooled(strata)
    squares, freedom = within_strata(values, number)
    return float(np.sqrt(squares.sum() / freedom / len(values))), freedom_of_variance(values, number)


def freedom_of_variance(values: np.ndarray, strata: np.ndarray) -> float:
    """Degrees of freedom of the variance of a sample: 2 n / (kurtosis - 1) (Cramér 1946, section 27.4).

    They are about n of normal values, and about twice the number of the others where all but a few images are 0: so
    many images say no more than these few.

    Args:
        values: float [n].
        strata: int [n], from 0.
    """
    squares, freedom = within_strata(values, strata)
    if not squares.any():
        return 1.0
    kurtosis = (squares**2).mean() / squares.mean() ** 2
    return float(min(max(2 * len(values) / max(kurtosis - 1, 1e-9), 1.0), freedom))


def within_strata(values: np.ndarray, strata: np.ndarray) -> tuple[np.ndarray, int]:
    """Squared distances from the mean of the stratum, float64 [n], and their degrees of freedom.

    Args:
        values: float [n].
        strata: int [n], from 0.
    """
    sizes = np.bincount(strata)
    return (values - (np.bincount(strata, values) / sizes)[strata]) ** 2, max(len(values) - len(sizes), 1)


def score_interval(one: int, other: int, images: int, level: float = LEVEL) -> tuple[float, float]:
    """Tango's (1998) score interval of the difference of two paired shares, which never has a width of 0.

    Its ends are the differences whose score statistic is the normal quantile, where the shares of both are the most
    likely ones that have this difference.

    Args:
        one: images to which the first alone happens.
        other: images to which the second alone happens.
        images: all of them, at least 1.
        level: confidence level.

    Returns:
        low and high, in [-1, 1].
    """
    from scipy import special  # slow to import

    quantile = -special.ndtri((1 - level) / 2)
    return _score_bound(one, other, images, quantile), -_score_bound(other, one, images, quantile)


def score_interval_of(differences: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """`score_interval` of differences of two events, int [n]: 1 where the first alone happens, -1 the second alone."""
    return score_interval(int((differences > 0).sum()), int((differences < 0).sum()), len(differences), level)


def _score_bound(one: int, other: int, images: int, quantile: float) -> float:
    """The least difference that is not rejected, by halving."""
    below, above = -1.0, (one - other) / images
    while above - below > 1e-12:
        middle = (below + above) / 2
        variance = images * score_variance(one / images, other / images, middle)
        if variance <= 0 or one - other - images * middle > quantile * math.sqrt(variance):
            below = middle
        else:
            above = middle
    return below


def score_variance(one: float, other: float, difference: float) -> float:
    """Variance of the difference of two paired events on an image, where the true difference of their shares is known.

    The shares of both are the most likely ones that have this difference (Tango 1998).

    Args:
        one: share of the images to which the first alone happens, as measured.
        other: share to which the second alone happens.
        difference: the true one, in [-1, 1].
    """
    linear = -one - other + (2 - one + other) * difference
    constant = -other * difference * (1 - difference)
    share = (math.sqrt(max(linear**2 - 8 * constant, 0)) - linear) / 4
    return 2 * share + difference * (1 - difference)
