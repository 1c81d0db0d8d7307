"""Risk and coverage against numbers computed by hand, slow loops and simulation."""

import numpy as np
import pytest
from made_up import MadeUp

from snakedistill.measures.selection import areas_of_images, ideal_area, risk_coverage

# Five images, the surest first; two are equally sure, and one of these is wrong.
CONFIDENCE = np.array([0.7, 0.9, 0.8, 0.7, 0.6])
WRONG = np.array([True, False, False, False, True])


def slow_area(confidence: np.ndarray, wrong: np.ndarray) -> float:
    """The mean over the images of the risk among those at least as sure."""
    return float(np.mean([wrong[confidence >= one].mean() for one in confidence]))


def test_curve_by_hand_has_equal_confidences_enter_together():
    curve = risk_coverage(CONFIDENCE, WRONG)
    assert curve.images.tolist() == [1, 2, 4, 5] and curve.errors.tolist() == [0, 0, 1, 2]
    np.testing.assert_allclose(curve.coverage, [0.2, 0.4, 0.8, 1])
    np.testing.assert_allclose(curve.risk, [0, 0, 1 / 4, 2 / 5])
    assert [curve.at(share) for share in (0.01, 0.2, 0.4, 0.41, 0.6, 0.8, 0.81, 1)] == [0, 0, 1, 2, 2, 2, 3, 3]


def test_area_by_hand():
    # Risks 0, 0, 1/4, 1/4 and 2/5 of the five images; ideally 0, 0, 0, 1/4 and 2/5.
    assert areas_of_images(CONFIDENCE, WRONG).mean() == pytest.approx((0 + 0 + 1 / 4 + 1 / 4 + 2 / 5) / 5)
    assert ideal_area(2, 5) == pytest.approx((1 / 4 + 2 / 5) / 5)
    assert ideal_area(0, 5) == 0 and ideal_area(5, 5) == 1


@pytest.mark.parametrize("images", [1, 2, 40, 300])
@pytest.mark.parametrize("values", [1, 3, 10_000])
def test_mean_of_the_images_is_the_area_in_any_order(images, values):
    rng = np.random.default_rng([images, values])
    confidence, wrong = rng.integers(0, values, images) / values, rng.random(images) < 0.3
    area = areas_of_images(confidence, wrong).mean()
    assert area == pytest.approx(slow_area(confidence, wrong))
    order = rng.permutation(images)
    np.testing.assert_allclose(
        areas_of_images(confidence[order], wrong[order]), areas_of_images(confidence, wrong)[order]
    )
    assert area >= ideal_area(int(wrong.sum()), images) - 1e-12
    if values == 1:
        assert area == pytest.approx(wrong.mean())


def test_ideal_area_is_what_geifman_et_al_say():
    images = 100_000
    for rate in (0.01, 0.1, 0.5):
        assert ideal_area(round(rate * images), images) == pytest.approx(rate + (1 - rate) * np.log(1 - rate), rel=1e-3)


def test_spread_of_the_images_is_that_of_the_area():
    """The standard error by influence is the spread of the areas of 1,000 samples."""
    rng = np.random.default_rng(0)

    def sample() -> tuple[np.ndarray, np.ndarray]:
        confidence = np.round(rng.beta(4, 1, 400), 2)
        return confidence, rng.random(400) > confidence

    of_images = [areas_of_images(*sample()) for _ in range(1000)]
    expected = np.mean([values.std(ddof=1) / np.sqrt(400) for values in of_images])
    assert np.std([values.mean() for values in of_images]) == pytest.approx(expected, rel=0.08)


def test_table_has_accuracies_of_the_surest_images_and_areas(tmp_path):
    accuracy, classes = {"teacher": 0.9, "soft-0": 1.0}, ("ant", "bee", "cat")
    made_up = MadeUp(tmp_path, {"test": 20}, accuracy, networks=list(accuracy), classes=classes)
    rows = made_up.tabulate("risk_coverage").set_index("network")
    # All probabilities of a network are equal, so nothing is known of which answer is wrong.
    teacher, student = rows.loc["teacher"], rows.loc["soft-0"]
    assert teacher["images_at_50"] == teacher["images_at_100"] == 20
    assert teacher["accuracy_at_50"] == teacher["accuracy_at_100"] == pytest.approx(0.9)
    assert teacher["risk_area"] == pytest.approx(0.1)
    assert teacher["risk_area_ideal"] == pytest.approx((1 / 19 + 2 / 20) / 20)
    assert student["risk_area"] == student["risk_area_ideal"] == 0
    assert student["risk_area_low"] == 0 < student["risk_area_high"]
    assert (student["accuracy_at_100_low"], student["accuracy_at_100_high"]) == pytest.approx((0.8316, 1), abs=1e-4)
