"""Calibration against scikit-learn, netcal, slow loops and hand-made examples."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_values import netcal_reference
from reference_values.netcal_reference import forecast, shares
from scipy import optimize
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from snakedistill.measures import calibration, metrics

NETCAL = json.loads(netcal_reference.VALUES.read_text())


def network(images: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits and labels of a network that is somewhat right."""
    return netcal_reference.network(seed, images, classes, temperature=2)


def certain(classes: int, right: bool, images: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of exactly 0 and 1, and labels for which they are all right, or all wrong."""
    label = np.arange(images) % classes
    return np.eye(classes)[label if right else (label + 1) % classes], label


def networks() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Probabilities and labels, random and degenerate, by name."""
    found = {}
    for classes in (2, 3, 10):
        for images in (1, 2, 200):
            logit, label = network(images, classes)
            found[f"{classes} classes, {images} images"] = shares(logit), label
        found[f"{classes} classes, all right"] = certain(classes, right=True)
        found[f"{classes} classes, all wrong"] = certain(classes, right=False)
        found[f"{classes} classes, one alone"] = shares(network(50, classes)[0]), np.full(50, classes - 1)
        found[f"{classes} classes, all alike"] = np.full((40, classes), 1 / classes), np.arange(40) % classes
    return found


NETWORKS = networks()
of_networks = pytest.mark.parametrize(("probability", "label"), NETWORKS.values(), ids=NETWORKS.keys())

FORECASTS = {f"{images} images": forecast(images, images) for images in (1, 2, 3, 14, 15, 17, 200, 1001)}
FORECASTS |= {f"multiples of 1/{grid}": forecast(grid, 300, grid) for grid in (1, 2, 7, 40)}
FORECASTS |= {
    "all at one half": (np.full(20, 0.5), np.arange(20) < 7),
    "float32": (np.float32([0.1] * 9), np.eye(9)[0] > 0),
}
FORECASTS |= {f"all {event}": (forecast(5, 80)[0], np.full(80, event)) for event in (False, True)}
of_forecasts = pytest.mark.parametrize(("probability", "event"), FORECASTS.values(), ids=FORECASTS.keys())


@of_forecasts
def test_reliability_is_scikit_learns(probability, event):
    """Both have quantiles as edges, and bins (low, high]: equal probabilities share a bin. Both leave out empty bins.

    Where the number of images minus 1 is a multiple of 3, some quantile is a probability itself. scikit-learn computes
    it from percentages, which may move it by 1e-16, and so an image to the next bin. No number of images here is such,
    but 1.
    """
    binned = calibration.reliability(probability, event)
    observed, predicted = calibration_curve(event, probability, n_bins=calibration.BINS, strategy="quantile")
    np.testing.assert_allclose(binned.predicted, predicted, rtol=0, atol=1e-12)
    np.testing.assert_allclose(binned.observed, observed, rtol=0, atol=1e-12)
    assert binned.images.sum() == len(probability)


@pytest.mark.parametrize("images", [15, 45, 300, 4500])
def test_bins_have_the_same_number_of_images(images):
    probability = np.random.default_rng(0).permutation(images) / images
    assert set(calibration.reliability(probability, probability > 2).images) == {images / calibration.BINS}


def test_a_probability_at_an_edge_belongs_to_the_bin_below():
    probability = np.arange(31) / 30  # every second one is an edge
    binned = calibration.reliability(probability, probability > 0.5)
    np.testing.assert_allclose(binned.edges, probability[2:-1:2], atol=1e-15)
    assert binned.images.tolist() == [3] + [2] * 14


@of_forecasts
def test_no_bin_divides_equal_probabilities(probability, event):
    binned = calibration.reliability(probability, event)
    number = np.searchsorted(binned.edges, probability.astype(np.float64))
    assert all(len(set(number[probability == value])) == 1 for value in set(probability))
    assert len(binned.images) == len(set(number)) <= min(calibration.BINS, len(set(probability)))


@pytest.mark.parametrize("case", NETCAL["forecasts"], ids=str)
def test_expected_calibration_error_is_netcals(case):
    inputs = {name: case[name] for name in ("seed", "images", "grid") if name in case}
    error = calibration.reliability(*forecast(**inputs)).expected_calibration_error
    assert error == pytest.approx(case["error"], rel=0, abs=1e-12)


def of_netcal(case: dict) -> tuple[np.ndarray, np.ndarray]:
    return netcal_reference.network(**{name: case[name] for name in ("seed", "images", "classes", "temperature")})


@pytest.mark.parametrize("case", NETCAL["networks"], ids=str)
def test_calibration_error_of_a_network_is_netcals(case):
    """Of two classes netcal gives the class form, of more the confidence form."""
    logit, label = of_netcal(case)
    probability = shares(logit)
    confidence, of_class = calibration.calibration_errors(probability, metrics.answer(probability), label)
    error = of_class.error if case["classes"] == 2 else confidence.error
    assert error == pytest.approx(case["error"], rel=0, abs=1e-12)


@pytest.mark.parametrize("case", NETCAL["networks"], ids=str)
def test_temperature_is_netcals(case):
    """netcal's number multiplies the logits; its optimiser has finite differences and a tolerance of about 1e-5."""
    logit, label = of_netcal(case)
    temperature = calibration.fitted_temperature(logit, label)
    assert 1 / temperature == pytest.approx(case["weight"], rel=3e-5)
    assert loss_at(temperature, logit, label) <= loss_at(1 / case["weight"], logit, label) + 1e-15


def loss_at(temperature: float, logit: np.ndarray, label: np.ndarray) -> float:
    return metrics.negative_log_likelihood(calibration.at_temperature(logit, temperature)[0], label).mean()


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("scale", [0.1, 1, 30])
def test_temperature_is_where_scipy_finds_the_lowest_loss(classes, scale):
    logit, label = network(500, classes)
    logit = np.float32(scale * logit)
    found = optimize.minimize_scalar(
        lambda logarithm: loss_at(np.exp(logarithm), logit, label), bounds=(-4.5, 4.5), options={"xatol": 1e-10}
    )
    assert calibration.fitted_temperature(logit, label) == pytest.approx(np.exp(found.x), rel=1e-6)


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("shift", [0, 1000])
def test_a_network_without_an_error_gets_the_lowest_temperature(classes, shift):
    rng = np.random.default_rng(0)
    for images in (1, 5) * 50:
        logit = rng.uniform(0, 1, (images, classes)) + shift
        assert calibration.fitted_temperature(logit, logit.argmax(axis=1)) == calibration.COLDEST


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_a_network_that_is_always_wrong_gets_the_highest_temperature(classes):
    logit, _ = network(100, classes)
    assert calibration.fitted_temperature(logit, logit.argmin(axis=1)) == calibration.HOTTEST


@given(
    st.integers(1, 20).flatmap(
        lambda rows: st.lists(
            st.lists(st.floats(-1e4, 1e4, width=32), min_size=3, max_size=3), min_size=rows, max_size=rows
        )
    ),
    st.floats(calibration.COLDEST, calibration.HOTTEST),
)
def test_no_answer_changes_with_temperature(rows, temperature):
    logit = np.float32(rows)
    scaled, probability = calibration.at_temperature(logit, temperature)
    answer = metrics.answer(logit)
    assert (metrics.answer(scaled) == answer).all()
    of_answer = probability[np.arange(len(answer)), answer]
    assert (of_answer == probability.max(axis=1)).all()  # others may have become equal to it
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-14)


def test_a_temperature_of_1_changes_nothing():
    logit, _ = network(50, 3)
    scaled, probability = calibration.at_temperature(logit, 1.0)
    assert (scaled == logit).all()
    np.testing.assert_allclose(probability, shares(logit), rtol=1e-13)


@of_networks
def test_brier_score_is_scikit_learns(probability, label):
    classes = probability.shape[1]
    expected = brier_score_loss(label, probability, labels=range(classes), scale_by_half=True)
    assert calibration.brier(probability, label).score == pytest.approx(expected, rel=0, abs=1e-14)
    if classes == 2:
        of_class_1 = brier_score_loss(label, probability[:, 1], pos_label=1, labels=[0, 1])
        assert of_class_1 == pytest.approx(expected, rel=0, abs=1e-14)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_negative_log_likelihood_is_scikit_learns(classes):
    logit, label = network(300, classes)
    expected = log_loss(label, shares(logit), labels=range(classes))
    assert metrics.negative_log_likelihood(logit, label).mean() == pytest.approx(expected, abs=1e-12)


@of_networks
def test_parts_of_the_brier_score_add_up(probability, label):
    """What is within the bins by the formula of Stephenson, Coelho and Jolliffe (2008)."""
    parts = calibration.brier(probability, label)
    total = parts.reliability - parts.resolution + parts.uncertainty + parts.within_bins
    assert parts.score == pytest.approx(total, abs=1e-14)
    within = 0.0
    for of_class, event in zip(probability.T, np.eye(probability.shape[1])[label].T, strict=True):
        number = np.searchsorted(calibration.edges_of_bins(of_class), of_class)
        for one in set(number):
            p, y = of_class[number == one], event[number == one]
            within += ((p - p.mean()) ** 2 - 2 * (p - p.mean()) * (y - y.mean())).sum() / len(label) / 2
    # Of two classes the bins of class 0 are those of class 1, mirrored: an image at an edge would change its bin.
    assert parts.within_bins == pytest.approx(within, abs=1e-9)
    of_classes = np.bincount(label) / len(label)
    assert parts.uncertainty == pytest.approx((1 - (of_classes**2).sum()) / 2, abs=1e-14)
    assert parts.reliability >= 0 <= parts.resolution


def test_a_forecast_of_few_values_has_nothing_within_its_bins():
    """Murphy's example by hand: 0.25 four times with one event, 0.75 four times with three, and 1 twice with one."""
    p = np.repeat([0.25, 0.75, 1], [4, 4, 2])
    label = np.array([1, 0, 0, 0, 1, 1, 1, 0, 1, 0])
    parts = calibration.brier(np.stack([1 - p, p], axis=1), label)
    assert parts.reliability == pytest.approx(0.2 * 0.5**2)
    assert parts.resolution == pytest.approx(0.8 * 0.25**2)
    assert parts.uncertainty == pytest.approx(0.25)
    assert parts.within_bins == pytest.approx(0, abs=1e-15)


@of_networks
def test_the_brier_score_is_the_papers_uncertainty_plus_what_wrong_answers_lack(probability, label):
    rows, answer = np.arange(len(label)), metrics.answer(probability)
    lacking = (probability[rows, answer] - probability[rows, label]).mean()
    uncertainty = metrics.squared_distance(probability).mean()
    assert calibration.brier(probability, label).score == pytest.approx(uncertainty + lacking, abs=1e-14)


@of_networks
def test_errors_of_both_forms_are_in_their_range(probability, label):
    answer = metrics.answer(probability)
    confidence, of_class = calibration.calibration_errors(probability, answer, label)
    for form in (confidence, of_class):
        assert 0 <= form.expected <= 1
        assert 0 <= form.error <= 1
        assert form.squared <= form.error + 1e-12
    likely, p_value = calibration.likely_error(probability.max(axis=1), confidence.error, redraws=200)
    assert confidence.expected <= likely + 0.02 and 0 < p_value <= 1
    right, sure = (answer == label).mean(), probability.max(axis=1).mean()
    assert confidence.error >= abs(right - sure) - 1e-12  # as the bins only add distances


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_a_certain_network_has_no_error_by_chance(classes):
    for right in (True, False):
        probability, label = certain(classes, right)
        confidence, of_class = calibration.calibration_errors(probability, metrics.answer(probability), label)
        assert (confidence.error, confidence.expected, confidence.squared) == (0 if right else 1, 0, 0 if right else 1)
        assert of_class.error == pytest.approx(0 if right else 2 / classes)
        assert of_class.expected == 0
        likely, p_value = calibration.likely_error(probability.max(axis=1), confidence.error, redraws=999)
        assert (likely, p_value) == (0, 1 if right else 0.001)


@pytest.mark.parametrize("grid", [None, 4])
@pytest.mark.parametrize("images", [7, 101])
def test_errors_of_calibrated_networks_are_those_of_redrawn_events(grid, images):
    probability, event = forecast(3, images, grid)
    rng = np.random.default_rng(1)
    slow = [calibration.reliability(probability, rng.random(images) < probability) for _ in range(4000)]
    errors = np.array([one.expected_calibration_error for one in slow])
    two = np.stack([1 - probability, probability], axis=1)
    expected = calibration.calibration_errors(two, np.ones(images, int), event.astype(int))[0].expected
    assert expected == pytest.approx(errors.mean(), abs=4 * errors.std() / np.sqrt(4000))
    for measured in np.quantile(errors, [0.3, 0.9]):
        likely, p_value = calibration.likely_error(probability, measured)
        share = (errors >= measured - 1e-12).mean()
        assert p_value == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 3000))
    assert (errors > likely + 1e-12).mean() <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 4000)
    null = calibration.reliability(probability, event).squared_error_if_calibrated
    squares = np.array([one.squared_error for one in slow])
    assert null == pytest.approx(squares.mean(), abs=4 * squares.std() / np.sqrt(4000))


def test_the_smallest_p_value_passes_holms_correction_over_a_thousand_networks():
    logit, _ = network(1000, 3)
    sure = shares(8 * logit).max(axis=1)
    assert calibration.likely_error(sure, 0.5)[1] * 1000 <= 0.05


@pytest.mark.parametrize(("classes", "spread"), [(2, 1), (3, 0.3), (10, 0.3)])
def test_a_network_whose_labels_are_drawn_from_its_probabilities_is_calibrated(classes, spread):
    """What chance adds is taken off on average, and its p-value is small as often as it says."""
    rng = np.random.default_rng(0)
    beyond, small = [], []
    for _ in range(300):
        probability = rng.dirichlet(np.full(classes, spread), 200)
        label = np.minimum((rng.random((200, 1)) > probability.cumsum(axis=1)).sum(axis=1), classes - 1)
        forms = calibration.calibration_errors(probability, metrics.answer(probability), label)
        score = calibration.brier(probability, label)
        beyond.append([score.reliability - score.reliability_expected, score.reliability_debiased])
        beyond[-1] += [off for form in forms for off in (form.squared, form.error - form.expected)]
        small.append(calibration.likely_error(probability.max(axis=1), forms[0].error, redraws=400)[1] <= 0.05)
    mean, error = np.mean(beyond, axis=0), np.std(beyond, axis=0) / np.sqrt(300)
    assert (abs(mean) < 3.5 * error).all()
    assert np.mean(small) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


def test_of_a_network_that_is_off_the_squared_error_has_no_bias_and_an_error_minus_chance_has():
    """Answers are right 2.5 percentage points less often than they say; the squared error is 0.025^2."""
    rng, squared, beyond = np.random.default_rng(0), [], []
    for _ in range(300):
        sure = rng.uniform(0.6, 0.95, 2800)
        right = rng.random(2800) < sure - 0.025
        two = np.stack([1 - sure, sure], axis=1)
        form = calibration.calibration_errors(two, np.ones(2800, int), right.astype(int))[0]
        squared.append(form.squared)
        beyond.append(form.error - form.expected)
    assert np.mean(squared) == pytest.approx(0.025**2, abs=4 * np.std(squared) / np.sqrt(300))
    assert np.mean(beyond) < 0.02


def test_the_debiased_parts_of_the_brier_score_add_up():
    logit, label = network(400, 2)
    parts = calibration.brier(shares(logit), label)
    uncertainty = parts.uncertainty * 400 / 399
    total = parts.reliability_debiased - parts.resolution_debiased + uncertainty + parts.within_bins
    assert parts.score == pytest.approx(total, abs=1e-14)
    assert parts.resolution_debiased < parts.resolution
