"""Steps from one generation to the next, against NumPy, scikit-learn and by hand."""

import itertools
from dataclasses import astuple

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LinearRegression

from snakedistill.core.outputs import logits_of_classes
from snakedistill.measures import recursion
from snakedistill.measures.estimates import UNKNOWN
from snakedistill.measures.recursion import _centred


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
    slope, correlation = recursion.fit_step(logits_of_classes(before), logits_of_classes(after))
    assert slope == pytest.approx(np.polyfit(before[:, 0], after[:, 0], 1)[0], abs=1e-12)
    assert correlation == pytest.approx(stats.pearsonr(before[:, 0], after[:, 0]).statistic, abs=1e-12)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_a_step_is_the_linear_regression_with_an_intercept_of_each_class(classes):
    before, after = generations(60, classes)
    slope, correlation = recursion.fit_step(before, after)
    x, y = recursion.log_odds(before), recursion.log_odds(after)
    indicators = np.tile(np.eye(classes), (len(x), 1))
    fit = LinearRegression(fit_intercept=False).fit(np.column_stack([x.ravel(), indicators]), y.ravel())
    assert slope == pytest.approx(fit.coef_[0], abs=1e-11)
    centred = [(one - one.mean(axis=0)).ravel() for one in (x, y)]
    assert correlation == pytest.approx(np.corrcoef(*centred)[0, 1], abs=1e-12)


@pytest.mark.parametrize("seeds", [1, 3, 6])
@pytest.mark.parametrize("classes", [2, 3, 10])
def test_a_step_that_shrinks_all_logits_has_that_slope_ratio_and_no_drift(classes, seeds):
    before = np.stack([generations(20, classes, seed)[0] for seed in range(seeds)])
    before -= before.mean(axis=1, keepdims=True)
    after = 0.6 * before + np.arange(20)[:, None]  # what all classes have changes nothing
    label = np.arange(20) % 2
    assert recursion.fit_step(before[0], after[0]) == pytest.approx((0.6, 1))
    ratio = recursion.spread_ratio(before, after, label)
    assert ratio.value == pytest.approx(0.6)
    assert ratio.low < 0.6 < ratio.high < 1
    for one in recursion.drift(before, after, label):
        assert one.value == pytest.approx(0, abs=1e-12)


def test_drift_is_the_change_of_the_mean_log_odds():
    before, after = (logits[None] for logits in generations(60, 3))
    found = recursion.drift(before, after, np.zeros(60))
    change = recursion.log_odds(after[0]) - recursion.log_odds(before[0])
    np.testing.assert_allclose([one.value for one in found], change.mean(axis=0), atol=1e-12)
    for one, of_class in zip(found, change.T, strict=True):
        assert one.p_value == pytest.approx(stats.ttest_1samp(of_class, 0).pvalue, rel=1e-9)


def test_the_ratio_of_spreads_has_the_spread_of_resamples():
    rng = np.random.default_rng(3)
    before, after = (logits[None] for logits in generations(300, 3))
    found = recursion.spread_ratio(before, after, np.zeros(300))
    x, y = recursion.log_odds(before[0]), recursion.log_odds(after[0])
    many = []
    for _ in range(2000):
        chosen = rng.integers(300, size=300)
        many.append(np.log(np.sqrt(y[chosen].var(axis=0).sum() / x[chosen].var(axis=0).sum())))
    assert np.log(found.high / found.low) / 2 / 1.96 == pytest.approx(np.std(many), rel=0.06)
    assert found.value == pytest.approx(np.sqrt(y.var(axis=0).sum() / x.var(axis=0).sum()))


def test_noise_of_training_makes_the_slope_smaller_but_not_the_slope_across_seeds():
    """Each seed of the source is the same truth and noise of its own; the generation has 0.9 of its source."""
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 2, (500, 2))
    before = truth + rng.normal(0, 1.5, (6, 500, 2))
    after = 0.9 * before + rng.normal(0, 1, (6, 500, 2))
    mixed = 0.9 * truth + rng.normal(0, 1.5, (6, 500, 2))
    label = np.arange(500) % 2
    x, y = (np.stack([_centred(one) for one in logits]) for logits in (before, after))
    pairs = list(itertools.permutations(range(6), 2))
    expected = sum((y[s] * x[t]).sum() for s, t in pairs) / sum((x[s] * x[t]).sum() for s, t in pairs)
    found = recursion.slope_across_seeds(before, after, label)
    assert found.value == pytest.approx(expected)
    assert 0.86 < found.low < 0.9 < found.high < 0.94 and found.p_value < 0.001
    assert recursion.slope_across_seeds(before, mixed, label).value == pytest.approx(0.9, abs=0.04)
    assert recursion.fit_step(before[0], mixed[0])[0] < 0.7
    assert recursion.slope_across_seeds(before[:1], after[:1], label) == UNKNOWN


def test_seeds_that_have_nothing_in_common_leave_the_slope_open():
    rng, infinite = np.random.default_rng(0), 0
    for _ in range(20):
        found = recursion.slope_across_seeds(*rng.normal(0, 1, (2, 6, 60, 20)), np.arange(60) % 20)
        infinite += found.high - found.low == np.inf
    assert infinite > 10
    constant = np.ones((3, 10, 2))
    assert recursion.slope_across_seeds(constant, constant, np.arange(10) % 2) == UNKNOWN


@pytest.mark.parametrize("images", [1, 3, 10, 49])
@pytest.mark.parametrize("classes", [2, 3, 10])
def test_a_generation_that_does_not_vary_has_no_slope_after_it(images, classes):
    before, after = generations(images, classes)
    for seed in range(20):
        same = np.repeat(np.random.default_rng(seed).normal(size=(1, classes)).astype(np.float32), images, axis=0)
        assert np.isnan(recursion.fit_step(same, after)).all()
        assert np.isnan(recursion.spread_ratio(same[None], after[None], np.zeros(images)).value)
        if images > 1:
            slope, correlation = recursion.fit_step(before, same)
            assert slope == 0
            assert np.isnan(correlation)


def test_first_errors_by_hand():
    wrong = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 1], [0, 0, 1], [1, 1, 1]], bool)
    assert recursion.first_errors(wrong).tolist() == [3, 0, 1, 2, 0]
    assert recursion.first_errors(wrong[:, :1]).tolist() == [1, 0, 1, 1, 0]


def test_seeds_with_images_of_their_own_have_the_same_rule():
    """The images of each seed in another order, with their places: nothing changes."""
    rng = np.random.default_rng(0)
    label = np.arange(40) % 2
    before = rng.normal(0, 1, (6, 40, 2)) + rng.normal(0, 2, (40, 2))
    after = 0.8 * before + rng.normal(0, 1, (6, 40, 2))
    places = [rng.permutation(40) for _ in range(6)]
    own = [[logits[place] for logits, place in zip(of_seeds, places, strict=True)] for of_seeds in (before, after)]
    for measure in (recursion.spread_ratio, lambda *given: recursion.drift(*given)[1]):
        expected, found = measure(before, after, label), measure(*own, label, places)
        assert astuple(found) == pytest.approx(astuple(expected))
