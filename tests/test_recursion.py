"""Steps from one generation to the next, against NumPy, scikit-learn and by hand."""

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LinearRegression

from snakedistill.core.outputs import logits_of_classes
from snakedistill.measures import recursion


def generations(images: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits of a generation, and of the next one, which has learned 0.8 of them with a drift and noise."""
    rng = np.random.default_rng(seed)
    before = rng.normal(0, 3, (images, classes))
    return before, 0.8 * before + np.arange(classes) + rng.normal(0, 1, (images, classes))


def test_log_odds_by_hand():
    np.testing.assert_allclose(recursion.log_odds([[3.0, 0, 0]]), [[3, -1.5, -1.5]])
    np.testing.assert_allclose(recursion.log_odds([[1, 2, 6]]), [[1 - 4, 2 - 3.5, 6 - 1.5]])


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_log_odds_are_a_class_minus_the_mean_of_the_others(classes):
    logit, _ = generations(20, classes)
    expected = [[row[one] - np.delete(row, one).mean() for one in range(classes)] for row in logit]
    np.testing.assert_allclose(recursion.log_odds(logit), expected, atol=1e-13)
    np.testing.assert_allclose(recursion.log_odds(logit + 7), expected, atol=1e-13)


def test_with_two_classes_log_odds_are_the_logit_of_class_1():
    z = np.float32([[2.5], [-1], [0]])
    assert recursion.log_odds(logits_of_classes(z)).tolist() == np.concatenate([-z, z], axis=1).tolist()


def test_with_two_classes_a_step_is_the_line_of_the_logits_of_class_1():
    before, after = (one[:, 1:] for one in generations(50, 2))
    step = recursion.fit_step(logits_of_classes(before), logits_of_classes(after))
    slope, drift = np.polyfit(before[:, 0], after[:, 0], 1)
    assert step.slope == pytest.approx(slope, abs=1e-12)
    np.testing.assert_allclose(step.drift, [-drift, drift], atol=1e-12)
    assert step.correlation == pytest.approx(stats.pearsonr(before[:, 0], after[:, 0]).statistic, abs=1e-12)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_a_step_is_the_linear_regression_with_an_intercept_of_each_class(classes):
    before, after = generations(60, classes)
    step = recursion.fit_step(before, after)
    x, y = recursion.log_odds(before), recursion.log_odds(after)
    indicators = np.tile(np.eye(classes), (len(x), 1))
    fit = LinearRegression(fit_intercept=False).fit(np.column_stack([x.ravel(), indicators]), y.ravel())
    assert step.slope == pytest.approx(fit.coef_[0], abs=1e-11)
    np.testing.assert_allclose(step.drift, fit.coef_[1:], atol=1e-11)
    assert step.drift.sum() == pytest.approx(0, abs=1e-12)
    centred = [(one - one.mean(axis=0)).ravel() for one in (x, y)]
    assert step.correlation == pytest.approx(np.corrcoef(*centred)[0, 1], abs=1e-12)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_a_step_that_shrinks_all_logits_has_that_slope_and_no_drift(classes):
    before, _ = generations(10, classes)
    step = recursion.fit_step(before, 0.6 * before + np.arange(10)[:, None])  # what all classes have changes nothing
    assert step.slope == pytest.approx(0.6)
    np.testing.assert_allclose(step.drift, 0, atol=1e-12)
    assert step.correlation == pytest.approx(1)


@pytest.mark.parametrize("images", [1, 3, 10, 49])
@pytest.mark.parametrize("classes", [2, 3, 10])
def test_a_generation_that_does_not_vary_has_no_slope_after_it(images, classes):
    before, after = generations(images, classes)
    for seed in range(20):
        same = np.repeat(np.random.default_rng(seed).normal(size=(1, classes)).astype(np.float32), images, axis=0)
        step = recursion.fit_step(same, after)
        assert np.isnan([step.slope, step.correlation, *step.drift]).all()
        if images > 1:
            step = recursion.fit_step(before, same)
            assert step.slope == 0
            assert np.isnan(step.correlation)
            np.testing.assert_allclose(step.drift, recursion.log_odds(same)[0], atol=1e-12)


def test_first_errors_by_hand():
    wrong = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 1], [0, 0, 1], [1, 1, 1]], bool)
    assert recursion.first_errors(wrong).tolist() == [3, 0, 1, 2, 0]
    assert recursion.first_errors(wrong[:, :1]).tolist() == [1, 0, 1, 1, 0]
