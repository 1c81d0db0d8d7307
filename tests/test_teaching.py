"""The ways to teach: their labels, their losses, and the networks that learn by them."""

from dataclasses import replace

import numpy as np
import pytest
from contracts import CLASSES, check_minimum, check_way, label_and_targets, predicted, settings_of_options

from snakedistill.core.network_ids import TEACHER, Network, parsed
from snakedistill.core.outputs import one_hot, outputs_of_classes, softmax
from snakedistill.core.parts import TEST, TRAIN
from snakedistill.measures import metrics
from snakedistill.measures.metrics import answer
from snakedistill.teaching import OPTIONS, TEACHER_WAY, WAYS, labels_in_words, losses, made_from, networks, taught
from snakedistill.teaching.class_weights import balanced_weights, weight_of_labels
from snakedistill.teaching.losses import loss_of_images, weighted
from snakedistill.teaching.mean import logarithm_of_mean
from snakedistill.teaching.smoothing import mean_entropy, smoothing_of_entropy

STUDENTS = {
    "soft": {"labels": "soft", "generations": 2},
    "classic": {"labels": "manual", "generations": 0},
    "two-words": {"labels": "soft", "generations": 0},
    "hard": {"labels": "hard", "generations": 1},
}
OF_THREE = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4], [0.1, 0.1, 0.8]])
LABELS_OF = {
    "manual": lambda given: one_hot(given.manual, given.classes),
    "hard": lambda given: one_hot(answer(given.probability), given.classes),
    "soft": lambda given: given.probability,
}
"""References of the ways of the paper. A way without one is asked only what every way must be."""
CASES = [
    pytest.param(
        way, options, classes, id=f"{way}-{'-'.join(f'{key}={value}' for key, value in options.items())}-{classes}"
    )
    for way in WAYS
    for options in settings_of_options(way)
    for classes in CLASSES
    if classes >= max(WAYS[way].fewest_classes, *(OPTIONS[name].fewest_classes for name in ("consistent", *options)))
]


@pytest.mark.parametrize("weighted_by_class", [False, True])
@pytest.mark.parametrize(("way", "options", "classes"), CASES)
def test_every_way_with_every_option_is_a_way(way, options, classes, weighted_by_class):
    check_way(taught(way, options), classes, np.linspace(0.5, 2, classes) if weighted_by_class else None)


@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize("way", WAYS)
def test_every_way_is_right_and_the_loss_is_least_at_its_label(way, classes):
    if classes < WAYS[way].fewest_classes:
        pytest.skip("planning refuses it")
    check_minimum(WAYS[way], classes)
    given = predicted(classes)
    if WAYS[way].from_source is None:
        WAYS[way].label(replace(given, probability=None, logit=None))
    if way in LABELS_OF:
        label, targets = label_and_targets(WAYS[way], given)
        np.testing.assert_array_equal(label, LABELS_OF[way](given))
        student = given.logit[::-1]
        outputs = student[:, 1:] - student[:, :1] if classes == 2 else student
        of_images = loss_of_images(WAYS[way].loss, targets, outputs)
        np.testing.assert_allclose(of_images, metrics.cross_entropy(student, label), rtol=1e-12, atol=1e-15)


def test_the_teacher_is_taught_without_a_source_by_labels_that_can_be_mixed():
    assert WAYS[TEACHER_WAY].from_source is None and WAYS[TEACHER_WAY].mixes


def test_many_images_are_computed_some_at_a_time(monkeypatch):
    given = predicted(3)
    _, targets = label_and_targets(WAYS["soft"], given)
    whole = losses.loss_of_images(WAYS["soft"].loss, targets, given.logit)
    monkeypatch.setattr(losses, "_NUMBERS_AT_ONCE", 100)
    np.testing.assert_allclose(losses.loss_of_images(WAYS["soft"].loss, targets, given.logit), whole, rtol=1e-14)


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
    assert np.asarray(weight_of_labels(labels.astype(np.float64), np.array(weights))) == pytest.approx(
        [weights[0] * (1 - label) + weights[1] * label for label in labels[:, 0]]
    )


def test_balanced_weights_of_three_classes():
    labels = np.eye(3, dtype=np.float32)[[0, 0, 0, 1, 2, 2]]
    weights = balanced_weights(labels)
    assert weights == pytest.approx([6 / 9, 6 / 3, 6 / 6])
    assert np.asarray(weight_of_labels(labels, weights)) == pytest.approx(weights[[0, 0, 0, 1, 2, 2]])
    assert np.asarray(weight_of_labels(OF_THREE, weights)) == pytest.approx(OF_THREE @ weights)
    assert balanced_weights(labels[:4]).tolist() == pytest.approx([4 / 9, 4 / 3, 0])


@pytest.mark.parametrize("outputs", [1, 3])
def test_equal_weights_are_exactly_one(outputs):
    labels = np.random.default_rng(0).random((1000, outputs))
    assert (np.asarray(weight_of_labels(labels, np.ones(max(2, outputs)))) == 1).all()


@pytest.mark.parametrize("classes", CLASSES)
def test_a_weighted_loss_is_the_loss_times_the_weights_of_class_and_image(classes):
    given, of_classes = predicted(classes), np.linspace(0.25, 3, classes)
    targets = label_and_targets(WAYS["soft"], given)[1] | {"weight": np.linspace(0, 2, len(given.manual))}
    logit = outputs_of_classes(given.logit[::-1])
    plain = loss_of_images(WAYS["soft"].loss, targets, logit)
    expected = plain * (given.probability @ of_classes) * targets["weight"]
    np.testing.assert_allclose(loss_of_images(weighted(WAYS["soft"].loss, of_classes), targets, logit), expected)
    assert (loss_of_images(weighted(WAYS["soft"].loss), targets, logit) == plain * targets["weight"]).all()


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


@pytest.mark.parametrize("classes", [2, 3])
def test_a_limit_case_is_the_way_without_the_option(classes):
    given = predicted(classes)
    manual = one_hot(given.manual, classes)
    np.testing.assert_allclose(taught("soft", {"temperature": 1.0}).label(given), given.probability, atol=1e-12)
    student = given.logit[::-1]
    targets, student = {"label": outputs_of_classes(given.probability)}, outputs_of_classes(student)
    at_one = loss_of_images(taught("soft", {"temperature": 1.0}).loss, targets, student)
    np.testing.assert_array_equal(at_one, loss_of_images(WAYS["soft"].loss, targets, student))
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
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(way.loss({"label": tf.constant(label)}, variable))
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


@pytest.mark.parametrize("way", ["soft", "hard"])
def test_random_errors_are_as_many_of_each_class_but_on_other_images(way):
    given = predicted(2)
    own, label = (answer_of(taught(way, options).label(given)) for options in ({}, {"random_errors": True}))
    wrong = own != given.manual
    for part in (TRAIN, TEST):
        for manual in range(2):
            group = (given.part == part) & (given.manual == manual)
            assert (label[group] != manual).sum() == wrong[group].sum() > 0
    assert (label != given.manual)[wrong].mean() < 0.5


def answer_of(label: np.ndarray) -> np.ndarray:
    """The classes of labels, which are classes already where they are hard."""
    return label if label.ndim == 1 else answer(label)


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
