"""Whether a network is as accurate on a group of images as on the others."""

import numpy as np

RESAMPLES = 10_000


def permutation_p(values: np.ndarray, member: np.ndarray, seed: int = 0) -> float:
    """Two-sided p-value that the images of a group are a random sample of all images.

    By permutation (Fisher 1935): the group's images are drawn again from all images, and p is the share of the draws
    whose mean is at least as far from that of all images. Images are the units, however many seeds there are.

    Args:
        values: float [n], for example the share of the seeds in which a network is right on the image.
        member: whether the image is in the group, bool [n].
        seed: seed of the draws.

    Returns:
        At least 1 / (`RESAMPLES` + 1), and 1 where the group has all images or none.
    """
    size = int(member.sum())
    if size in (0, len(member)):
        return 1.0
    kinds, counts = np.unique(values, return_counts=True)
    drawn = np.random.default_rng(seed).multivariate_hypergeometric(counts, size, RESAMPLES)
    middle = values.mean()
    distances = abs(drawn @ kinds / size - middle)
    return float((1 + (distances >= abs(values[member].mean() - middle) - 1e-12).sum()) / (1 + RESAMPLES))
