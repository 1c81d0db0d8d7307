"""Which of several networks to ship, and whether it is worse than another one by more than a margin.

Validation chooses: the cheapest network that is about as accurate as the best one. Test judges: its answers had no part
in the choice, so the error rate of the judgement is that of a single test.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from snakedistill.measures.comparison import SIGNIFICANCE
from snakedistill.measures.intervals import error_of_mean, ratio_interval, score_interval, score_variance
from snakedistill.measures.power import MOST_IMAGES, POWER

YES, NO, OPEN = "yes", "no", "open"
AS_SMALL = 0.1  # forms and metadata of one network make files differ by some percent


def within_limits(
    milliseconds: np.ndarray, megabytes: np.ndarray, ms: float | None = None, mb: float | None = None
) -> np.ndarray:
    """Which candidates are within the limits of time and size, bool [n]; what was not measured is within no limit.

    Args:
        milliseconds: of an image, float [n], NaN where not measured.
        megabytes: of the file, float [n].
        ms: the limit of time; None: there is none.
        mb: the limit of size; None: there is none.
    """
    within = np.ones(len(megabytes), bool)
    for values, limit in ((milliseconds, ms), (megabytes, mb)):
        if limit is not None:
            within &= np.asarray(values, float) <= limit
    return within


def nearest(milliseconds: np.ndarray, megabytes: np.ndarray, ms: float | None = None, mb: float | None = None) -> int:
    """The candidate that exceeds the limits by the smallest factor; what was not measured exceeds them by most.

    Args:
        milliseconds: of an image, float [n], n at least 1, NaN where not measured.
        megabytes: of the file, float [n].
        ms: the limit of time; None: there is none.
        mb: the limit of size; None: there is none.

    Returns:
        Its row, the first of equal ones.
    """
    excess = np.zeros(len(megabytes))
    for values, limit in ((milliseconds, ms), (megabytes, mb)):
        if limit is not None:
            excess = np.fmax(excess, np.nan_to_num(np.asarray(values, float) / limit, nan=np.inf))
    return int(excess.argmin())


def eligible(right: np.ndarray, within: np.ndarray, margin: float) -> np.ndarray:
    """Which candidates are about as accurate as the best one, by the one-standard-error rule; bool [n].

    The best one has the highest accuracy among those within the limits. A candidate is eligible where its accuracy is
    lower by at most the margin, or by at most the standard error of the paired difference where that is larger (Breiman
    et al. 1984, section 3.4.3; there without pairs).

    Args:
        right: which images a candidate answers right, bool [n, images], of the validation part.
        within: which candidates are within the limits, bool [n].
        margin: difference of accuracies that does not matter, a share.
    """
    found = np.zeros(len(right), bool)
    if not within.any():
        return found
    counts = right.sum(axis=1)
    one_stratum = np.zeros(right.shape[1], int)
    for best in np.flatnonzero(within & (counts == counts[within].max())):
        for candidate in np.flatnonzero(within & ~found):
            differences = right[best].astype(float) - right[candidate]
            allowed = max(margin, error_of_mean(differences, one_stratum)[0])
            found[candidate] = differences.mean() <= allowed + 1e-12  # 0.97 - 0.96 is more than 0.01
    return found


def choose(
    right: np.ndarray,
    within: np.ndarray,
    seconds: Sequence[np.ndarray],
    megabytes: np.ndarray,
    names: Sequence[str],
    margin: float,
) -> int | None:
    """The cheapest of the candidates that are about as accurate as the best one, see `eligible`.

    It is the one with the least median time. Those whose time cannot be told from that, because the 95 % interval of
    the ratio holds 1, are as fast. Of these, and of all where no time is known, those whose file is larger than the
    smallest one by at most `AS_SMALL` are as small; of these the one with the highest accuracy is chosen, then the
    least median time, then the first name. A candidate without a time is not chosen where another one has a time.

    Args:
        right: which images a candidate answers right, bool [n, images], of the validation part.
        within: which candidates are within the limits, bool [n], see `within_limits`.
        seconds: of an image, of each candidate in each round, n arrays, float [rounds]; [0] where not measured.
        megabytes: of the file, float [n].
        names: of the candidates.
        margin: difference of accuracies that does not matter, a share.

    Returns:
        Row of the chosen one; None where no candidate is within the limits.
    """
    rows = np.flatnonzero(eligible(right, within, margin)).tolist()
    timed = [row for row in rows if len(seconds[row])]
    if timed:
        fastest = min(timed, key=lambda row: (np.median(seconds[row]), megabytes[row], names[row]))
        rows = [row for row in timed if row == fastest or _as_fast(seconds[row], seconds[fastest])]
    smallest = min((megabytes[row] for row in rows), default=0.0)
    as_small = [row for row in rows if megabytes[row] <= (1 + AS_SMALL) * smallest]
    times = {row: np.median(seconds[row]) if timed else 0.0 for row in as_small}
    return min(as_small, key=lambda row: (-right[row].sum(), times[row], names[row]), default=None)


def _as_fast(seconds: np.ndarray, fastest: np.ndarray) -> bool:
    return ratio_interval(seconds, fastest)[0] <= 1


def on_frontier(accuracy: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """Which candidates nothing dominates, bool [n].

    A candidate is dominated where another one is at least as accurate and costs at most as much, and is better in one
    of both. One whose cost is not known is not on the frontier, and dominates nothing.

    Args:
        accuracy: float [n].
        cost: time of an image or size of the file, float [n], NaN where not known.
    """
    accuracy, cost = np.asarray(accuracy, float), np.asarray(cost, float)
    as_good = (accuracy[:, None] >= accuracy) & (cost[:, None] <= cost)
    better = (accuracy[:, None] > accuracy) | (cost[:, None] < cost)
    return ~np.isnan(cost) & ~(as_good & better).any(axis=0)


@dataclass(frozen=True)
class NonInferiority:
    """Whether a network is worse than another one by more than a margin.

    Attributes:
        difference: of their accuracies on the same images.
        low: one-sided 95 % lower bound of the difference.
        high: one-sided 95 % upper bound.
        not_worse: yes where `low` is above -margin, no where `high` is below it, else open.
        images_needed: where open, the images with which it is told with a power of 80 % if the measured shares are the
            true ones; None where it is not open, and where no number of images tells it.
    """

    difference: float
    low: float
    high: float
    not_worse: str
    images_needed: int | None


def non_inferiority(one: int, other: int, images: int, margin: float) -> NonInferiority:
    """Test whether a network is not worse than another one by more than a margin.

    Both bounds are Tango's (1998), see `score_interval`.

    Args:
        one: images that the network alone answers right.
        other: images that the other one alone answers right.
        images: all of them, at least 1.
        margin: difference of accuracies that does not matter, a share above 0.
    """
    difference = (one - other) / images
    low, high = score_interval(one, other, images, 1 - 2 * SIGNIFICANCE)
    not_worse = YES if low > -margin else NO if high < -margin else OPEN
    needed = images_needed(one / images, other / images, margin) if not_worse == OPEN else None
    return NonInferiority(difference, low, high, not_worse, needed)


def images_needed(one: float, other: float, margin: float) -> int | None:
    """The images with which `non_inferiority` says yes or no with a power of 80 % (Nam 1997).

    They are the square of (z_0.95 sqrt(v) + z_0.8 sqrt(w)) / (difference + margin), where v is the variance of an image
    at the margin (`score_variance`) and w the variance that was measured.

    Args:
        one: share of the images that the network alone answers right.
        other: share of the images that the other one alone answers right.
        margin: difference of accuracies that does not matter.

    Returns:
        None where the difference is the margin, or so close to it that it takes more than `MOST_IMAGES`.
    """
    from scipy import special  # slow to import

    distance, variance = abs(one - other + margin), one + other - (one - other) ** 2
    errors = special.ndtri(1 - SIGNIFICANCE) * math.sqrt(score_variance(one, other, -margin))
    errors += special.ndtri(POWER) * math.sqrt(variance)
    if errors**2 >= MOST_IMAGES * distance**2:
        return None
    return math.floor((errors / distance) ** 2) + 1
