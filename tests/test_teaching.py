"""The ways to teach: their labels, their losses, and the networks that learn by them."""

import keras
import numpy as np
import pytest

from snakedistill.core.network_ids import TEACHER, Network, parsed
from snakedistill.teaching import TEACHER_WAY, WAYS, labels_in_words, networks
from snakedistill.teaching.class_weights import balanced_weights, weight_of_labels, weighted

STUDENTS = {
    "soft": {"labels": "soft", "generations": 2},
    "classic": {"labels": "manual", "generations": 0},
    "two-words": {"labels": "soft", "generations": 0},
    "hard": {"labels": "hard", "generations": 1},
}
MANUAL = np.array([0, 1, 1, 0, 1])
PROBABILITY = np.float32([0.1, 0.9, 0.5, 0.50001, 0.0])
LABELS = {"manual": [0, 1, 1, 0, 1], "hard": [0, 1, 0, 1, 0], "soft": PROBABILITY}


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
    """Manual: the class. Hard: 1 where the source's probability is above one half. Soft: this probability."""
    np.testing.assert_array_equal(WAYS[way].label(MANUAL, PROBABILITY), LABELS[way])
    if WAYS[way].from_source is None:
        np.testing.assert_array_equal(WAYS[way].label(MANUAL, None), LABELS[way])


@pytest.mark.parametrize("way", WAYS)
def test_the_loss_of_each_way(way):
    """Mean cross-entropy of labels and logits, and its gradient by the logit: (sigmoid - label) / n."""
    logit = np.array([-3.0, 0.0, 0.7, 2.5, -80.0])
    label = np.asarray(LABELS[way], np.float64)
    probability = 1 / (1 + np.exp(-logit))
    likely = label * np.log(probability) + (1 - label) * np.log1p(-probability)
    variable = keras.Variable(logit[:, None], dtype="float32")
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = WAYS[way].loss()(label[:, None].astype(np.float32), variable.value)
    assert float(loss) == pytest.approx(-likely.mean(), rel=1e-5)
    gradient = np.asarray(tape.gradient(loss, variable.value))[:, 0]
    np.testing.assert_allclose(gradient, (probability - label) / len(label), atol=1e-6)


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
    assert balanced_weights(np.float32(labels)) == pytest.approx(weights)
    assert weight_of_labels(np.float64(labels), balanced_weights(np.array(labels))).mean() == pytest.approx(1, abs=0.6)


def test_equal_weights_are_exactly_one():
    assert (weight_of_labels(np.random.default_rng(0).random(1000), (1.0, 1.0)) == 1).all()


@pytest.mark.parametrize("way", WAYS)
def test_a_weighted_loss_is_the_weighted_mean_and_so_is_its_gradient(way):
    logit = np.array([-3.0, 0.0, 0.7, 2.5, -80.0])
    label, weights = np.asarray(LABELS[way], np.float64), (0.25, 3.0)
    of_images = label * 3.0 + (1 - label) * 0.25
    probability = 1 / (1 + np.exp(-logit))
    likely = label * np.log(probability) + (1 - label) * np.log1p(-probability)
    variable = keras.Variable(logit[:, None], dtype="float32")
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = weighted(WAYS[way].loss(), weights)(label[:, None].astype(np.float32), variable.value)
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
