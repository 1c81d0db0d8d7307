"""Intervals against their definitions, SciPy, and how often they cover the truth."""

import numpy as np
import pytest
from scipy import stats

from snakedistill.measures import intervals


@pytest.mark.parametrize(
    ("successes", "trials", "expected"),
    [(0, 10, (0.0, 0.30850)), (5, 10, (0.18709, 0.81291)), (10, 10, (0.69150, 1.0))],
)
def test_exact_interval_is_clopper_and_pearsons(successes, trials, expected):
    low, high = intervals.exact_interval(successes, trials)
    assert (low, high) == pytest.approx(expected, abs=1e-4)
    # Its definition: at each end, what was seen or anything beyond it has a probability of 2.5 %.
    if successes:
        assert stats.binom.sf(successes - 1, trials, low) == pytest.approx(0.025)
    if successes < trials:
        assert stats.binom.cdf(successes, trials, high) == pytest.approx(0.025)


def test_exact_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(0)
    for share in (0.02, 0.5, 0.96):
        inside = 0
        for successes in rng.binomial(200, share, 500):
            low, high = intervals.exact_interval(int(successes), 200)
            inside += low <= share <= high
        assert inside / 500 >= 0.93


def test_bootstrap_agrees_with_scipys():
    rng = np.random.default_rng(1)
    values = rng.normal(0.3, 1, (400, 1))
    ((low, high),) = intervals.bootstrap_intervals(values, np.zeros(400))
    expected = stats.bootstrap((values[:, 0],), np.mean, n_resamples=9999, method="percentile", rng=2)
    assert low == pytest.approx(expected.confidence_interval.low, abs=0.01)
    assert high == pytest.approx(expected.confidence_interval.high, abs=0.01)


def test_bootstrap_keeps_the_pairing_of_columns():
    """Two networks that err on the same images differ with certainty, however uncertain each of them is."""
    rng = np.random.default_rng(2)
    one = (rng.random(500) < 0.9).astype(float)
    other = one.copy()
    other[np.flatnonzero(one)[:20]] = 0
    means = intervals.bootstrap_means(np.stack([one, other], axis=1), np.zeros(500))
    difference = means[:, 0] - means[:, 1]
    assert difference.std() == pytest.approx(np.sqrt(0.04 * 0.96 / 500), rel=0.05)
    assert difference.mean() == pytest.approx(0.04, abs=0.001)


def test_bootstrap_draws_within_the_strata():
    strata = np.repeat([0, 1], 50)
    means = intervals.bootstrap_means(np.stack([strata, 1 - strata], axis=1), strata)
    np.testing.assert_allclose(means, 0.5)


def test_images_that_are_all_alike_still_leave_room_for_others():
    ((low, high),) = intervals.bootstrap_intervals(np.zeros((100, 1)), np.zeros(100))
    assert (low, high) == pytest.approx((-0.0362, 0.0362), abs=1e-3)


def test_strata_that_are_each_alike_leave_room_too():
    """Three cats all wrong and three dogs all right say little about cats and dogs."""
    strata = np.repeat([0, 1], 3)
    ((low, high),) = intervals.bootstrap_intervals(strata[:, None] * 0.4, strata, bounds=(-0.25, 0.25))
    assert low == pytest.approx(0.2 - 0.45926 * 0.25, abs=1e-4)
    assert high == 0.25


@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0])
def test_an_interval_never_leaves_the_range_of_possible_means(value):
    strata = np.repeat([0, 1], 3)
    ((low, high),) = intervals.bootstrap_intervals(np.full((6, 1), value), strata)
    assert -1 <= low <= value <= high <= 1
    assert low < value or value == -1
    assert value < high or value == 1


def test_the_ratio_of_medians_keeps_the_pairing_of_rounds():
    """A machine that is slow in some rounds is slow for both networks: the ratio hardly moves."""
    rng = np.random.default_rng(0)
    drift = rng.uniform(1, 3, 60)
    student = drift * rng.uniform(0.99, 1.01, 60)
    low, high = intervals.ratio_interval(3 * student, student)
    assert (low, high) == pytest.approx((3, 3))
    low, high = intervals.ratio_interval(rng.permutation(3 * student), student)
    assert low < 2.7
    assert high > 3.3


def test_the_interval_of_a_ratio_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(100):
        teacher, student = rng.lognormal(np.log(2), 0.2, 30), rng.lognormal(0, 0.2, 30)
        low, high = intervals.ratio_interval(teacher, student)
        covered += low <= 2 <= high
    assert covered >= 89


def test_a_higher_level_gives_a_wider_interval():
    values = np.random.default_rng(3).normal(size=(300, 2))
    narrow, wide = intervals.bootstrap_intervals(values[:, [0, 0]], np.zeros(300), np.array([0.9, 0.99]))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


@pytest.mark.parametrize(("one", "other", "images"), [(0, 0, 50), (5, 0, 256), (40, 12, 300), (3, 9, 12)])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.999])
def test_score_interval_ends_where_tangos_statistic_is_the_quantile(one, other, images, level):
    """The likelihood is maximised by search, not by the formula."""
    quantile = stats.norm.isf((1 - level) / 2)
    low, high = intervals.score_interval(one, other, images, level)
    assert -1 <= low < (one - other) / images < high <= 1
    for end in (low, high):
        second = np.linspace(max(0, -end), (1 - end) / 2, 200_001)[1:-1]  # share of the second alone
        counts = np.array([one, other, images - one - other])[:, None]
        log_shares = np.log([np.maximum(second + end, 1e-300), second, np.maximum(1 - 2 * second - end, 1e-300)])
        share = second[(counts * log_shares).sum(axis=0).argmax()]
        score = (one - other - images * end) / np.sqrt(images * (2 * share + end - end**2))
        assert abs(score) == pytest.approx(quantile, rel=2e-3)


def test_mean_interval_is_a_t_interval_that_knows_how_few_images_it_rests_on():
    values = np.random.default_rng(0).normal(0.1, 1, 400)
    low, high = intervals.mean_interval(values, np.zeros(400), bounds=(-9, 9))
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    assert (low, high) == pytest.approx((expected.low, expected.high), rel=0.02)
    few = np.repeat([1.0, 0.0], [4, 396])
    assert intervals.freedom_of_variance(few, np.zeros(400, int)) == pytest.approx(8, rel=0.05)
    assert intervals.mean_interval(few, np.zeros(400))[0] < 0  # a normal interval would end above it
    low, high = intervals.mean_interval(np.zeros(100), np.zeros(100), bounds=(-0.25, 0.25))
    assert low == -high == pytest.approx(-0.25 * 1.96**2 / (100 + 1.96**2), rel=1e-3)
