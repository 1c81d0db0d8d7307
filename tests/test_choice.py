"""The choice of a student and the test that it is not worse by more than a margin: against brute force."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from snakedistill.measures.choice import choose, eligible, images_needed, non_inferiority, on_frontier, within_limits
from snakedistill.measures.intervals import score_variance


def made_up(rng: np.random.Generator, candidates: int, images: int, timed: bool = True) -> tuple:
    """Right answers, seconds of 15 rounds, sizes and names of candidates, some of which are equal in something."""
    difficulty = rng.normal(0, 1, images)
    right = difficulty + rng.normal(0, 0.5, (candidates, images)) < rng.choice([1.3, 1.5, 1.7], (candidates, 1))
    scale = rng.choice([1.0, 1.01, 2.0, 3.0], (candidates, 1))
    seconds = list(0.01 * scale * rng.lognormal(0, 0.1, (candidates, 15))) if timed else [np.empty(0)] * candidates
    names = [f"n{number}" for number in rng.permutation(candidates)]
    return right, seconds, rng.choice([1.0, 1.05, 2.0, 4.0], candidates), names


def by_hand(right, within, seconds, megabytes, names, margin) -> int | None:
    """The rule word by word."""
    there = [row for row in range(len(right)) if within[row]]
    best = max((right[row].mean() for row in there), default=None)
    fit = set()
    for top in [row for row in there if right[row].mean() == best]:
        for row in there:
            pairs = right[top].astype(int) - right[row]
            error = math.sqrt(sum((one - pairs.mean()) ** 2 for one in pairs) / (len(pairs) - 1) / len(pairs))
            if pairs.mean() <= max(margin, error) + 1e-12:
                fit.add(row)
    if any(len(seconds[row]) for row in fit):
        first = min(fit, key=lambda row: np.median(seconds[row]))
        draws = np.random.default_rng(0).integers(15, size=(2000, 15))
        medians = {row: np.median(seconds[row][draws], axis=1) for row in fit}
        quantile = {row: np.quantile(medians[row] / medians[first], 0.025) for row in fit}
        fit = {row for row in fit if row == first or quantile[row] <= 1}
    times = {row: np.median(seconds[row]) if len(seconds[row]) else 0 for row in fit}
    small = [row for row in fit if megabytes[row] <= 1.1 * min(megabytes[other] for other in fit)]
    return min(small, key=lambda row: (-right[row].mean(), times[row], names[row]), default=None)


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("seed", range(15))
def test_the_choice_is_the_rule_word_by_word(seed, timed):
    rng = np.random.default_rng(seed)
    right, seconds, megabytes, names = made_up(rng, 8, 60, timed)
    within = rng.random(8) < 0.8
    for margin in (0.01, 0.05, 0.2):
        given = right, within, seconds, megabytes, names, margin
        assert choose(*given) == by_hand(*given)


def test_the_choice_does_not_depend_on_the_order_of_the_candidates():
    rng = np.random.default_rng(1)
    right, seconds, megabytes, names = made_up(rng, 6, 50)
    all_within = np.ones(6, bool)
    chosen = set()
    for order in (rng.permutation(6) for _ in range(10)):
        reordered = [seconds[row] for row in order], megabytes[order], [names[row] for row in order]
        chosen.add(names[order[choose(right[order], all_within, *reordered, 0.02)]])
    assert len(chosen) == 1


def test_nothing_is_chosen_where_nothing_is_within_the_limits():
    right, seconds, megabytes, names = made_up(np.random.default_rng(2), 4, 30)
    assert choose(right, np.zeros(4, bool), seconds, megabytes, names, 0.01) is None


def test_a_candidate_without_a_time_is_not_chosen_beside_one_that_has_a_time():
    right = np.ones((2, 20), bool)
    assert choose(right, np.ones(2, bool), [np.full(5, 9.0), np.empty(0)], np.array([20.0, 1.0]), ["a", "b"], 0.01) == 0


def test_a_few_percent_of_size_decide_nothing_and_of_equal_ones_the_faster_is_chosen():
    right, rng = np.ones((2, 20), bool), np.random.default_rng(3)
    noise = rng.lognormal(0, 0.3, 9)
    seconds, megabytes = [0.0101 * noise, 0.01 * noise[::-1]], np.array([3.84, 3.97])
    assert choose(right, np.ones(2, bool), seconds, megabytes, ["classic-0", "soft-0"], 0.01) == 1
    assert choose(right, np.ones(2, bool), seconds, np.array([3.0, 3.8]), ["classic-0", "soft-0"], 0.01) == 0


def test_limits_hold_of_what_was_measured():
    milliseconds, megabytes = np.array([1.0, 2.0, np.nan]), np.array([4.0, 1.0, 1.0])
    assert within_limits(milliseconds, megabytes).all()
    assert within_limits(milliseconds, megabytes, ms=1).tolist() == [True, False, False]
    assert within_limits(milliseconds, megabytes, mb=2).tolist() == [False, True, True]
    assert within_limits(milliseconds, megabytes, ms=2, mb=2).tolist() == [False, True, False]


def test_eligible_is_what_is_lower_by_a_standard_error_at_most():
    best = np.arange(100) < 90
    worse = [np.arange(100) < 90 - fewer for fewer in (1, 2, 3)]
    # The error of k discordant images of 100 is about sqrt(k) / 100: 0.010, 0.014 and 0.017.
    right = np.array([best, *worse])
    assert eligible(right, np.ones(4, bool), 0.001).tolist() == [True, True, False, False]
    assert eligible(right, np.ones(4, bool), 0.02).tolist() == [True, True, True, False]
    assert eligible(right, np.array([False, True, True, True]), 0.001).tolist() == [False, True, True, False]


@pytest.mark.parametrize("seed", range(10))
def test_the_frontier_is_what_no_pair_dominates(seed):
    rng = np.random.default_rng(seed)
    accuracy, cost = rng.integers(5, size=12) / 5, rng.integers(1, 5, size=12).astype(float)
    cost[rng.random(12) < 0.2] = np.nan
    found = on_frontier(accuracy, cost)
    for one in range(12):
        dominated = any(
            accuracy[other] >= accuracy[one]
            and cost[other] <= cost[one]
            and (accuracy[other] > accuracy[one] or cost[other] < cost[one])
            for other in range(12)
        )
        assert found[one] == (not dominated and not np.isnan(cost[one]))


def score(one: int, other: int, images: int, difference: float) -> float:
    """Tango's statistic, with the likelihood maximised numerically over the share of the second event alone."""

    def unlikely(share: float) -> float:
        both = [(one, share + difference), (other, share), (images - one - other, 1 - 2 * share - difference)]
        return -sum(count * math.log(of) if count else 0.0 for count, of in both)

    low, high = max(0.0, -difference), (1 - difference) / 2
    tiny = (high - low) * 1e-9
    share = optimize.minimize_scalar(unlikely, bounds=(low + tiny, high - tiny), method="bounded",
                                     options={"xatol": 1e-12}).x  # fmt: skip
    variance = 2 * share + difference - difference**2
    return (one - other - images * difference) / math.sqrt(images * variance)


@pytest.mark.parametrize("counts", [(0, 0, 40), (1, 0, 40), (2, 5, 150), (12, 9, 300), (80, 95, 2800), (0, 30, 300)])
def test_bounds_are_where_the_score_statistic_is_the_one_sided_quantile(counts):
    found = non_inferiority(*counts, margin=0.01)
    assert found.difference == pytest.approx((counts[0] - counts[1]) / counts[2])
    assert score(*counts, found.low) == pytest.approx(stats.norm.ppf(0.95), abs=1e-3)
    assert score(*counts, found.high) == pytest.approx(-stats.norm.ppf(0.95), abs=1e-3)
    expected = "yes" if found.low > -0.01 else "no" if found.high < -0.01 else "open"
    assert found.not_worse == expected
    assert (found.images_needed is None) == (expected != "open")


def test_verdicts_by_hand():
    assert non_inferiority(20, 20, 2800, 0.01).not_worse == "yes"
    assert non_inferiority(0, 60, 2800, 0.01).not_worse == "no"
    assert non_inferiority(1, 1, 40, 0.01).not_worse == "open"
    assert non_inferiority(0, 1, 100, 0.01).images_needed is None  # exactly at the margin


def test_without_discordant_images_the_needed_ones_are_those_of_the_bound():
    """The bound of n equal answers is -z^2 / (n + z^2)."""
    square = stats.norm.ppf(0.95) ** 2
    needed = non_inferiority(0, 0, 40, 0.01).images_needed
    assert needed == math.floor(square * 0.99 / 0.01) + 1
    assert non_inferiority(0, 0, needed, 0.01).not_worse == "yes"
    assert non_inferiority(0, 0, needed - 1, 0.01).not_worse == "open"


@pytest.mark.parametrize("shares", [(0.02, 0.02), (0.05, 0.045), (0.01, 0.05), (0.01, 0.014)])
def test_so_many_images_tell_it_with_the_power_that_is_named(shares):
    """Simulated: 80 % of test parts of that size say what is true."""
    images = images_needed(*shares, margin=0.01)
    truth = "yes" if shares[0] - shares[1] > -0.01 else "no"
    counts = np.random.default_rng(0).multinomial(images, [*shares, 1 - sum(shares)], 1500)
    told = [non_inferiority(one, other, images, 0.01).not_worse == truth for one, other, _ in counts]
    assert 0.76 <= np.mean(told) <= 0.86


def test_variance_at_a_known_difference_is_that_of_the_most_likely_shares():
    assert score_variance(0.05, 0.03, 0.02) == pytest.approx(0.08 - 0.02**2)  # the measured difference
    assert score_variance(0.05, 0.03, -0.01) == pytest.approx(score_variance(0.03, 0.05, 0.01))


@pytest.mark.parametrize("margin", [0.01, 0.02, 0.05])
@pytest.mark.parametrize("discordant", [0.01, 0.02, 0.05, 0.1])
@pytest.mark.parametrize("images", [40, 150, 300])
def test_the_exact_probability_of_a_false_yes_at_the_margin_is_at_most_6_percent(images, discordant, margin):
    """Every possible outcome of a true difference of -margin, weighed by its probability."""
    if discordant < margin:
        return  # there is no such pair of networks
    share, total = (discordant - margin) / 2 / discordant, 0.0
    for both in range(int(stats.binom.ppf(1 - 1e-5, images, discordant)) + 1):
        yes = [non_inferiority(one, both - one, images, margin).not_worse == "yes" for one in range(both + 1)]
        of_both = stats.binom.pmf(np.arange(both + 1), both, share)
        total += stats.binom.pmf(both, images, discordant) * of_both[yes].sum()
    assert total <= 0.0605
