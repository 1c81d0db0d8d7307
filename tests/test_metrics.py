"""The formulas of the metrics, written out or counted by hand, for two classes and for more."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, top_k_accuracy_score

from snakedistill.core.outputs import (
    labels_of_classes,
    logits_of_classes,
    number_of_outputs,
    outputs_of_classes,
    shares_of_classes,
)
from snakedistill.measures import metrics


def of_two(probability) -> np.ndarray:
    """Probabilities of both classes from that of class 1."""
    return shares_of_classes(np.asarray(probability)[:, None])


def random_shares(images: int, classes: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(classes), images)


REFERENCES = {
    "accuracy": lambda probability, label: accuracy_score(label, probability.argmax(axis=1)),
    "balanced_accuracy": lambda probability, label: balanced_accuracy_score(label, probability.argmax(axis=1)),
    "top_2_accuracy": lambda probability, label: top_k_accuracy_score(label, probability, k=2),
    "uncertainty": lambda probability, label: (
        np.mean((probability - np.eye(probability.shape[1])[probability.argmax(axis=1)]) ** 2)
        * probability.shape[1]
        / 2
    ),
}
"""Other programs' values, of the metrics that one has."""


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("name", metrics.METRICS)
def test_every_metric(name, classes):
    """The contract of the door: a mean over images from 0 to `most`, which no order of images or classes changes."""
    metric = metrics.METRICS[name]
    if classes < metric.fewest_classes:
        pytest.skip("not measured with so few classes")
    rng, most = np.random.default_rng(1), metric.most(classes)
    label = np.concatenate([np.arange(classes), rng.integers(classes, size=5 * classes)])
    probability = random_shares(len(label), classes, seed=2)
    kept = probability.copy()
    value = metric.value(metric.of_images(probability, label))
    assert 0 < value < most and (probability == kept).all()
    if name in REFERENCES:
        assert value == pytest.approx(REFERENCES[name](probability, label))

    sure, unsure = np.eye(classes), np.full((len(label), classes), 1 / classes)
    for answers in (sure[label], sure[(label + 1) % classes], unsure):
        of_images = np.asarray(metric.of_images(answers, label))
        assert of_images.shape == label.shape and np.isfinite(of_images).all()
        assert -1e-12 <= metric.value(of_images) <= most + 1e-12
        assert not metric.counted or set(of_images.tolist()) <= {0, 1}
    ends = [metric.value(metric.of_images(answers, label)) for answers in (sure[label], unsure)]
    assert any(end == pytest.approx(most) for end in ends), "neither the best network nor the least sure one is there"

    images, names = rng.permutation(len(label)), rng.permutation(classes)
    again = metric.of_images(probability[images], label[images])
    assert metric.value(again) == pytest.approx(value)
    renamed = metric.of_images(probability[:, np.argsort(names)], names[label])
    assert metric.value(renamed) == pytest.approx(value)
    if metric.beside:
        other, equal = metrics.METRICS[metric.beside], np.arange(6 * classes) % classes
        assert metric.value(metric.of_images(probability[: len(equal)], equal)) == pytest.approx(
            other.value(other.of_images(probability[: len(equal)], equal))
        )


def test_cross_entropy_is_formula_1():
    p = np.array([0.1, 0.5, 0.9, 0.999])
    y = np.array([0.0, 1.0, 0.3, 1.0])
    expected = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    logit, label = logits_of_classes(np.log(p / (1 - p))[:, None]), of_two(y)
    np.testing.assert_allclose(metrics.cross_entropy(logit, label), expected, rtol=1e-12)
    assert metrics.loss(logit, label) == pytest.approx(expected.mean())


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_cross_entropy_of_more_classes(classes):
    p, y = random_shares(50, classes), random_shares(50, classes, seed=1)
    shift = np.random.default_rng(2).normal(0, 5, (50, 1))  # of all logits, which changes nothing
    expected = -(y * np.log(p)).sum(axis=1)
    np.testing.assert_allclose(metrics.cross_entropy(np.log(p) + shift, y), expected, rtol=1e-9)


def test_cross_entropy_stays_finite_for_extreme_logits():
    logit = logits_of_classes(np.array([[1e4], [-1e4], [1e4]]))
    np.testing.assert_allclose(metrics.cross_entropy(logit, of_two([1.0, 0, 0])), [0, 0, 1e4])
    assert metrics.cross_entropy(np.array([[1e4, 0, -1e4]]), np.array([[0, 0, 1]])).tolist() == [2e4]


@given(st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=20), st.integers(0, 2**32 - 1))
def test_two_classes_have_the_same_bits_as_the_paper_s_formulas(logits, seed):
    """Computed with one logit, as the paper writes them."""
    z = np.float32(logits)
    p = (1 / (1 + np.exp(-z.astype(np.float64)))).astype(np.float32)
    y = np.random.default_rng(seed).random(len(z), dtype=np.float32)
    logit, probability, label = logits_of_classes(z[:, None]), of_two(p), of_two(y)
    z, p, y = (array.astype(np.float64) for array in (z, p, y))
    assert (metrics.cross_entropy(logit, label) == np.logaddexp(0, z) - y * z).all()
    assert (metrics.answer(probability) == (p > 0.5)).all()
    assert (metrics.squared_distance(probability) == (p - (p > 0.5)) ** 2).all()
    assert (metrics.correct(probability, metrics.answer(label)) == ((p > 0.5) == (y > 0.5))).all()
    assert (outputs_of_classes(probability)[:, 0] == p).all()


def test_an_answer_of_two_is_class_1_strictly_above_one_half():
    below, above = np.nextafter(np.float32(0.5), np.float32([0, 1]))
    assert metrics.answer(of_two(np.float32([0, below, 0.5, above, 1]))).tolist() == [0, 0, 0, 1, 1]


def test_an_answer_is_the_largest_and_of_equals_the_first():
    assert metrics.answer([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4], [0.3, 0.35, 0.35]]).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("probability", "label", "is_correct"),
    [(0.6, 0.9, True), (0.6, 0.5, False), (0.5, 0.5, True), (0.5, 0.2, True), (0.4, 0.51, False), (0.9, 1.0, True)],
)
def test_accuracy_compares_both_sides_with_the_threshold(probability, label, is_correct):
    probability, label = of_two([probability]), metrics.answer(of_two([label]))
    assert metrics.correct(probability, label).item() is is_correct
    assert metrics.accuracy(probability, label) == float(is_correct)


def test_uncertainty_is_formula_15():
    p = np.array([0.0, 0.1, 0.5, 0.7, 1.0])
    assert metrics.squared_distance(of_two(p)).mean() == pytest.approx(np.mean([0, 0.1**2, 0.5**2, 0.3**2, 0]))


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_uncertainty_is_half_the_squared_distance_from_the_one_hot_answer(classes):
    probability = random_shares(40, classes)
    kept = probability.copy()
    expected = ((probability - np.eye(classes)[probability.argmax(axis=1)]) ** 2).sum(axis=1) / 2
    np.testing.assert_allclose(metrics.squared_distance(probability), expected, rtol=1e-12)
    assert (probability == kept).all()
    most = metrics.METRICS["uncertainty"].most(classes)
    assert metrics.squared_distance(np.full((4, classes), 1 / classes)).mean() == pytest.approx(most)
    assert expected.max() < most
    assert metrics.METRICS["uncertainty"].most(2) == 0.25


def test_rows_are_taken_some_at_a_time(monkeypatch):
    probability, label = random_shares(23, 4), random_shares(23, 4, seed=1)
    whole = metrics.cross_entropy(np.log(probability), label), metrics.squared_distance(probability)
    monkeypatch.setattr(metrics, "_NUMBERS_AT_ONCE", 20)
    by_fives = metrics.cross_entropy(np.log(probability), label), metrics.squared_distance(probability)
    np.testing.assert_array_equal(whole, by_fives)


def test_top_2_accuracy_by_sorting():
    probability, label = random_shares(200, 6), np.random.default_rng(3).integers(6, size=200)
    best = np.argsort(-probability, axis=1)[:, :2]
    np.testing.assert_array_equal(metrics.correct_among_two(probability, label), (best == label[:, None]).any(axis=1))
    ties = np.array([[0.25, 0.25, 0.25, 0.25]] * 4)
    assert metrics.correct_among_two(ties, np.arange(4)).tolist() == [True, True, False, False]


def test_balanced_accuracy_is_the_mean_of_the_classes_shares():
    label = np.array([0, 0, 0, 0, 1, 1])
    probability = of_two([0.1, 0.2, 0.3, 0.9, 0.8, 0.1])
    assert metrics.balanced_correct(probability, label).mean() == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert metrics.METRICS["balanced_accuracy"].most(2) == 1
    assert metrics.chance(label) == pytest.approx(4 / 6)


def test_balanced_accuracy_of_three_classes():
    label = np.array([0, 0, 0, 1, 1, 2])
    answers = np.array([0, 0, 2, 1, 0, 2])
    probability = np.eye(3)[answers]
    assert metrics.balanced_correct(probability, label).mean() == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert metrics.chance(label) == 0.5


@pytest.mark.parametrize("classes", [2, 5])
def test_with_as_many_images_of_each_class_balanced_accuracy_is_accuracy(classes):
    label, probability = np.arange(50) % classes, random_shares(50, classes)
    assert metrics.balanced_correct(probability, label).mean() == pytest.approx(metrics.accuracy(probability, label))


def test_outputs_and_values_of_classes():
    assert [number_of_outputs(classes) for classes in (2, 3, 10)] == [1, 3, 10]
    p = np.float32([[0.25], [1e-10], [1]])
    assert shares_of_classes(p).tolist() == [[0.75, 0.25], [1 - float(p[1, 0]), float(p[1, 0])], [0, 1]]
    assert logits_of_classes(np.float32([[3.0], [-2.0]])).tolist() == [[0, 3], [0, -2]]
    of_three = random_shares(5, 3)
    for there_and_back in (logits_of_classes, shares_of_classes, outputs_of_classes):
        assert there_and_back(of_three) is of_three
    assert (outputs_of_classes(shares_of_classes(p)) == p).all()


def test_labels_of_classes():
    assert labels_of_classes(np.array([0, 1]), 2).tolist() == [[1, 0], [0, 1]]
    assert labels_of_classes(np.array([0.25, 1]), 2).tolist() == [[0.75, 0.25], [0, 1]]
    assert labels_of_classes(np.array([2, 0]), 3).tolist() == [[0, 0, 1], [1, 0, 0]]
    soft = random_shares(4, 3)
    assert labels_of_classes(soft, 3) is soft


def test_bins_are_half_open_and_the_last_is_closed():
    edges, frequencies = metrics.relative_frequencies(np.float32([0, 0.04999, 0.05, 0.15, 0.95, 1.0]), 0.05)
    assert len(edges) == 21
    counts = dict(enumerate((frequencies * 6).round().astype(int)))
    assert {index: count for index, count in counts.items() if count} == {0: 2, 1: 1, 3: 1, 19: 2}


def test_every_edge_of_a_bin_belongs_to_the_bin_above_it():
    values = np.float32([i / 20 for i in range(20)])
    _, frequencies = metrics.relative_frequencies(values, 0.05)
    np.testing.assert_allclose(frequencies, 1 / 20)
