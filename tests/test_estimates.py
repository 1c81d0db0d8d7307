"""Means over seeds and images against SciPy."""

import numpy as np
import pytest
from scipy import stats

from snakedistill.measures import estimates
from snakedistill.measures.crossed import crossed
from snakedistill.measures.intervals import mean_interval


def test_of_few_seeds_it_is_the_t_interval_of_the_images():
    values, strata = np.random.default_rng(0).normal(0.3, 1, (2, 400)), np.zeros(400)
    found = estimates.estimated_mean(values, strata)
    expected = stats.ttest_1samp(values.mean(axis=0), 0)
    assert found.p_value == pytest.approx(expected.pvalue, rel=0.02)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval(0.95)), abs=1e-3)
    assert (found.low, found.high) == pytest.approx(mean_interval(values.mean(axis=0), strata))


def test_of_many_seeds_it_is_that_of_the_crossed_design():
    rng = np.random.default_rng(0)
    values, strata = rng.normal(0.1, 0.1, (6, 1)) + rng.normal(0, 1, (6, 50)), np.arange(50) % 2
    found, expected = estimates.estimated_mean(values, strata), crossed(values, strata)
    assert (found.low, found.high) == expected.interval()
    assert (found.value, found.p_value) == (expected.mean, expected.p_value())


def test_what_is_all_alike_leaves_room_for_others():
    found = estimates.estimated_mean(np.full((3, 50), 0.5), np.arange(50) % 2)
    assert found.low < 0.45 and found.high > 0.55


def test_an_interval_does_not_lose_what_lies_within_small_classes():
    """Two images of each class: half of the spread is between them, which a bootstrap of both would lose."""
    rng, inside = np.random.default_rng(0), 0
    for _ in range(500):
        found = estimates.estimated_mean(rng.normal(0, 1, (1, 60)), np.repeat(np.arange(30), 2))
        inside += found.low <= 0 <= found.high
    assert 0.92 <= inside / 500 <= 0.98
