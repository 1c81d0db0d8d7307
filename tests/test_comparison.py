"""Comparisons of networks against SciPy, by hand, and in experiments of known truth."""

import functools
import itertools
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from snakedistill.measures import comparison
from snakedistill.measures.crossed import crossed


@pytest.mark.parametrize("one", [0, 1, 5, 12, 40])
@pytest.mark.parametrize("other", [0, 1, 6, 12, 300])
def test_p_value_of_one_seed_is_that_of_the_binomial_test(one, other):
    expected = stats.binomtest(one, one + other, 0.5).pvalue if one + other else 1.0
    differences = np.repeat([1, -1, 0], [one, other, 10])
    assert comparison.sign_permutation_p_value(differences) == pytest.approx(expected, rel=1e-12)


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=10))
def test_p_value_is_that_of_all_signs_of_the_images(differences):
    sizes = np.abs(differences)
    sums = [abs(np.dot(sizes, signs)) for signs in itertools.product((-1, 1), repeat=len(sizes))]
    expected = np.mean(np.array(sums) >= abs(sum(differences)))
    assert comparison.sign_permutation_p_value(np.array(differences)) == pytest.approx(expected)


def test_seeds_do_not_multiply_images():
    """Three seeds that are right on the same images say no more of other images than one."""
    one = np.repeat([1, -1, 0], [5, 1, 94])
    assert comparison.sign_permutation_p_value(3 * one) == comparison.sign_permutation_p_value(one) > 0.2
    strata = np.zeros(100)
    assert comparison.compare(np.tile(one, (3, 1)), strata).p_networks > 0.2
    ends = comparison.compare(np.tile(one, (3, 1)), strata).interval
    assert ends == pytest.approx(comparison.compare(np.tile(one, (2, 1)), strata).interval)
    assert comparison.smallest_difference(0.06, 100) == pytest.approx(2.8 * np.sqrt(0.06 / 100))


def test_a_difference_of_differences_is_weighed_by_images():
    """Of one seed, with an image that counts twice."""
    found = comparison.compare(np.array([[2, 1, 1, 1, 0, 0, 0, 0]]), np.zeros(8))
    assert found.p_networks == pytest.approx(2 / 16)
    assert found.difference == 5 / 8
    assert found.interval[0] <= 0 < 5 / 8 < found.interval[1]


def holm_by_hand(p_values: list[float]) -> list[float]:
    found, least = [0.0] * len(p_values), 0.0
    for place, number in enumerate(sorted(range(len(p_values)), key=lambda number: p_values[number])):
        least = max(least, min(1.0, (len(p_values) - place) * p_values[number]))
        found[number] = least
    return found


@given(st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.01, 0.05, 1.0])), max_size=20))
def test_holm_is_holms(p_values):
    assert comparison.holm(p_values) == pytest.approx(holm_by_hand(p_values), rel=0, abs=1e-14)


def test_holm_by_numbers():
    assert comparison.holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])


def right(seeds: int, images: int, networks: int = 2, seed: int = 0) -> np.ndarray:
    """Where networks are right, int [seeds, networks, n], with images that are hard for all of them."""
    rng = np.random.default_rng(seed)
    return (rng.normal(1, 1, images) + rng.normal(0, 1, (seeds, networks, images)) > 0).astype(int)


@pytest.mark.parametrize("seeds", [1, 3, 5, 10])
def test_the_sign_of_an_interval_depends_on_the_order(seeds):
    values, strata = right(seeds, 100), np.arange(100) % 2
    one = comparison.compare(values[:, 0] - values[:, 1], strata)
    other = comparison.compare(values[:, 1] - values[:, 0], strata)
    assert one.interval == pytest.approx((-other.interval[1], -other.interval[0]), abs=1e-6)
    assert one.interval[0] < one.difference < one.interval[1]
    assert (one.p_networks, one.p_recipe) == pytest.approx((other.p_networks, other.p_recipe))
    assert one.equal_within == pytest.approx(other.equal_within, abs=1e-6)
    assert one.equal_within > abs(one.difference)


@pytest.mark.parametrize("seeds", [1, 3, 5])
@pytest.mark.parametrize("images", [1, 2, 30])
@pytest.mark.parametrize("classes", [1, 2])
def test_networks_that_never_differ_leave_room_for_others(seeds, images, classes):
    strata = np.arange(images) % classes
    found = comparison.compare(np.zeros((seeds, images), int), strata)
    assert -1 <= found.interval[0] == pytest.approx(-found.interval[1]) and found.interval[0] < 0
    assert found.p_networks == 1 and found.p_recipe in (None, 1)
    assert 0 < found.equal_within < 1
    always = comparison.compare(np.ones((seeds, images), int), strata)
    assert always.interval[0] < always.interval[1] <= 1


@pytest.mark.parametrize("seeds", [1, 2, 5, 6, 20])
@pytest.mark.parametrize("images", [5, 60])
def test_one_image_tells_no_difference(seeds, images):
    """However many seeds it is counted in."""
    differences = np.zeros((seeds, images), int)
    differences[:, 0] = 1
    found = comparison.compare(differences, np.zeros(images))
    assert found.interval[0] <= 0 < found.interval[1]
    assert found.p_networks == 1 and found.p_recipe in (None, 1)


@settings(deadline=None)
@given(st.integers(1, 7), st.integers(1, 12), st.integers(0, 10**6))
def test_an_interval_leaves_out_0_only_where_the_test_decides(seeds, images, seed):
    differences = np.random.default_rng(seed).integers(-1, 2, (seeds, images)) | (seed % 2)
    found = comparison.compare(differences, np.arange(images) % 2)
    low, high = found.interval
    assert low <= found.difference <= high
    p_value = found.p_networks if found.p_recipe is None else found.p_recipe
    assert (low > 0 or high < 0) <= (p_value < 0.05)
    assert found.p_recipe is None or found.p_recipe >= found.p_networks


def test_p_value_and_interval_of_recipes_are_those_of_a_t_test_where_images_do_not_matter():
    """Two recipes whose seeds shift all images alike: a t test of the seeds."""
    shifts = np.array([3, 5, 8, 2, 9, 4]) / 10
    found = crossed(np.repeat(shifts[:, None], 50, axis=1), np.zeros(50))
    expected = stats.ttest_1samp(shifts, 0)
    # The images, of which no other one differs, are as few as they can be.
    found = replace(found, freedom_of_images=np.inf)
    assert found.p_value() == pytest.approx(expected.pvalue, rel=1e-3)
    assert found.interval() == pytest.approx(tuple(expected.confidence_interval()), rel=1e-3)
    assert found.p_value(found.interval(0.9)[0]) == pytest.approx(0.1, rel=1e-4)


def test_p_value_of_recipes_is_that_of_images_where_seeds_do_not_matter():
    image = np.random.default_rng(0).normal(0.1, 1, 400)
    found = replace(crossed(np.tile(image, (6, 1)), np.zeros(400)), freedom_of_images=np.inf)
    expected = 2 * stats.norm.sf(image.mean() / (image.std(ddof=1) / 20))
    assert found.p_value() == pytest.approx(expected, rel=1e-6)
    assert found.variance_of_images == pytest.approx(image.var(ddof=1))
    assert found.variance_of_seeds == 0


def test_seeds_with_images_of_their_own_have_the_rule_of_the_crossed_design_where_they_share_all():
    rng = np.random.default_rng(0)
    values, strata = rng.normal(0, 1, (6, 80)) + rng.normal(0.2, 1, 80), np.arange(80) % 2
    expected, found = crossed(values, strata), crossed(values, strata, np.ones((6, 80), bool))
    assert asdict(found) == pytest.approx(asdict(expected))
    assert found.interval() == pytest.approx(expected.interval())


def test_seeds_that_share_no_image_have_the_t_interval_of_the_seeds():
    values = np.random.default_rng(0).normal(0.2, 1, (6, 300))
    present = np.repeat(np.arange(6), 50) == np.arange(6)[:, None]
    found = crossed(values * present, np.zeros(300), present)
    means = values[present].reshape(6, 50).mean(axis=1)
    assert (found.shared, found.images, found.mean) == pytest.approx((0, 50, means.mean()))
    expected = stats.ttest_1samp(means, 0)
    assert found.error == pytest.approx(stats.sem(means))
    found = replace(found, freedom_of_images=np.inf)
    assert found.interval() == pytest.approx(tuple(expected.confidence_interval()), rel=1e-3)


def test_the_variances_of_partly_shared_images_are_found():
    """300 of 1,000 images for each of 200 seeds: variances of seeds, of images and of the rest of 0.5, 2 and 1."""
    rng = np.random.default_rng(0)
    values = rng.normal(0, np.sqrt(0.5), (200, 1)) + rng.normal(0, np.sqrt(2), 1000) + rng.normal(0, 1, (200, 1000))
    present = np.argsort(rng.random((200, 1000)), axis=1) < 300
    found = crossed(values * present, np.arange(1000) % 4, present)
    assert found.shared == pytest.approx(0.3, abs=0.005)
    variances = found.variance_of_seeds, found.variance_of_images, found.of_rest
    assert variances == pytest.approx((0.5, 2, 1), rel=0.2)


def test_few_seeds_with_images_of_their_own_count_each_image_once():
    """Two seeds that share half of their images: where both see one, its differences are summed."""
    first, second = np.repeat([1, 0, 0], [5, 5, 5]), np.repeat([0, 1, 0], [5, 5, 5])
    present = np.stack([np.arange(15) < 10, np.arange(15) >= 5])
    found = comparison.compare(np.stack([first, second]), np.zeros(15), present)
    assert found.difference == 0.5
    assert found.p_networks == pytest.approx(2 * 0.5**10)
    assert found.p_recipe is None


def test_more_seeds_of_a_recipe_that_varies_make_the_interval_narrower():
    """Each seed shifts one of the networks; without that, only images would matter."""
    rng = np.random.default_rng(0)
    widths = []
    for seeds in (5, 40):
        many = (experiment(seeds, 0.3, rng) for _ in range(5))
        found = [comparison.compare(values[:, 0] - values[:, 1], np.zeros(IMAGES)) for values in many]
        widths.append(np.mean([np.ptp(one.interval) for one in found]))
    assert widths[1] < 0.6 * widths[0]


IMAGES = 400
BETTER = 0.2


def experiment(seeds: int, of_seeds: float, rng: np.random.Generator) -> np.ndarray:
    """Two recipes, where they are right, int [seeds, 2, n].

    A network is right where a sum is positive: of 1.2, what makes the first recipe better, the image (shared), the
    image for this recipe, the seed (with a standard deviation `of_seeds`), and noise.
    """
    shift = 1.2 + np.array([BETTER, 0]) + rng.normal(0, of_seeds, (seeds, 2))
    image = rng.normal(0, 1, IMAGES) + rng.normal(0, 0.5, (2, IMAGES))
    return (shift[:, :, None] + image + rng.normal(0, 1, (seeds, 2, IMAGES)) > 0).astype(int)


def test_holm_raises_a_false_alarm_in_at_most_5_percent_of_families():
    """Twenty networks as accurate as the first, with correlated errors. Three standard errors of 1,000 are 2.1 %."""
    rng = np.random.default_rng(0)
    p_value = functools.cache(lambda one, other: stats.binomtest(one, one + other).pvalue if one + other else 1.0)
    alarms, uncorrected = 0, 0
    for _ in range(1000):
        first, *others = rng.normal(1, 1, IMAGES).astype(np.float32) + rng.normal(size=(21, IMAGES)) > 0
        p_values = [p_value(int((first & ~other).sum()), int((other & ~first).sum())) for other in others]
        uncorrected += min(p_values) < 0.05
        alarms += min(comparison.holm(p_values)) < 0.05
    print(f"families with a false alarm: {alarms / 1000}, without the correction {uncorrected / 1000}")
    assert alarms / 1000 <= 0.05 + 0.021
    assert uncorrected / 1000 > 0.2
