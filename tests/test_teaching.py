"""The ways to teach: their labels, their losses, and the networks that learn by them."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from snakedistill.core.network_ids import TEACHER, Network, parsed
from snakedistill.core.outputs import (
    labels_of_classes,
    logits_of_classes,
    one_hot,
    outputs_of_classes,
    shares_of_classes,
    softmax,
)
from snakedistill.core.parts import TEST, TRAIN
from snakedistill.measures import metrics
from snakedistill.measures.metrics import answer
from snakedistill.teaching import OPTIONS, TEACHER_WAY, WAYS, labels_in_words, made_from, networks, taught
from snakedistill.teaching.class_weights import balanced_weights, weight_of_labels, weighted
from snakedistill.teaching.mean import logarithm_of_mean
from snakedistill.teaching.smoothing import mean_entropy, smoothing_of_entropy
from snakedistill.teaching.way import LabelInputs

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


def inputs(manual, probability, logit=None, part=TRAIN, seed=0) -> LabelInputs:
    classes = 2 if probability is None else probability.shape[1]
    stream = np.random.default_rng(seed)
    return LabelInputs(np.asarray(manual), np.full(len(manual), part), classes, stream, logit, probability)


def predicted(classes: int, images: int = 400) -> LabelInputs:
    """Predictions of which two thirds are right, in two parts."""
    rng = np.random.default_rng(classes)
    manual = rng.integers(0, classes, images)
    outputs = rng.normal(0, 2, (images, 1 if classes == 2 else classes))
    logit = logits_of_classes(outputs) + one_hot(manual, classes)
    part = np.where(np.arange(images) < images // 4, TEST, TRAIN)
    return LabelInputs(manual, part, classes, np.random.default_rng(0), logit, softmax(logit))


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
    np.testing.assert_array_equal(WAYS[way].label(inputs(MANUAL, PROBABILITY)), LABELS[way])
    if WAYS[way].from_source is None:
        np.testing.assert_array_equal(WAYS[way].label(inputs(MANUAL, None)), LABELS[way])
    np.testing.assert_array_equal(WAYS[way].label(inputs([2, 0, 1], OF_THREE)), LABELS_OF_THREE[way])


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


# Settings of each option, and the way that each changes.
TAUGHT = {
    "consistent": ("soft", (True,)),
    "temperature": ("soft", (0.5, 4.0)),
    "manual_share": ("soft", (0.0, 0.3, 1.0)),
    "smoothing": ("manual", (0.0, 0.1, "teacher")),
    "shuffled": ("soft", (True,)),
    "image_weights": ("manual", ("confidence",)),
    "unlabelled": ("soft", (True,)),
}
CASES = [
    (way, {name: setting}, classes)
    for name, (way, settings) in TAUGHT.items()
    for setting in settings
    for classes in (2, 3)
] + [("soft", {"temperature": 2.0, "shuffled": True}, 2), ("hard", {"manual_share": 0.4}, 3)]


def test_every_option_is_tested_here():
    assert OPTIONS.keys() == TAUGHT.keys()
    assert all(way in OPTIONS[name].labels for name, (way, _) in TAUGHT.items())


@pytest.mark.parametrize(("way", "options", "classes"), CASES)
def test_the_gradient_of_an_option_is_the_numerical_derivative_of_its_loss(way, options, classes):
    """The gradient of each logit, of one output too, against the difference of `loss_of_images` around it."""
    import tensorflow as tf

    way, given = taught(way, options), predicted(classes, images=30)
    label = labels_of_classes(np.asarray(way.label(given)), classes).astype(np.float64)
    weight = np.ones(30) if way.weight is None else way.weight(given)
    np.testing.assert_allclose(label.sum(axis=1), 1, atol=1e-6)
    student = np.random.default_rng(1).normal(0, 1.5, (30, 1 if classes == 2 else classes))
    variable = tf.Variable(student.astype(np.float32))
    with tf.GradientTape() as tape:
        loss = way.loss(student.shape[1])(outputs_of_classes(label).astype(np.float32), variable, sample_weight=weight)
    gradient = tape.gradient(loss, variable).numpy()

    def numerical(image: int, output: int, step: float = 1e-4) -> float:
        moved = [student.copy(), student.copy()]
        for sign, values in zip((1, -1), moved, strict=True):
            values[image, output] += sign * step
        high, low = ((weight * way.loss_of_images(logits_of_classes(values), label)).mean() for values in moved)
        return (high - low) / (2 * step)

    expected = np.array([[numerical(image, output) for output in range(student.shape[1])] for image in range(30)])
    np.testing.assert_allclose(gradient, expected, atol=2e-6)
    assert np.abs(expected).max() > 1e-3
    of_images = weight * way.loss_of_images(logits_of_classes(student), label)
    assert float(loss) == pytest.approx(of_images.mean(), rel=1e-5)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_limit_case_is_the_way_without_the_option(classes):
    given = predicted(classes)
    manual = one_hot(given.manual, classes)
    np.testing.assert_allclose(taught("soft", {"temperature": 1.0}).label(given), given.probability, atol=1e-12)
    student = given.logit[::-1]
    at_one = taught("soft", {"temperature": 1.0}).loss_of_images(student, given.probability)
    np.testing.assert_array_equal(at_one, metrics.cross_entropy(student, given.probability))
    np.testing.assert_array_equal(taught("soft", {"manual_share": 0.0}).label(given), given.probability)
    np.testing.assert_array_equal(taught("soft", {"manual_share": 1.0}).label(given), manual)
    np.testing.assert_array_equal(taught("manual", {"smoothing": 0.0}).label(given), manual)
    np.testing.assert_allclose(taught("manual", {"smoothing": 1.0}).label(given), 1 / classes)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_high_temperature_teaches_the_difference_of_the_logits(classes):
    """Its gradient goes to (s - t) / 4 of one output, and to that of centred logits / K of K (Hinton et al., 2.1)."""
    import tensorflow as tf

    given, temperature = predicted(classes, images=20), 1000.0
    way = taught("soft", {"temperature": temperature})
    label = outputs_of_classes(way.label(given))
    student = np.random.default_rng(2).normal(size=label.shape)
    # In float64, for at such a temperature labels and probabilities differ in their last digits.
    variable = tf.Variable(student)
    target = tf.constant(label)
    entropy = tf.nn.sigmoid_cross_entropy_with_logits if classes == 2 else tf.nn.softmax_cross_entropy_with_logits
    with tf.GradientTape() as tape:
        logit = variable / temperature
        loss = temperature**2 * tf.reduce_sum(entropy(labels=target, logits=logit))
    gradient = tape.gradient(loss, variable).numpy()
    if classes == 2:
        expected = (student - np.diff(given.logit)) / 4
    else:
        centred = [values - values.mean(axis=1, keepdims=True) for values in (student, given.logit)]
        expected = (centred[0] - centred[1]) / classes
    np.testing.assert_allclose(gradient, expected, atol=0.02)


def test_smoothing_has_the_mean_entropy_of_the_teachers_predictions_on_train():
    given = predicted(3)
    label = taught("manual", {"smoothing": "teacher"}).label(given)
    of_train = mean_entropy(given.probability[given.part == TRAIN])
    assert mean_entropy(label) == pytest.approx(of_train, abs=1e-6)
    assert mean_entropy(label) != pytest.approx(mean_entropy(given.probability), abs=1e-4)
    assert (answer(label) == given.manual).all()
    assert smoothing_of_entropy(0.0, 3) == 0
    assert smoothing_of_entropy(np.log(3), 3) == pytest.approx(1, abs=1e-6)
    assert smoothing_of_entropy(np.log(2) + 1e-9, 2) == 1


@pytest.mark.parametrize("classes", [2, 3])
def test_shuffled_labels_have_the_same_distribution_and_errors_but_are_of_other_images(classes):
    given = predicted(classes)
    label = taught("soft", {"shuffled": True}).label(given)
    right = answer(given.probability) == given.manual
    np.testing.assert_array_equal(answer(label) == given.manual, right)
    for part in (TRAIN, TEST):
        for manual in range(classes):
            for of_right in (True, False):
                group = (given.part == part) & (given.manual == manual) & (right == of_right)
                sides = (np.sort(values[group], axis=0) for values in (label, given.probability))
                np.testing.assert_array_equal(*sides)
    assert np.mean(np.any(label != given.probability, axis=1)) > 0.9
    again = taught("soft", {"shuffled": True}).label(predicted(classes))
    np.testing.assert_array_equal(label, again)


def test_a_source_and_options_of_families():
    families = {
        "fresh": {"labels": "soft", "generations": 2, "source": "teacher"},
        "retrained": {"labels": "manual", "generations": 1},
        "smoothed": {"labels": "manual", "generations": 0, "smoothing": "teacher", "temperature": None},
        "tempered": {"labels": "soft", "generations": 1, "temperature": 4, "shuffled": False},
    }
    found = networks(families)
    assert {name: network.source for name, network in found.items()} == {
        "teacher": None, "retrained-0": None, "smoothed-0": None, "fresh-0": TEACHER, "tempered-0": TEACHER,
        "retrained-1": None, "fresh-1": TEACHER, "tempered-1": "tempered-0", "fresh-2": TEACHER,
    }  # fmt: skip
    assert found["tempered-1"].options == (("temperature", 4),)
    assert found["retrained-1"].options == ()
    assert {name: made_from(network) for name, network in found.items() if made_from(network) != network.source} == {
        "smoothed-0": TEACHER
    }
    assert labels_in_words(found["tempered-1"]) == "probabilities of tempered-0 at temperature 4"
    assert labels_in_words(found["smoothed-0"]) == "manual labels smoothed to the teacher's entropy"


@pytest.mark.parametrize("classes", [2, 3])
def test_images_weigh_by_the_teachers_confidence_with_the_mean_1_in_each_part(classes):
    given = predicted(classes)
    way = taught("manual", {"image_weights": "confidence"})
    weight, confidence = way.weight(given), given.probability.max(axis=1)
    for part in (TRAIN, TEST):
        of_part = given.part == part
        np.testing.assert_allclose(weight[of_part], confidence[of_part] / confidence[of_part].mean())
    equally_sure = replace(given, probability=np.full((len(weight), classes), 1 / classes))
    np.testing.assert_allclose(way.weight(equally_sure), 1)
    np.testing.assert_array_equal(way.label(given), given.manual)


def test_a_family_that_learns_from_all_before_has_means_as_sources():
    families = {
        "every": {"labels": "soft", "generations": 2, "source": "all"},
        "soft": {"labels": "soft", "generations": 1},
    }
    found = networks(families)
    assert list(found) == [
        "teacher", "every-0", "soft-0", "mean-every-0", "every-1", "soft-1", "mean-every-1", "every-2",
    ]  # fmt: skip
    assert [found[f"every-{k}"].source for k in range(3)] == [TEACHER, "mean-every-0", "mean-every-1"]
    assert found["mean-every-1"].members == ("teacher", "every-0", "every-1")
    assert found["mean-every-1"].way is None and found["mean-every-1"].source is None
    assert labels_in_words(found["every-2"]) == "probabilities of mean-every-1"
    assert labels_in_words(found["mean-every-0"]) == "the mean of teacher and every-0, not trained"


def test_stages_of_the_teacher_are_networks_where_a_family_learns_from_them():
    families = {
        "budding": {"labels": "soft", "generations": 1, "source": "early"},
        "blind": {"labels": "hard", "generations": 0, "source": "untrained"},
    }
    found = networks(families)
    assert list(found) == ["teacher", "early", "untrained", "blind-0", "budding-0", "budding-1"]
    assert {found[f"budding-{k}"].source for k in range(2)} == {"early"}
    assert found["early"].way == TEACHER_WAY and found["early"].is_first
    assert list(networks({"budding": families["budding"]})) == ["teacher", "early", "budding-0", "budding-1"]


@pytest.mark.parametrize("classes", [2, 3])
def test_the_mean_of_networks_is_that_of_their_probabilities(classes):
    logits = [predicted(classes).logit, 3 * predicted(classes).logit[::-1]]
    found = logarithm_of_mean(logits)
    np.testing.assert_allclose(np.exp(found), (softmax(logits[0]) + softmax(logits[1])) / 2, rtol=1e-9)
    np.testing.assert_allclose(softmax(logarithm_of_mean([logits[0]])), softmax(logits[0]), rtol=1e-9)
    far = np.tile([[-800.0, 800.0]], (3, 1))
    assert np.isfinite(logarithm_of_mean([far, far])).all()
