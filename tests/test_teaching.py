"""The ways to teach: their labels, their losses, and the networks that learn by them."""

import keras
import numpy as np
import pytest

from snakedistill.core.network_ids import TEACHER, Network, parsed
from snakedistill.core.outputs import labels_of_classes, outputs_of_classes, shares_of_classes
from snakedistill.teaching import TEACHER_WAY, WAYS, labels_in_words, networks
from snakedistill.teaching.class_weights import balanced_weights, weight_of_labels, weighted

STUDENTS = {
    "soft": {"labels": "soft", "generations": 2},
    "classic": {"labels": "manual", "generations": 0},
    "two-words": {"labels": "soft", "generations": 0},
    "hard": {"labels": "hard", "generations": 1},
}
MANUAL = np.array([0, 1, 1, 0, 1])
OF_CLASS_1 = np.float32([0.1, 0.9, 0.5, 0.50001, 0.0])
PROBABILITY = shares_of_classes(OF_CLASS_1[:, None])
LABELS = {"manual": [0, 1, 1, 0, 1], "hard": [0, 1, 0, 1, 0], "soft": PROBABILITY}
OUTPUTS = {way: outputs_of_classes(labels_of_classes(np.asarray(label), 2)) for way, label in LABELS.items()}
OF_THREE = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4], [0.1, 0.1, 0.8]])
LABELS_OF_THREE = {"manual": [2, 0, 1], "hard": [1, 0, 2], "soft": OF_THREE}


def test_every_way_is_tested_here():
    assert list(WAYS) == list(LABELS)
    assert {name: way.from_source for name, way in WAYS.items()} == {
        "manual": None,
        "hard": "answers",
        "soft": "probabilities",
    }
    assert WAYS[TEACHER_WAY].from_source is None


@pytest.mark.parametrize("way", WAYS)
def test_the_labels_of_each_way(way):
    """Manual: the class. Hard: the most probable class, of equals the first. Soft: the probabilities."""
    np.testing.assert_array_equal(WAYS[way].label(MANUAL, PROBABILITY), LABELS[way])
    if WAYS[way].from_source is None:
        np.testing.assert_array_equal(WAYS[way].label(MANUAL, None), LABELS[way])
    np.testing.assert_array_equal(WAYS[way].label(np.array([2, 0, 1]), OF_THREE), LABELS_OF_THREE[way])


@pytest.mark.parametrize("way", WAYS)
def test_the_loss_of_each_way(way):
    """Mean cross-entropy of labels and logits, and its gradient by the logit: (sigmoid - label) / n."""
    logit = np.array([-3.0, 0.0, 0.7, 2.5, -80.0])
    label = OUTPUTS[way][:, 0].astype(np.float64)
    probability = 1 / (1 + np.exp(-logit))
    likely = label * np.log(probability) + (1 - label) * np.log1p(-probability)
    variable = keras.Variable(logit[:, None], dtype="float32")
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = WAYS[way].loss(1)(label[:, None].astype(np.float32), variable.value)
    assert float(loss) == pytest.approx(-likely.mean(), rel=1e-5)
    gradient = np.asarray(tape.gradient(loss, variable.value))[:, 0]
    np.testing.assert_allclose(gradient, (probability - label) / len(label), atol=1e-6)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("weights", [None, [0.25, 3.0, 1.5]])
def test_the_loss_of_each_way_with_three_classes(way, weights):
    """Mean cross-entropy of labels and logits, and its gradient by the logits: (softmax - label) / n."""
    logit = np.array([[-3.0, 0, 2], [0.7, 0.1, -0.2], [30, -80, 5]])
    label = labels_of_classes(np.asarray(LABELS_OF_THREE[way]), 3).astype(np.float64)
    likely = logit - np.log(np.exp(logit).sum(axis=1, keepdims=True))
    of_images = np.ones(3) if weights is None else label @ weights
    variable = keras.Variable(logit, dtype="float32")
    import tensorflow as tf

    loss_of_way = WAYS[way].loss(3)
    loss_of_way = loss_of_way if weights is None else weighted(loss_of_way, np.array(weights))
    with tf.GradientTape() as tape:
        loss = loss_of_way(label.astype(np.float32), variable.value)
    assert float(loss) == pytest.approx(-(of_images[:, None] * label * likely).sum() / 3, rel=1e-5)
    gradient = np.asarray(tape.gradient(loss, variable.value))
    np.testing.assert_allclose(gradient, of_images[:, None] * (np.exp(likely) - label) / 3, atol=1e-6)


@pytest.mark.parametrize(
    ("labels", "weights"),
    [
        ([0, 0, 0, 1], (4 / 6, 4 / 2)),
        ([0, 1], (1, 1)),
        ([0.1, 0.3, 0.2, 0.9], (4 / (2 * 2.5), 4 / (2 * 1.5))),
        ([0, 0], (0.5, 0)),  # the weight of a class that no label names is never used
    ],
)
def test_balanced_weights_are_images_by_classes_times_images_of_the_class(labels, weights):
    labels = np.array(labels, np.float32)[:, None]
    assert balanced_weights(labels) == pytest.approx(weights)
    assert weight_of_labels(labels.astype(np.float64), np.array(weights)).tolist() == pytest.approx(
        [weights[0] * (1 - label) + weights[1] * label for label in labels[:, 0]]
    )


def test_balanced_weights_of_three_classes():
    labels = np.eye(3, dtype=np.float32)[[0, 0, 0, 1, 2, 2]]
    weights = balanced_weights(labels)
    assert weights == pytest.approx([6 / 9, 6 / 3, 6 / 6])
    assert weight_of_labels(labels, weights) == pytest.approx(weights[[0, 0, 0, 1, 2, 2]])
    assert weight_of_labels(OF_THREE, weights) == pytest.approx(OF_THREE @ weights)
    assert balanced_weights(labels[:4]).tolist() == pytest.approx([4 / 9, 4 / 3, 0])


@pytest.mark.parametrize("outputs", [1, 3])
def test_equal_weights_are_exactly_one(outputs):
    labels = np.random.default_rng(0).random((1000, outputs))
    assert (weight_of_labels(labels, np.ones(max(2, outputs))) == 1).all()


@pytest.mark.parametrize("way", WAYS)
def test_a_weighted_loss_is_the_weighted_mean_and_so_is_its_gradient(way):
    logit = np.array([-3.0, 0.0, 0.7, 2.5, -80.0])
    label, weights = OUTPUTS[way][:, 0].astype(np.float64), np.array([0.25, 3.0])
    of_images = label * 3.0 + (1 - label) * 0.25
    probability = 1 / (1 + np.exp(-logit))
    likely = label * np.log(probability) + (1 - label) * np.log1p(-probability)
    variable = keras.Variable(logit[:, None], dtype="float32")
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = weighted(WAYS[way].loss(1), weights)(label[:, None].astype(np.float32), variable.value)
    assert float(loss) == pytest.approx(-(of_images * likely).mean(), rel=1e-5)
    gradient = np.asarray(tape.gradient(loss, variable.value))[:, 0]
    np.testing.assert_allclose(gradient, of_images * (probability - label) / len(label), atol=1e-6)


def test_networks_are_the_teacher_and_each_generation_of_each_family():
    found = networks(STUDENTS)
    assert list(found) == [
        "teacher", "classic-0", "hard-0", "soft-0", "two-words-0", "hard-1", "soft-1", "soft-2",
    ]  # fmt: skip
    assert {name: network.source for name, network in found.items()} == {
        "teacher": None, "classic-0": None, "hard-0": TEACHER, "soft-0": TEACHER, "two-words-0": TEACHER,
        "hard-1": "hard-0", "soft-1": "soft-0", "soft-2": "soft-1",
    }  # fmt: skip
    assert all(network.id == name for name, network in found.items())
    assert {network.way for network in found.values() if network.family == "two-words"} == {"soft"}
    assert found[TEACHER].way == TEACHER_WAY
    assert [name for name, network in found.items() if network.is_first] == list(found)[:5]
    assert networks(dict(reversed(STUDENTS.items()))) == found
    assert list(networks(dict(reversed(STUDENTS.items())))) == list(found)


@pytest.mark.parametrize("network", [Network(TEACHER), Network("soft", 0), Network("two-words", 12), Network("a-1", 3)])
def test_an_id_names_its_network(network):
    assert parsed(network.id) == network


@pytest.mark.parametrize("network_id", ["teacher", "soft-0", "two-words-12", "a-1-3"])
def test_a_network_has_its_id(network_id):
    assert parsed(network_id).id == network_id


def test_labels_in_words():
    words = {name: labels_in_words(network) for name, network in networks(STUDENTS).items()}
    assert words == {
        "teacher": "manual labels",
        "classic-0": "manual labels",
        "hard-0": "answers of teacher",
        "soft-0": "probabilities of teacher",
        "two-words-0": "probabilities of teacher",
        "hard-1": "answers of hard-0",
        "soft-1": "probabilities of soft-0",
        "soft-2": "probabilities of soft-1",
    }
