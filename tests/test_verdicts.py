"""Small versions of the simulations of benchmarks/verdicts.py, in which the truth is known."""

import sys

import numpy as np
import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

from verdicts import SCENARIOS, missed


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_rule_is_wrong_no_more_often_than_it_says(name):
    scenario = SCENARIOS[name]
    shares = scenario.simulate(np.random.default_rng(0), scenario.few)
    assert scenario.goals and set(scenario.goals) <= set(shares)
    for counted, goal in scenario.goals.items():
        assert not missed(shares[counted], goal, scenario.few), f"{counted}: {shares[counted]:.3f}, expected {goal}"
