"""Whether one network is more accurate than another, and whether one recipe is.

Differences are of whole numbers, for example 1 where the first network alone is right and -1 where the second alone is.
Bouthillier et al. 2021, arXiv 2103.03098, say why a statement on a recipe needs several training runs.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from snakedistill.measures.crossed import Crossed, crossed, mean_of, means_of_images
from snakedistill.measures.intervals import LEVEL, mean_interval, score_interval_of

FEWEST_SEEDS = 5
"""Paired seeds that a statement on a recipe needs."""
SIGNIFICANCE = 0.05
ERRORS_SEEN = 2.8
"""Standard errors of a difference that is seen with a power of 80 %, at a level of 5 %: the sum of the standard normal
quantiles of 0.975 and 0.8."""


def sign_permutation_p_value(differences: np.ndarray) -> float:
    """Exact two-sided p-value of the hypothesis that each image's difference is as likely to have the other sign.

    The test statistic is the sum. Each image is one draw, whatever the number of seeds whose differences it sums, so
    seeds do not multiply images. With differences of 1 and -1 it is the exact test of McNemar (1947).

    Args:
        differences: int [n].
    """
    sizes = np.abs(differences)
    distribution = np.ones(1)  # of the sum of the sizes whose sign is +
    for size, images in enumerate(np.bincount(sizes)[1:], 1):
        if images:
            of_size = np.zeros(images * size + 1)
            of_size[::size] = _shares_of_signs(int(images))
            distribution = np.convolve(distribution, of_size)
    positive = int(sizes.sum() + abs(differences.sum())) // 2
    return float(min(1.0, 2 * distribution[positive:].sum()))


def paired_interval(differences: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """Tango's interval of a difference of accuracies (see `score_interval`), which holds 0 where McNemar's test does.

    Args:
        differences: int [n]: 1 where the first alone is right, -1 where the second alone is, else 0.
        level: confidence level.
    """
    return _as_tested(score_interval_of(differences, level), sign_permutation_p_value(differences), level)


def _as_tested(interval: tuple[float, float], p_value: float, level: float) -> tuple[float, float]:
    """An interval of a difference, which holds 0 where the test does not tell the difference from 0."""
    low, high = interval
    return (min(low, 0.0), max(high, 0.0)) if p_value >= 1 - level else interval


@functools.cache
def _shares_of_signs(images: int) -> np.ndarray:
    """Probabilities of 0 to so many + among as many signs."""
    from scipy import stats  # slow to import

    return stats.binom.pmf(np.arange(images + 1), images, 0.5)


def smallest_difference(discordant: float, images: int) -> float:
    """Difference of accuracies that this many images show with a power of 80 %, at a level of 5 % (Miettinen 1968).

    Args:
        discordant: share of the images that one of the two networks alone gets right, d; of several seeds the mean.
        images: their number, n, whatever the number of seeds.

    Returns:
        About `ERRORS_SEEN` sqrt(d / n).
    """
    return float(ERRORS_SEEN * np.sqrt(discordant / images))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values after Holm's correction (1979) for the number of tests, m.

    The smallest is multiplied by m, the next one by m - 1 and so on; none is below one that was smaller, or above 1.
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p)
    corrected = np.empty(len(p))
    corrected[order] = np.maximum.accumulate(np.minimum(p[order] * np.arange(len(p), 0, -1), 1.0))
    return corrected.tolist()


@dataclass(frozen=True)
class Comparison:
    """The mean difference of two networks, or of two recipes, and how sure it is.

    Attributes:
        difference: mean over seeds and images.
        interval: ends of its 95 % interval. It holds 0 wherever the test does not tell the difference from 0.
        equal_within: the smallest margin within which two one-sided tests at 5 % show both to be equal (Schuirmann
            1987): the end of the 90 % interval that is further from 0.
        p_networks: of the networks at hand, see `sign_permutation_p_value`.
        p_recipe: of the recipes, see `compare`; None of fewer than `FEWEST_SEEDS` seeds.
        recipe: the variances over seeds and images; None as well.
    """

    difference: float
    interval: tuple[float, float]
    equal_within: float
    p_networks: float
    p_recipe: float | None
    recipe: Crossed | None


def compare(differences: np.ndarray, strata: np.ndarray, present: np.ndarray | None = None) -> Comparison:
    """Compare two networks, or two recipes, on the same images; those of a seed may not be those of another one.

    With fewer than `FEWEST_SEEDS` seeds images alone are a sample: interval and p-value are of the networks at hand.
    The interval of one seed is Tango's (see `score_interval`), that of more, or of larger differences, `mean_interval`.
    With `FEWEST_SEEDS` seeds and more both are of the recipes, over seeds and images, see `Crossed`. The p-value of
    the recipes is never below that of the networks: what few images show, all seeds may show alike.

    Args:
        differences: int [seeds, n], of paired seeds; 0 where a seed does not have an image.
        strata: [n], the class of each image.
        present: bool [seeds, n], which images a seed has; None where all seeds have all.
    """
    seeds = len(differences)
    p_networks, p_recipe, recipe = sign_permutation_p_value(differences.sum(axis=0)), None, None
    if seeds >= FEWEST_SEEDS:
        recipe = crossed(differences, strata, present)
        p_recipe = max(recipe.p_value(), p_networks)

    most = float(max(np.abs(differences).max(), 1))

    def interval(level: float) -> tuple[float, float]:
        if recipe is not None and recipe.error:
            low, high = recipe.interval(level)
            return max(low, -most), min(high, most)
        if seeds == 1 and most == 1:
            return score_interval_of(differences[0], level)
        return mean_interval(means_of_images(differences, present), strata, level, (-most, most))

    tested = _as_tested(interval(LEVEL), p_networks if p_recipe is None else p_recipe, LEVEL)
    equal_within = max(map(abs, interval(1 - 2 * SIGNIFICANCE)))
    return Comparison(mean_of(differences, present), tested, equal_within, p_networks, p_recipe, recipe)
