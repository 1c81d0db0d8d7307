"""How many seeds and images it takes to see a difference between two recipes.

Every seed trains both networks, and all are tested on the same images, a crossed design, or each on its own. The
difference of right answers of a seed s on an image i is mean + seed s + image i + rest, whose variances say what more
seeds or images would show.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from snakedistill.measures.comparison import FEWEST_SEEDS, SIGNIFICANCE
from snakedistill.measures.crossed import crossed, errors_seen
from snakedistill.measures.intervals import pooled, within_strata

POWER = 0.8
"""Probability that a difference is seen where it is there."""
MANY_SEEDS = 64
"""From more on, degrees of freedom after Satterthwaite (1946) plan as well."""
_MANY_IMAGES = 200
MOST_SEEDS, MOST_IMAGES = 10_000, 10**9
"""More than these count as never."""


@dataclass(frozen=True)
class Components:
    """Variances of the difference of right answers of two recipes, each 1, 0 or -1 for a seed and an image.

    Attributes:
        seed: of the difference of a seed on all images; None where one seed was trained.
        image: of the difference on an image over all seeds, within the images of a class; of one seed with `rest`.
        rest: of what is of a seed and an image alone; 0 of one seed.
        classes: number of classes, within which images are compared.
        shared: share of the images of a seed that another seed has too, on average; 1 where all have the same.
    """

    seed: float | None
    image: float
    rest: float
    classes: int = 1
    shared: float = 1.0

    def error(self, seeds: int, images: int) -> tuple[float, float]:
        """Standard error of the mean difference of a design, and its degrees of freedom (Satterthwaite 1946)."""
        by_seed = self._by_seed(images)
        by_image = seeds * self.shared * self.image + self.rest
        square = max(by_seed + by_image - self.rest, 1e-300)
        apart = by_image**2 / max(images - self.classes, 1)
        apart += by_seed**2 / (seeds - 1) if seeds > 1 else 0.0
        return float(np.sqrt(square / (seeds * images))), max(square**2 / max(apart, 1e-300), seeds - 1)

    def _by_seed(self, images: int) -> float:
        """The expected mean square of seeds."""
        return images * (self.seed or 0.0) + self.rest + (1 - self.shared) * self.image

    def smallest_difference(self, seeds: int, images: int, pairs: int = 1) -> float:
        """The difference of accuracies that a design shows with a power of 80 %.

        It is what the rule of comparisons sees (`errors_seen`) at a level of `SIGNIFICANCE` over the number of pairs,
        a: what Holm's correction asks of a pair that is seen alone. Of one seed, and of more than `MANY_SEEDS`, it is
        (t_{1-a/2} + t_{0.8}) standard errors.

        Args:
            seeds: their number.
            images: their number.
            pairs: comparisons that are corrected together.
        """
        from scipy import special  # slow to import

        (error, freedom), level = self.error(seeds, images), SIGNIFICANCE / pairs
        if 1 < seeds <= MANY_SEEDS:
            of_seeds = self._by_seed(images) / (seeds * images * error**2)
            few = images - self.classes if images - self.classes < _MANY_IMAGES else np.inf
            return errors_seen(seeds, round(min(of_seeds, 1.0), 3), level, POWER, max(few, 1)) * error
        return float((special.stdtrit(freedom, POWER) - special.stdtrit(freedom, level / 2)) * error)

    def seeds_needed(self, margin: float, images: int, pairs: int = 1) -> int | None:
        """The fewest seeds that show a difference of `margin` on so many images, at least `FEWEST_SEEDS`, without which
        nothing is said of a recipe; None where none do."""
        return _fewest(lambda seeds: self.smallest_difference(seeds, images, pairs) <= margin, FEWEST_SEEDS, MOST_SEEDS)

    def images_needed(self, margin: float, seeds: int, pairs: int = 1) -> int | None:
        """The fewest images that show a difference of `margin` with so many seeds; None where none do."""
        fewest = self.classes + 1
        return _fewest(lambda images: self.smallest_difference(seeds, images, pairs) <= margin, fewest, MOST_IMAGES)


def _fewest(enough: Callable[[int], bool], least: int, most: int) -> int | None:
    """The least number that is enough, by bisection; None where `most` is not."""
    if not enough(most):
        return None
    while least < most:
        middle = (least + most) // 2
        least, most = (least, middle) if enough(middle) else (middle + 1, most)
    return least


def components(values: np.ndarray, strata: np.ndarray, present: np.ndarray | None = None) -> Components:
    """Variance components of seeds and images, from their mean squares (Searle, Casella and McCulloch 1992).

    An estimate below 0 counts as 0.

    Args:
        values: float [seeds, n]: 1 where the first network alone is right, -1 where the second alone is, else 0.
        strata: [n], the class of each image.
        present: bool [seeds, n], which images a seed of several has; None where all seeds have all.
    """
    values = np.asarray(values, np.float64)
    number = pooled(strata)
    classes = int(number.max()) + 1
    if len(values) == 1:
        squares, freedom = within_strata(values[0], number)
        return Components(None, float(squares.sum() / freedom), 0.0, classes)
    found = crossed(values, strata, present)
    return Components(found.variance_of_seeds, found.variance_of_images, found.of_rest, classes, found.shared)
