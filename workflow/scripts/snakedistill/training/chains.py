"""Chains of heads on a frozen backbone: hundreds of students and generations in minutes, to see what a chain loses by.

All heads of a chain's generation, one for each seed, are trained at once. They see the images in the same order; a seed
skips those that it does not train on.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # of Adam
FOLDS = 5
"""Of the images, in each of which those of one fold are left out and answered, for cross-fitted labels."""


@dataclass(frozen=True, kw_only=True)
class Dose:
    """How each generation of a chain is trained.

    Attributes:
        labels: `soft`, probabilities, or `hard`, answers.
        epochs: passes over the images.
        l2: strength of the L2 penalty, of features whose mean variance is 1.
        label_noise: share of the labels that are turned, anew for each generation.
        manual_share: a of labels (1 - a) p + a y, with p of the source and y manual.
        accumulate: whether a generation trains on the labels of all generations before it, and not on the last ones
            alone.
        cross_fitted: whether an image's label comes from a head that did not train on it, one of `FOLDS`.
    """

    labels: str
    epochs: int
    l2: float = 0.0
    label_noise: float = 0.0
    manual_share: float = 0.0
    accumulate: bool = False
    cross_fitted: bool = False


@dataclass(frozen=True)
class Descent:
    """How a head is fitted, from 0 on.

    Attributes:
        learning_rate: the largest one.
        batch_size: images of a step, all seeds together; None: all, in their order.
        adam: Adam with a cosine schedule; else plain gradient descent.
        squared: half the squared distance as loss; else cross-entropy.
    """

    learning_rate: float = 1e-3
    batch_size: int | None = 64
    adam: bool = True
    squared: bool = False


def standardised(features: np.ndarray) -> np.ndarray:
    """Features with a mean of 0 and a mean variance of 1, and a column of ones: float32 [n, d] to [n, d + 1]."""
    centred = features - features.mean(axis=0)
    centred /= np.sqrt(np.mean(centred**2))
    return np.hstack([centred, np.ones((len(centred), 1))]).astype(np.float32)


def fit_heads(
    features: np.ndarray,
    label: np.ndarray,
    trained: np.ndarray,
    epochs: int,
    l2: float,
    stream: np.random.Generator,
    descent: Descent,
) -> np.ndarray:
    """Fit a head for each seed.

    Args:
        features: float32 [n, d].
        label: of class 1, float32 [n, seeds].
        trained: which images a seed trains on, bool [n, seeds].
        epochs: passes over the images.
        l2: strength of the penalty (l2 / 2) |kernel|^2.
        stream: of the order of the images.
        descent: how.

    Returns:
        Kernels, float32 [d, seeds].
    """
    images = len(features)
    size = descent.batch_size or images
    kernel = np.zeros((features.shape[1], label.shape[1]), np.float32)
    mean, square = np.zeros_like(kernel), np.zeros_like(kernel)
    steps, step = epochs * -(-images // size), 0
    for _ in range(epochs):
        order = np.arange(images) if descent.batch_size is None else stream.permutation(images)
        for start in range(0, images, size):
            rows = order[start : start + size]
            seen, mine = features[rows], trained[rows]
            answer = seen @ kernel
            error = (answer if descent.squared else expit(answer)) - label[rows]
            error *= mine / np.maximum(mine.sum(axis=0), 1)
            gradient = seen.T @ error.astype(np.float32)
            if l2:
                gradient += l2 * kernel
            step += 1
            if descent.adam:
                mean += (1 - BETA_1) * (gradient - mean)
                square += (1 - BETA_2) * (gradient**2 - square)
                rate = float(descent.learning_rate * (1 + np.cos(np.pi * (step - 1) / steps)) / 2)
                root = np.sqrt(square / (1 - BETA_2**step)) + EPSILON
                kernel -= (rate / (1 - BETA_1**step) * mean / root).astype(np.float32)
            else:
                kernel -= descent.learning_rate * gradient
    return kernel


@dataclass(frozen=True)
class Generation:
    """What a generation of a chain has learned.

    Attributes:
        logit: of class 1, of all images, float32 [n, seeds].
        label: what it was trained on, float32 [n, seeds].
    """

    logit: np.ndarray
    label: np.ndarray


def chain(
    features: np.ndarray,
    manual: np.ndarray,
    trained: np.ndarray,
    teacher: np.ndarray,
    dose: Dose,
    generations: int,
    stream: np.random.Generator,
    descent: Descent = Descent(),
) -> Iterator[Generation]:
    """Train generation after generation; the first learns from the teacher.

    Args:
        features: float32 [n, d], see `standardised`.
        manual: manual labels, [n], 0 or 1.
        trained: which images a seed trains on, bool [n, seeds].
        teacher: the teacher's probabilities of class 1, float32 [n, seeds].
        dose: how each is trained.
        generations: after the first.
        stream: of the order of images and the noise of labels.
        descent: how heads are fitted.
    """
    answered, total = teacher, np.zeros_like(teacher)
    manual = np.broadcast_to(manual[:, None], teacher.shape).astype(np.float32)
    fold = stream.integers(FOLDS, size=len(features)) if dose.cross_fitted else None
    for number in range(generations + 1):
        label = answered if dose.labels == "soft" else (answered > 0.5).astype(np.float32)
        if dose.accumulate:
            total += label
            label = total / (number + 1)
        if dose.label_noise:
            turned = stream.random(label.shape) < dose.label_noise
            label = np.where(turned, 1 - label, label)
        label = ((1 - dose.manual_share) * label + dose.manual_share * manual).astype(np.float32)
        kernel = fit_heads(features, label, trained, dose.epochs, dose.l2, stream, descent)
        logit = features @ kernel
        yield Generation(logit, label)
        if fold is not None:
            logit = np.empty_like(logit)
            for left_out in range(FOLDS):
                others = trained & (fold != left_out)[:, None]
                kernel = fit_heads(features, label, others, dose.epochs, dose.l2, stream, descent)
                rows = fold == left_out
                logit[rows] = features[rows] @ kernel
        answered = logit if descent.squared else expit(logit)
