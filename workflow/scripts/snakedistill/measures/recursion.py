"""How predictions move from one generation to the next."""

from dataclasses import dataclass

import numpy as np


def log_odds(logit: np.ndarray) -> np.ndarray:
    """Logit of each class minus the mean of the other classes' logits; with two classes z of class 1, and -z.

    Args:
        logit: float [n, K].

    Returns:
        float64 [n, K], each row sums to 0.
    """
    logit = np.asarray(logit, np.float64)
    classes = logit.shape[1]
    return (logit - logit.mean(axis=1, keepdims=True)) * (classes / (classes - 1))


@dataclass(frozen=True)
class Step:
    """Least-squares fit of a generation's log-odds to those of the one before, l_g = a_k + b l_(g-1).

    Attributes:
        slope: b, one for all classes, NaN where the one before always has the same log-odds. Below 1 it is shrinkage
            (Mobahi et al. 2020, arXiv 2002.05715): of the log-odds themselves, and of what the correlation lacks.
        drift: a_k of each class, float64 [K], which sum to 0; with two classes -a and a. Above 0 the generation gives
            the class more than the one before did.
        correlation: of the log-odds of the two, each class's mean taken off; slope / correlation is the ratio of
            their spreads.
        slope_error: standard error of the slope over images, whose spread may differ (White 1980).
        drift_error: that of the drift, float64 [K].
    """

    slope: float
    drift: np.ndarray
    correlation: float
    slope_error: float
    drift_error: np.ndarray


def fit_step(before: np.ndarray, after: np.ndarray) -> Step:
    """Fit the logits of a generation, `after`, to those of the one before, `before`; float [n, K] each.

    With two classes it is the ordinary least-squares line z_g = a + b z_(g-1) of the logits of class 1.
    """
    x, y = log_odds(before), log_odds(after)
    mean_x, mean_y = (np.where(np.ptp(one, axis=0) == 0, one[0], one.mean(axis=0)) for one in (x, y))
    x -= mean_x  # to exactly 0 where all images have the same, whose mean is rounded
    y -= mean_y
    of_x, of_y, of_both = (x**2).sum(), (y**2).sum(), (x * y).sum()
    slope = of_both / of_x if of_x else np.nan
    correlation = of_both / np.sqrt(of_x * of_y) if of_x and of_y else np.nan
    rest = y - slope * x
    of_images = (rest * x).sum(axis=1) / of_x if of_x else np.full(len(x), np.nan)
    of_classes = rest / len(x) - of_images[:, None] * mean_x
    errors = np.sqrt((of_images**2).sum()), np.sqrt((of_classes**2).sum(axis=0))
    return Step(float(slope), mean_y - slope * mean_x, float(correlation), float(errors[0]), errors[1])


def first_errors(wrong: np.ndarray) -> np.ndarray:
    """Which of the generations is the first that gets each image wrong.

    Args:
        wrong: bool [n, generations].

    Returns:
        int64 [n]; the number of generations where none does.
    """
    return np.where(wrong.any(axis=1), wrong.argmax(axis=1), wrong.shape[1])
