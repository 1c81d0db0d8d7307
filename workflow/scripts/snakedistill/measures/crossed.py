"""Means over a crossed design, every seed with every image, and how sure they are."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from snakedistill.measures.intervals import LEVEL, freedom_of_variance, pooled, within_strata

_NODES = 160
_RAREST = 1e-12


@dataclass(frozen=True)
class Crossed:
    """The mean of a value over seeds and images, and the mean squares of its analysis of variance.

    Attributes:
        mean: over seeds and images.
        of_seeds: mean square of the seeds.
        of_images: mean square of the images, within their strata.
        of_rest: mean square of what is left, of each seed and image alone.
        seeds: number of seeds, at least 2.
        images: number of images.
    """

    mean: float
    of_seeds: float
    of_images: float
    of_rest: float
    seeds: int
    images: int
    freedom_of_images: float

    @property
    def variance_of_images(self) -> float:
        """Variance over the images of what all seeds see alike, at least 0."""
        return max(self.of_images - self.of_rest, 0) / self.seeds

    @property
    def variance_of_seeds(self) -> float:
        """Variance over the seeds of what all images see alike, at least 0."""
        return max(self.of_seeds - self.of_rest, 0) / self.images

    @property
    def error(self) -> float:
        """Standard error of the mean."""
        return float(np.sqrt(self.of_seeds / (self.seeds * self.images) + self.variance_of_images / self.images))

    def p_value(self, tested: float = 0.0) -> float:
        """Two-sided p-value of the hypothesis that the true mean over all seeds and images is `tested`.

        The mean is normal; its variance is (E MS_seeds + E MS_images - E MS_rest) / (seeds images). The images are so
        many that their mean squares stand for what is expected. The seeds are few: (seeds - 1) MS_seeds / E MS_seeds
        follows a chi-squared distribution, over which the p-value is averaged (the generalised p-value of Tsui and
        Weerahandi 1989, here that of the sum of a t and a normal variable, as in Behrens and Fisher's problem). Degrees
        of freedom after Satterthwaite (1946) give too small p-values far from 0, where Holm's correction looks.
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
        square = self.of_seeds * ratio + self.seeds * self.variance_of_images
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


@functools.cache
def _mean_squares(freedom: int) -> tuple[np.ndarray, np.ndarray]:
    """Ratios of an expected mean square to a measured one, and their weights; float64 [nodes] each."""
    from scipy import stats  # slow to import

    chi_squared = stats.chi2(freedom)
    logarithm = np.linspace(np.log(chi_squared.ppf(_RAREST)), np.log(chi_squared.isf(_RAREST)), _NODES)
    weight = chi_squared.pdf(np.exp(logarithm)) * np.exp(logarithm)
    return freedom / np.exp(logarithm), weight / weight.sum()


def crossed(values: np.ndarray, strata: np.ndarray) -> Crossed:
    """Analyse the variance of values over seeds and images.

    Args:
        values: float or int [seeds, n], of at least 2 seeds.
        strata: [n], the class of each image; see `pooled`.
    """
    values = np.asarray(values, np.float64)
    (seeds, images), number = values.shape, pooled(strata)
    of_seeds, of_images = values.mean(axis=1), values.mean(axis=0)
    squares, freedom = within_strata(of_images, number)
    rest = sum(within_strata(of_seed - of_images, number)[0].sum() for of_seed in values)
    return Crossed(
        mean=float(values.mean()),
        of_seeds=float(images * of_seeds.var(ddof=1)),
        of_images=float(seeds * squares.sum() / freedom),
        of_rest=float(rest / ((seeds - 1) * freedom)),
        seeds=seeds,
        images=images,
        freedom_of_images=freedom_of_variance(of_images, number),
    )
