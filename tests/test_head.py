"""The head that is fitted to features: against scikit-learn, by its gradient, and on labels that are shares."""

import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression

from snakedistill.core.errors import InputError
from snakedistill.training import head as head_module
from snakedistill.training.head import Examples, _loss_and_gradient, fit_head


def made_up(images: int, classes: int, seed: int = 0):
    """Features float64 [n, 5] of another scale in each column, and labels of the outputs by chance."""
    stream = np.random.default_rng(seed)
    features = stream.normal(3, [0.1, 1, 2, 5, 20], (images, 5))
    logit = (features - 3) / [0.1, 1, 2, 5, 20] @ stream.normal(0, 1, (5, classes))
    label = np.array([stream.choice(classes, p=row) for row in softmax(logit, axis=1)])
    target = np.eye(classes)[label]
    return features, target[:, 1:] if classes == 2 else target, label


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_the_gradient_is_that_of_the_loss(classes):
    features, target, _ = made_up(30, classes)
    stream = np.random.default_rng(1)
    weight = stream.random(30)
    parameters = stream.normal(size=6 * target.shape[1])

    def part(number):
        return lambda flat: _loss_and_gradient(flat, features, target, weight, 0.3)[number]

    assert check_grad(part(0), part(1), parameters) < 1e-3 * np.abs(part(1)(parameters)).max()


@pytest.mark.parametrize("classes", [2, 3])
def test_a_head_is_the_one_of_scikit_learn(classes, monkeypatch):
    features, target, label = made_up(400, classes)
    monkeypatch.setattr(head_module, "PENALTIES", (0.01,))
    weight = np.linspace(0.5, 2, 400)
    head = fit_head(Examples(features, target, weight), Examples(features, target, weight))
    scale = np.sqrt(features.var(axis=0).mean())
    # scikit-learn's loss is C times the sum over images, plus half the squared kernel.
    reference = LogisticRegression(C=1 / (0.01 * weight.sum()), tol=1e-10, max_iter=10000)
    reference.fit((features - features.mean(axis=0)) / scale, label, weight)
    expected = reference.decision_function((features - features.mean(axis=0)) / scale).reshape(400, -1)
    found = head.logit(features)
    # Of several classes a number may be added to all logits.
    difference = found - expected - (0 if classes == 2 else (found - expected).mean(axis=1, keepdims=True))
    assert np.abs(difference).max() < 0.01


def test_the_labels_may_be_shares_and_are_met_where_they_can_be():
    features, _, _ = made_up(300, 2)
    share = expit((features[:, [3]] - 3) / 5 + 0.5)
    head = fit_head(
        Examples(features[:200], share[:200], np.ones(200)), Examples(features[200:], share[200:], np.ones(100))
    )
    assert head.penalty == min(head_module.PENALTIES)
    np.testing.assert_allclose(expit(head.logit(features)), share, atol=0.01)


def test_the_validation_part_chooses_the_penalty():
    stream = np.random.default_rng(0)
    features, noise = stream.normal(size=(40, 60)), stream.integers(0, 2, (40, 1))
    others, more = stream.normal(size=(400, 60)), stream.integers(0, 2, (400, 1))
    head = fit_head(Examples(features, noise, np.ones(40)), Examples(others, more, np.ones(400)))
    assert head.penalty == max(head_module.PENALTIES)  # there is nothing to learn


def test_classes_that_can_be_separated_have_finite_logits_and_a_constant_feature_does_no_harm():
    features = np.stack([np.linspace(-1, 1, 50), np.ones(50)], axis=1)
    target = (features[:, [0]] > 0).astype(float)
    head = fit_head(Examples(features, target, np.ones(50)), Examples(features, target, np.ones(50)))
    assert np.isfinite(head.logit(features)).all()
    assert ((head.logit(features) > 0) == target).all()
    constant = fit_head(
        Examples(np.ones((50, 2)), target, np.ones(50)), Examples(np.ones((50, 2)), target, np.ones(50))
    )
    np.testing.assert_allclose(expit(constant.logit(np.ones((1, 2)))), target.mean(), atol=1e-3)


def test_an_image_without_weight_changes_nothing():
    features, target, _ = made_up(100, 3)
    weight = np.repeat([1.0, 0.0], 50)
    whole = fit_head(Examples(features, target, weight), Examples(features, target, np.ones(100)))
    half = fit_head(Examples(features[:50], target[:50], weight[:50]), Examples(features, target, np.ones(100)))
    np.testing.assert_allclose(whole.logit(features), half.logit(features), atol=0.02)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of NumPy and SciPy, whose numbers these are not
def test_features_that_are_no_numbers_are_refused_in_a_sentence():
    broken = Examples(np.full((4, 3), np.nan), np.array([[0.0], [1.0], [0.0], [1.0]]), np.ones(4))
    with pytest.raises(InputError, match="head_first: expected a loss of the head on validation, got no number"):
        fit_head(broken, broken)
