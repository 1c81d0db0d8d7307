"""Whether one network is more accurate than another, and whether one recipe is.

Bouthillier et al. 2021, arXiv 2103.03098, say what it takes to claim that of a recipe.
"""

from dataclasses import dataclass

import numpy as np

from snakedistill.measures.intervals import LEVEL, RESAMPLES, bootstrap_means, exact_interval, percentile_intervals

FEWEST_SEEDS = 5
"""Paired seeds that a statement on a recipe needs."""
ERRORS_SEEN = 2.8
"""Standard errors of a difference that is seen with a power of 80 %, at a level of 5 %: the sum of the standard normal
quantiles of 0.975 and 0.8."""
LEAST_WINS = 0.75
"""Share of wins over paired seeds from which a difference is claimed, where its interval lies above one half."""


@dataclass(frozen=True)
class Discordance:
    """Images that one of two networks alone gets right.

    Attributes:
        one: images that the first network alone gets right.
        other: images that the second alone gets right.
        images: all images; with several seeds each counts once for every seed.
    """

    one: int
    other: int
    images: int

    @property
    def p_value(self) -> float:
        """Exact two-sided p-value of McNemar's test (1947) that both are right equally often."""
        from statsmodels.stats.contingency_tables import mcnemar  # slow to import

        return float(min(1.0, mcnemar([[0, self.one], [self.other, 0]], exact=True).pvalue))

    @property
    def smallest_difference(self) -> float:
        """Difference of accuracies that this many images show with a power of 80 %, at a level of 5 %.

        It is about `ERRORS_SEEN` sqrt(d / n), where d is the share of discordant images (Miettinen 1968).
        """
        return ERRORS_SEEN * np.sqrt((self.one + self.other) / self.images / self.images)


def discordance(one: np.ndarray, other: np.ndarray) -> Discordance:
    """Compare where two networks are right; bool [n] each, or [seeds, n], which are pooled."""
    return Discordance(int((one & ~other).sum()), int((other & ~one).sum()), one.size)


def images_needed(difference: float, discordant: float) -> float:
    """Images with which a difference of accuracies is seen with a power of 80 %: (`ERRORS_SEEN` / difference)^2 d.

    Args:
        difference: of the accuracies, not 0.
        discordant: share of the images that one of the two alone gets right, d.
    """
    return (ERRORS_SEEN / difference) ** 2 * discordant


def holm(p_values: list[float]) -> list[float]:
    """p-values after Holm's correction (1979) for the number of tests."""
    from statsmodels.stats.multitest import multipletests  # slow to import

    return list(map(float, multipletests(p_values, method="holm")[1])) if p_values else []


@dataclass(frozen=True)
class Wins:
    """How often one network is more accurate than another, over paired seeds.

    Attributes:
        wins: seeds in which it is.
        losses: seeds in which the other is.
        seeds: all seeds; in the rest both are equally accurate, which is a win of neither.
    """

    wins: int
    losses: int
    seeds: int

    @property
    def share(self) -> float:
        """Estimate of P(A > B)."""
        return self.wins / self.seeds

    @property
    def interval(self) -> tuple[float, float]:
        """Exact 95 % interval of P(A > B)."""
        return exact_interval(self.wins, self.seeds)

    @property
    def claimed(self) -> int:
        """1 where A > B may be claimed of the recipe, -1 where B > A may, else 0.

        The lower limit must be above one half and the estimate at least 0.75; so no number of seeds below 6 suffices.
        """
        for sign, of_one in ((1, self.wins), (-1, self.losses)):
            if of_one / self.seeds >= LEAST_WINS and exact_interval(of_one, self.seeds)[0] > 0.5:
                return sign
        return 0


def wins(differences: np.ndarray) -> Wins:
    """Count the signs of the differences of accuracies of paired seeds, float [seeds]."""
    return Wins(int((differences > 0).sum()), int((differences < 0).sum()), len(differences))


def resampled_means(values: np.ndarray, strata: np.ndarray, resamples: int = RESAMPLES) -> np.ndarray:
    """Means over resampled images, the same images for all seeds and networks, float64 [resamples, seeds, networks].

    Args:
        values: float [seeds, networks, n].
        strata: [n], the class of each image.
        resamples: their number.
    """
    seeds, networks, images = values.shape
    return bootstrap_means(values.reshape(-1, images).T, strata, resamples=resamples).reshape(-1, seeds, networks)


def difference_intervals(
    values: np.ndarray, pairs: list[tuple[int, int]], strata: np.ndarray, means: np.ndarray
) -> list[tuple[float, float]]:
    """95 % bootstrap intervals of differences of means of networks.

    With fewer than `FEWEST_SEEDS` seeds images alone are resampled, within each class: an interval of these networks.
    With more it is hierarchical, seeds and then images, the same images for all networks: an interval of the recipe.
    Percentiles of a hierarchical bootstrap of few seeds are too narrow where seeds differ, and too wide where they do
    not, for what varies by seed and image counts twice. So the percentiles are taken at the levels that give the width
    of a t interval (Hesterberg 2015, expanded percentiles): with the variance of the mean of a crossed design of seeds
    and images, (MS_seeds + MS_images - MS_rest) / (seeds images), and Satterthwaite's (1946) degrees of freedom.

    Args:
        values: float [seeds, networks, n], for example 1 where a network is right.
        pairs: numbers of networks.
        strata: [n], the class of each image.
        means: of the values, see `resampled_means`.

    Returns:
        low and high of mean(first) - mean(second) of each pair.
    """
    from scipy import stats  # slow to import

    values = np.asarray(values, np.float64)
    seeds, of_images, of_resamples = len(values), values.mean(axis=0), means.mean(axis=1)
    differences = np.stack([of_images[one] - of_images[other] for one, other in pairs], axis=1)
    resampled = np.stack([of_resamples[:, one] - of_resamples[:, other] for one, other in pairs], axis=1)
    found = percentile_intervals(resampled, differences, strata)
    if seeds < FEWEST_SEEDS:
        return found
    drawn = np.random.default_rng(1).multinomial(seeds, np.full(seeds, 1 / seeds), len(means)) / seeds
    for number, (one, other) in enumerate(pairs):
        resampled = ((means[:, :, one] - means[:, :, other]) * drawn).sum(axis=1)
        error, freedom = error_of_crossed_mean(values[:, one] - values[:, other], strata)
        if error > 0 < resampled.std():
            tail = stats.norm.sf(stats.t.ppf((1 + LEVEL) / 2, freedom) * error / resampled.std())
            low, high = np.quantile(resampled, [tail, 1 - tail])
            found[number] = float(low), float(high)
    return found


def error_of_crossed_mean(values: np.ndarray, strata: np.ndarray) -> tuple[float, float]:
    """Standard error of the mean over seeds and images, and its degrees of freedom; float [seeds, n], strata [n]."""
    seeds, images = values.shape
    _, number, sizes = np.unique(strata, return_inverse=True, return_counts=True)
    of_seeds, of_images = values.mean(axis=1), values.mean(axis=0)
    within = of_images - np.bincount(number, of_images)[number] / sizes[number]
    rest = values - of_images - of_seeds[:, None] + values.mean()
    freedom_of_images = max(images - len(sizes), 1)
    by_seed = images * of_seeds.var(ddof=1)
    by_image = seeds * (within**2).sum() / freedom_of_images
    both = (rest**2).sum() / ((seeds - 1) * max(images - 1, 1))
    square = max(by_seed + by_image - both, by_seed, by_image)
    apart = by_seed**2 / (seeds - 1) + by_image**2 / freedom_of_images
    freedom = square**2 / apart if apart else seeds - 1
    return float(np.sqrt(square / (seeds * images))), float(max(freedom, seeds - 1))
