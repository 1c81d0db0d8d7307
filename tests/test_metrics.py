"""The formulas of the metrics, written out or counted by hand."""

import numpy as np
import pytest

from snakedistill.measures import metrics


def test_cross_entropy_is_formula_1():
    p = np.array([0.1, 0.5, 0.9, 0.999])
    y = np.array([0.0, 1.0, 0.3, 1.0])
    expected = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    np.testing.assert_allclose(metrics.cross_entropy(np.log(p / (1 - p)), y), expected, rtol=1e-12)
    assert metrics.loss(np.log(p / (1 - p)), y) == pytest.approx(expected.mean())


def test_cross_entropy_stays_finite_for_extreme_logits():
    np.testing.assert_allclose(metrics.cross_entropy([1e4, -1e4, 1e4], [1, 0, 0]), [0, 0, 1e4])


def test_an_answer_is_class_1_strictly_above_one_half():
    assert metrics.answer([0.0, 0.5, 0.5000001, 1.0]).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("probability", "label", "is_correct"),
    [(0.6, 0.9, True), (0.6, 0.5, False), (0.5, 0.5, True), (0.5, 0.2, True), (0.4, 0.51, False), (0.9, 1.0, True)],
)
def test_accuracy_compares_both_sides_with_the_threshold(probability, label, is_correct):
    assert metrics.correct([probability], [label]).item() is is_correct
    assert metrics.accuracy([probability], [label]) == float(is_correct)


def test_uncertainty_is_formula_15():
    p = np.array([0.0, 0.1, 0.5, 0.7, 1.0])
    assert metrics.uncertainty(p) == pytest.approx(np.mean([0, 0.1**2, 0.5**2, 0.3**2, 0]))


def test_balanced_accuracy_is_the_mean_of_the_classes_shares():
    label = np.array([0, 0, 0, 0, 1, 1])
    probability = np.array([0.1, 0.2, 0.3, 0.9, 0.8, 0.1])
    assert metrics.balanced_correct(probability, label).mean() == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert metrics.METRICS["balanced_accuracy"].bounds == (0, 1)
    assert metrics.chance(label) == pytest.approx(4 / 6)


def test_with_as_many_images_of_each_class_balanced_accuracy_is_accuracy():
    rng = np.random.default_rng(0)
    label, probability = np.arange(50) % 2, rng.random(50)
    assert metrics.balanced_correct(probability, label).mean() == pytest.approx(metrics.accuracy(probability, label))


def test_bins_are_half_open_and_the_last_is_closed():
    edges, frequencies = metrics.relative_frequencies(np.float32([0, 0.04999, 0.05, 0.15, 0.95, 1.0]), 0.05)
    assert len(edges) == 21
    counts = dict(enumerate((frequencies * 6).round().astype(int)))
    assert {index: count for index, count in counts.items() if count} == {0: 2, 1: 1, 3: 1, 19: 2}


def test_every_edge_of_a_bin_belongs_to_the_bin_above_it():
    values = np.float32([i / 20 for i in range(20)])
    _, frequencies = metrics.relative_frequencies(values, 0.05)
    np.testing.assert_allclose(frequencies, 1 / 20)
