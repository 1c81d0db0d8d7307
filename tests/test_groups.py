"""The permutation test of groups against Fisher's exact test, and its false alarms."""

import numpy as np
import pytest
from scipy import stats

from snakedistill.measures.groups import permutation_p


@pytest.mark.parametrize(
    ("size", "right_inside", "right_outside"), [(30, 20, 60), (30, 29, 60), (12, 12, 50), (40, 30, 52)]
)
def test_of_one_seed_it_is_close_to_fishers_exact_test(size, right_inside, right_outside):
    member = np.arange(100) < size
    values = np.concatenate([np.arange(size) < right_inside, np.arange(100 - size) < right_outside]).astype(float)
    table = [[right_inside, size - right_inside], [right_outside, 100 - size - right_outside]]
    # Fisher's sums the tables that are less likely, this one those that are further from the mean.
    assert permutation_p(values, member) == pytest.approx(stats.fisher_exact(table).pvalue, abs=0.03)


def test_all_images_or_none_say_nothing():
    assert permutation_p(np.arange(5.0), np.ones(5, bool)) == permutation_p(np.arange(5.0), np.zeros(5, bool)) == 1


def test_false_alarms_are_at_most_five_percent_however_many_seeds():
    """1,000 groups drawn at random, of networks whose seeds err on the same images."""
    rng, alarms = np.random.default_rng(0), 0
    for number in range(1000):
        hard = rng.beta(0.5, 3, 80)
        values = (rng.random((1 + number % 6, 80)) > hard).mean(axis=0)
        alarms += permutation_p(np.round(values, 9), rng.permutation(80) < 25, seed=number) < 0.05
    assert 20 <= alarms <= 65
