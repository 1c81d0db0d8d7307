"""The head of a network fitted to features of its frozen backbone, a convex problem."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logsumexp, softmax

from snakedistill.core.errors import InputError

PENALTIES = tuple(10.0**exponent for exponent in (1, 0, -1, -2, -3, -4, -5))
"""Strengths of the L2 penalty, the strongest first; each fit begins where the one before it ended."""

ITERATIONS = 300  # of L-BFGS, at most
LEAST_SCALE = 1e-6  # of the largest feature


@dataclass(frozen=True)
class Examples:
    """What a head is fitted to, or judged by.

    Attributes:
        features: float [n, d].
        label: labels of each output, float [n, outputs], see `core.outputs`.
        weight: of each image in the loss, float [n].
    """

    features: np.ndarray
    label: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class Head:
    """A linear head.

    Attributes:
        kernel: float64 [d, outputs], of features as they are.
        bias: float64 [outputs].
        penalty: strength of the L2 penalty that was chosen.
    """

    kernel: np.ndarray
    bias: np.ndarray
    penalty: float

    def logit(self, features: np.ndarray) -> np.ndarray:
        """Logits, float64 [n, outputs], of features, float [n, d]."""
        return features @ self.kernel + self.bias


def fit_head(training: Examples, validation: Examples) -> Head:
    """Fit logits to labels by cross-entropy with an L2 penalty, whose strength the validation part chooses.

    The loss is sum_i w_i CE(y_i, z_i) / sum_i w_i + (penalty / 2) |kernel|^2, of features that are centred and divided
    by the root of their mean variance, so that a strength means the same for every backbone. The bias is not penalised.
    It is convex, so where the solver (L-BFGS) begins does not matter. Of strengths with the same loss on validation the
    strongest is chosen.

    Args:
        training: what it is fitted to.
        validation: what chooses the strength of the penalty.

    Returns:
        The head with the least loss on validation.

    Raises:
        InputError: no head has a loss that is a number, because features have none.
    """
    features, weight = training.features, training.weight / training.weight.sum()
    label = training.label.astype(np.float64)
    center = weight @ features
    scale = np.sqrt(np.mean(weight @ (features - center) ** 2))
    if scale <= LEAST_SCALE * np.abs(features).max(initial=0):  # constant but for rounding
        scale = 1.0
    scaled = (features - center) / scale
    best: Head | None = None
    parameters, least = np.zeros((features.shape[1] + 1, label.shape[1])), np.inf
    for penalty in PENALTIES:
        fitted = minimize(
            _loss_and_gradient,
            parameters.ravel(),
            (scaled, label, weight, penalty),
            method="L-BFGS-B",
            jac=True,
            options={"maxiter": ITERATIONS},
        )
        parameters = fitted.x.reshape(parameters.shape)
        kernel = parameters[:-1] / scale
        head = Head(kernel, parameters[-1] - center @ kernel, penalty)
        of_images = _cross_entropy(head.logit(validation.features), validation.label)
        loss = np.average(of_images, weights=validation.weight)
        if loss < least:
            best, least = head, loss
    if best is None:
        raise InputError(
            "head_first: expected a loss of the head on validation, got no number. Look at the backbone's weights, "
            "or set head_first: false."
        )
    return best


def _loss_and_gradient(
    parameters: np.ndarray, features: np.ndarray, label: np.ndarray, weight: np.ndarray, penalty: float
) -> tuple[float, np.ndarray]:
    """The penalised loss of a flat kernel and bias, and its gradient."""
    kernel, bias = np.split(parameters.reshape(features.shape[1] + 1, -1), [-1])
    logit = features @ kernel + bias
    loss = weight @ _cross_entropy(logit, label) + penalty / 2 * np.sum(kernel**2)
    probability = expit(logit) if logit.shape[1] == 1 else softmax(logit, axis=1)
    error = weight[:, None] * (probability - label)
    gradient = np.concatenate([features.T @ error + penalty * kernel, error.sum(axis=0, keepdims=True)])
    return loss, gradient.ravel()


def _cross_entropy(logit: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Of each image, float64 [n], of logits and labels of the outputs, float [n, outputs]."""
    if logit.shape[1] == 1:
        return (np.logaddexp(0, logit) - label * logit)[:, 0]
    return logsumexp(logit, axis=1) - np.sum(label * logit, axis=1)
