"""Means over seeds and images, and how sure they are.

The design is crossed where every seed is measured on the same images. Where each seed has test images of its own, it is
partly crossed: two seeds share the images that happen to be in both of their test parts.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from snakedistill.measures.intervals import LEVEL, freedom_of_variance, pooled, within_strata

_NODES = 160
_RAREST = 1e-12
_EVERY, _HALVINGS = 4, 18


@dataclass(frozen=True)
class Crossed:
    """The mean of a value over seeds and images, and the parts of its analysis of variance.

    Attributes:
        mean: over seeds and images.
        of_seeds: mean square of the seeds: the variance of their means, times the number of images.
        variance_of_images: over the images, within their strata, of what all seeds see alike; at least 0.
        of_rest: mean square of what is left, of each seed and image alone.
        seeds: number of seeds, at least 2.
        images: number of images of a seed.
        freedom_of_images: degrees of freedom of the variance of the images.
        shared: share of the images of a seed that another seed has too, on average; 1 where all have the same.
    """

    mean: float
    of_seeds: float
    variance_of_images: float
    of_rest: float
    seeds: int
    images: float
    freedom_of_images: float
    shared: float = 1.0

    @property
    def variance_of_seeds(self) -> float:
        """Variance over the seeds of what all images see alike, at least 0."""
        own = self.of_rest + (1 - self.shared) * self.variance_of_images
        return max(self.of_seeds - own, 0) / self.images

    @property
    def error(self) -> float:
        """Standard error of the mean.

        It is the root of s^2 / S + c, with the variance s^2 of the means of S seeds, and the mean covariance c of two
        seeds, which comes from the images that they share.
        """
        of_images = self.shared * self.variance_of_images
        return float(np.sqrt(self.of_seeds / (self.seeds * self.images) + of_images / self.images))

    def p_value(self, tested: float = 0.0) -> float:
        """Two-sided p-value of the hypothesis that the true mean over all seeds and images is `tested`.

        The mean is normal; its variance is the square of `error`, (E MS_seeds + E MS_images - E MS_rest) / (seeds
        images) where all seeds have the same images. The images are so many that what is measured of them stands for
        what is expected. The seeds are few: (seeds - 1) MS_seeds / E MS_seeds follows a chi-squared distribution, over
        which the p-value is averaged (the generalised p-value of Tsui and Weerahandi 1989, here that of the sum of a t
        and a normal variable, as in Behrens and Fisher's problem). Degrees of freedom after Satterthwaite (1946) give
        too small p-values far from 0, where Holm's correction looks.
        """
        return self._tail()(abs(self.mean - tested))

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """The values whose `p_value` is at least 1 - level; of width 0 where no seed and no image differs."""
        reach = self._reach(1 - level)
        return self.mean - reach, self.mean + reach

    def _tail(self) -> Callable[[float], float]:
        """The p-value of a distance from the mean."""
        from scipy import special  # slow to import

        ratio, weight = _mean_squares(self.seeds - 1)
        square = self.of_seeds * ratio + self.seeds * self.shared * self.variance_of_images
        error = np.sqrt(np.maximum(square, np.finfo(float).tiny) / (self.seeds * self.images))
        return lambda distance: float(2 * special.stdtr(self.freedom_of_images, -distance / error) @ weight)

    def _reach(self, significance: float) -> float:
        """The distance from the mean whose p-value is the significance."""
        from scipy import optimize  # slow to import

        tail, most = self._tail(), 10 * self.error
        if not most:
            return 0.0
        while tail(most) > significance:
            most *= 10
        return float(optimize.brentq(lambda distance: tail(distance) - significance, 0, most, xtol=1e-6 * self.error))


@functools.lru_cache(maxsize=4096)
def errors_seen(seeds: int, share: float, level: float, power: float, freedom: float = np.inf) -> float:
    """How many standard errors a true mean is from 0 where `Crossed.p_value` is below a level with some power.

    The mean is normal. The mean square of the seeds is that of a chi-squared distribution, and for each of its values
    there is a distance from which on p is below the level; the power is the mean over these values.

    Args:
        seeds: their number, at least 2.
        share: share of the variance of the mean that comes from the mean square of the seeds.
        level: of the p-value.
        power: probability that it is below the level, on the side of the true mean.
        freedom: degrees of freedom of the variance of the images.
    """
    from scipy import optimize, special  # slow to import

    ratio, weight = _mean_squares(seeds - 1)
    measured, of_measured = 1 / ratio[::_EVERY], weight[::_EVERY] / weight[::_EVERY].sum()
    error = np.sqrt(share * measured[:, None] * ratio + 1 - share)
    below_t = special.ndtr if freedom == np.inf else functools.partial(special.stdtr, freedom)
    below = np.zeros(len(measured))
    above = np.sqrt(share * measured) * -special.stdtrit(seeds - 1, level / 4)
    above += np.sqrt(1 - share) * -special.stdtrit(freedom, level / 4)
    for _ in range(_HALVINGS):
        middle = (below + above) / 2
        seen = 2 * below_t(-middle[:, None] / error) @ weight < level
        below, above = np.where(seen, below, middle), np.where(seen, middle, above)
    most = float(above.max() + 10)
    return float(optimize.brentq(lambda true: special.ndtr(true - above) @ of_measured - power, 0, most, xtol=1e-4))


@functools.cache
def _mean_squares(freedom: int) -> tuple[np.ndarray, np.ndarray]:
    """Ratios of an expected mean square to a measured one, and their weights; float64 [nodes] each."""
    from scipy import stats  # slow to import

    chi_squared = stats.chi2(freedom)
    logarithm = np.linspace(np.log(chi_squared.ppf(_RAREST)), np.log(chi_squared.isf(_RAREST)), _NODES)
    weight = chi_squared.pdf(np.exp(logarithm)) * np.exp(logarithm)
    return freedom / np.exp(logarithm), weight / weight.sum()


def crossed(values: np.ndarray, strata: np.ndarray, present: np.ndarray | None = None) -> Crossed:
    """Analyse the variance of values over seeds and images.

    Args:
        values: float or int [seeds, n], of at least 2 seeds.
        strata: [n], the class of each image; see `pooled`.
        present: bool [seeds, n], which images a seed is measured on; None where every seed is on all.
    """
    values = np.asarray(values, np.float64)
    if present is not None:
        return _partly_crossed(values, pooled(strata), present)
    (seeds, images), number = values.shape, pooled(strata)
    of_seeds, of_images = values.mean(axis=1), values.mean(axis=0)
    squares, freedom = within_strata(of_images, number)
    rest = sum(within_strata(of_seed - of_images, number)[0].sum() for of_seed in values)
    mean_square = float(rest / ((seeds - 1) * freedom))
    return Crossed(
        mean=float(values.mean()),
        of_seeds=float(images * of_seeds.var(ddof=1)),
        variance_of_images=max(float(seeds * squares.sum() / freedom) - mean_square, 0) / seeds,
        of_rest=mean_square,
        seeds=seeds,
        images=images,
        freedom_of_images=freedom_of_variance(of_images, number),
    )


def laid_out(of_seeds: Sequence[np.ndarray], images: int, places: Sequence[np.ndarray] | None = None) -> np.ndarray:
    """Values of the images of each seed as one array, [seeds, images, ...], 0 where a seed does not have an image.

    Args:
        of_seeds: of each seed, [n_s, ...].
        images: number of all images.
        places: of the images of each seed among all, int [n_s]; None where every seed has all in one order.
    """
    if places is None:
        return np.stack(of_seeds)
    found = np.zeros((len(of_seeds), images, *of_seeds[0].shape[1:]), of_seeds[0].dtype)
    for row, values, place in zip(found, of_seeds, places, strict=True):
        row[place] = values
    return found


def present_in(images: int, places: Sequence[np.ndarray] | None) -> np.ndarray | None:
    """Which of all images each seed has, bool [seeds, images]; None where every seed has all; see `laid_out`."""
    return None if places is None else laid_out([np.ones(len(place), bool) for place in places], images, places)


def means_of_seeds(values: np.ndarray, present: np.ndarray | None = None) -> np.ndarray:
    """The mean of each seed over its images, float64 [seeds]; arguments as in `crossed`."""
    return values.mean(axis=1) if present is None else (values * present).sum(axis=1) / present.sum(axis=1)


def mean_of(values: np.ndarray, present: np.ndarray | None = None) -> float:
    """The mean over seeds and images; arguments as in `crossed`."""
    return float(values.mean() if present is None else means_of_seeds(values, present).mean())


def means_of_images(values: np.ndarray, present: np.ndarray | None = None) -> np.ndarray:
    """What each image adds to the mean over seeds, float64 [n], whose mean is that mean; arguments as in `crossed`.

    Where every seed is on all images it is the mean of the image over the seeds.
    """
    if present is None:
        return values.mean(axis=0)
    return (values * present / present.mean(axis=1, keepdims=True)).mean(axis=0)


def _partly_crossed(values: np.ndarray, strata: np.ndarray, present: np.ndarray) -> Crossed:
    """Analyse the variance where each seed has images of its own; strata int [n], from 0.

    What all seeds see alike of an image is the mean product of the distances of two seeds on the images that they
    share, each from the mean of the stratum in its seed. With the same images everywhere it is the estimate of
    `crossed`, and so is all that follows from it.
    """
    seeds, times = len(values), present.sum(axis=0)
    distance, freedom = np.zeros(values.shape), 0
    for row, of_seed, there in zip(distance, values, present, strict=True):
        sizes = np.bincount(strata[there], minlength=strata.max() + 1)
        means = np.bincount(strata[there], of_seed[there], len(sizes)) / np.maximum(sizes, 1)
        row[there] = of_seed[there] - means[strata[there]]
        freedom += max(int(there.sum() - (sizes > 0).sum()), 1)
    whole = float((distance**2).sum() / freedom)  # variance of a value within its stratum and seed
    images = float(seeds / (1 / present.sum(axis=1)).sum())
    pairs = int((times * (times - 1)).sum())
    shared = pairs / (seeds * (seeds - 1) * images)
    products = float((distance.sum(axis=0) ** 2).sum() - (distance**2).sum())
    lost = 1 - (2 - shared) * (1 - freedom / present.sum())  # of a product, by taking the means of the strata off
    of_images = min(max(products / max(pairs, 1) / max(lost, 0.1), 0), whole)
    return Crossed(
        mean=mean_of(values, present),
        of_seeds=float(images * means_of_seeds(values, present).var(ddof=1)),
        variance_of_images=of_images,
        of_rest=whole - of_images,
        seeds=seeds,
        images=images,
        freedom_of_images=freedom_of_variance(means_of_images(values, present), strata),
        shared=shared,
    )
