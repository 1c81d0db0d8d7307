"""Selective classification: the errors among the images of which a network is most sure.

A network may answer the images of which it is sure, and leave the others to a person. *Coverage* is the share of images
that it answers, *risk* the share of wrong answers among them (El-Yaniv and Wiener 2010; Geifman and El-Yaniv 2017,
arXiv 1705.08500). Images of equal confidence enter together: their order is not the network's.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class RiskCoverage:
    """The curve of risk by coverage, a point for each value of the confidence, the surest first.

    Attributes:
        images: images that are at least so sure, int64 [points]; the last point has all.
        errors: wrong answers among them, int64 [points].
    """

    images: np.ndarray
    errors: np.ndarray

    @property
    def coverage(self) -> np.ndarray:
        """Share of the images, float64 [points]."""
        return self.images / self.images[-1]

    @property
    def risk(self) -> np.ndarray:
        """Share of wrong answers, float64 [points]."""
        return self.errors / self.images

    def at(self, share: float) -> int:
        """The first point whose coverage is at least a share in (0, 1]."""
        wanted = np.ceil(np.round(share * self.images[-1], 6))  # 0.07 of 100 images are 7, and no 7.000000000000001
        return int(np.searchsorted(self.images, wanted))


def risk_coverage(confidence: np.ndarray, wrong: np.ndarray) -> RiskCoverage:
    """The curve of a network.

    Args:
        confidence: probability of the answer, float [n].
        wrong: whether the answer is wrong, bool [n].
    """
    order = np.argsort(-confidence, kind="stable")
    last = np.append(np.flatnonzero(np.diff(confidence[order])), len(order) - 1)
    return RiskCoverage(last + 1, np.cumsum(wrong[order])[last])


def areas_of_images(confidence: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """What each image adds to the area under the curve (AURC), float64 [n]; its mean is the area.

    The area is the mean over the images of the risk among those that are at least as sure. It is the error rate where
    confidence says nothing of errors. The values are the area plus the empirical influence of each image, so the spread
    of resampled means of them is that of the area (Hampel 1974). Arguments as in `risk_coverage`.
    """
    curve = risk_coverage(confidence, wrong)
    sizes = np.diff(curve.images, prepend=0)
    point = np.empty(len(wrong), np.int64)
    point[np.argsort(-confidence, kind="stable")] = np.repeat(np.arange(len(sizes)), sizes)
    # An image is among those of its own point and of all points that are less sure.
    among, risks = (
        np.cumsum(values[::-1])[::-1][point] for values in (sizes / curve.images, curve.risk * sizes / curve.images)
    )
    return curve.risk[point] + wrong * among - risks


def ideal_area(errors: int, images: int) -> float:
    """The area of a network with so many errors that is less sure of each of them than of every right answer.

    With the error rate r it is about r + (1 - r) log(1 - r) (Geifman, Uziel and El-Yaniv 2019, arXiv 1805.08206).
    """
    covered = np.arange(images - errors + 1, images + 1)
    return float(((covered - (images - errors)) / covered).sum() / images)
