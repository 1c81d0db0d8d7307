"""What every way to teach and every transformation must be; the tests of the doors ask it of examples too."""

import itertools
from collections.abc import Iterator

import keras
import numpy as np

from snakedistill.core.outputs import (
    labels_of_classes,
    logits_of_classes,
    logits_of_probabilities,
    one_hot,
    outputs_of_classes,
    softmax,
)
from snakedistill.core.parts import TEST, TRAIN
from snakedistill.core.targets import Targets
from snakedistill.networks.augmentation import TRANSFORMATIONS
from snakedistill.networks.augmentation.draws import draw, no_draws
from snakedistill.networks.augmentation.layer import Augmentation
from snakedistill.networks.training_model import TrainingModel
from snakedistill.teaching import OPTIONS, WAYS
from snakedistill.teaching.losses import loss_of_images, weighted
from snakedistill.teaching.way import LabelInputs, Way
from snakedistill.training.batches import mixed_targets

CLASSES = (2, 3, 10)


def predicted(classes: int, images: int = 400) -> LabelInputs:
    """Predictions of which two thirds are right, in two parts."""
    rng = np.random.default_rng(classes)
    manual = rng.integers(0, classes, images)
    outputs = rng.normal(0, 2, (images, 1 if classes == 2 else classes))
    logit = logits_of_classes(outputs) + one_hot(manual, classes)
    part = np.where(np.arange(images) < images // 4, TEST, TRAIN)
    return LabelInputs(manual, part, classes, np.random.default_rng(0), logit, softmax(logit))


def settings_of_options(way: str) -> Iterator[dict[str, object]]:
    """No option, each example of each option that fits the way, and each pair of options that can be combined."""
    yield {}
    fitting = [name for name, option in OPTIONS.items() if option.fits(WAYS[way])]
    for name in fitting:
        examples = OPTIONS[name].setting[1].examples
        assert examples, f"expected examples of {name}, got none"
        yield from ({name: setting} for setting in examples)
    for first, second in itertools.combinations(fitting, 2):
        if second not in OPTIONS[first].excludes and first not in OPTIONS[second].excludes:
            yield {name: OPTIONS[name].setting[1].examples[0] for name in (first, second)}


def label_and_targets(way: Way, given: LabelInputs) -> tuple[np.ndarray, Targets]:
    """The labels of a way, float [n, K], and its targets in float64, checked."""
    label, images = np.asarray(way.label(given)), len(given.manual)
    if label.ndim == 1:
        assert label.dtype.kind == "i" and label.shape == (images,) and label.min() >= 0 and label.max() < given.classes
    label = labels_of_classes(label, given.classes).astype(np.float64)
    assert label.shape == (images, given.classes) and label.min() >= 0 and label.max() <= 1
    np.testing.assert_allclose(label.sum(axis=1), 1, atol=1e-6)
    assert ("weight" in way.targets) == (way.weight is not None)
    targets = {"label": outputs_of_classes(label)}
    if "manual" in way.targets:
        targets["manual"] = given.manual.astype(np.int32)
    if way.weight is not None:
        targets["weight"] = way.weight(given)
        assert targets["weight"].shape == (images,) and targets["weight"].min() >= 0
    assert set(targets) == set(way.targets)
    return label, targets


def in_float32(targets: Targets) -> Targets:
    return {name: values if name == "manual" else values.astype(np.float32) for name, values in targets.items()}


def check_way(way: Way, classes: int, of_classes: np.ndarray | None = None, images: int = 30) -> Targets:
    """Labels in their range; one loss for training and validation; its gradient; and that it can teach.

    Args:
        way: with its options.
        classes: K, at least `way.fewest_classes`.
        of_classes: weights of the classes, or None.
        images: number of images.

    Returns:
        The targets of the images.
    """
    import tensorflow as tf

    _, targets = label_and_targets(way, predicted(classes, images))
    loss = weighted(way.loss, of_classes)
    student = np.random.default_rng(1).normal(0, 1.5, targets["label"].shape)
    of_images = loss_of_images(loss, targets, student)
    assert of_images.shape == (images,) and np.isfinite(of_images).all()

    model = TrainingModel(inputs := keras.Input(student.shape[1:]), inputs)
    model.compile(None, loss, [])
    variable = tf.Variable(student.astype(np.float32))
    with tf.GradientTape() as tape:
        of_training = model.compute_loss(y=in_float32(targets), y_pred=variable)
    np.testing.assert_allclose(of_training, of_images.mean(), rtol=1e-5)
    np.testing.assert_allclose(
        tape.gradient(of_training, variable), numerical_gradient(loss, targets, student), atol=2e-5 / np.sqrt(images)
    )
    assert np.abs(numerical_gradient(loss, targets, student)).max() > 1e-4, "the loss teaches nothing"
    return targets


def numerical_gradient(loss, targets: Targets, logit: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """Of the mean loss of the images by their logits, from differences; the loss of an image is of its logits alone."""

    def of_output(output: int) -> np.ndarray:
        moved = step * np.eye(logit.shape[1])[output]
        high, low = (loss_of_images(loss, targets, logit + sign * moved) for sign in (1, -1))
        return (high - low) / (2 * step * len(logit))

    return np.stack([of_output(output) for output in range(logit.shape[1])], axis=1)


def check_minimum(way: Way, classes: int) -> None:
    """No logits give a smaller loss than those of the label."""
    _, targets = label_and_targets(way, predicted(classes, images=20))
    inside = np.clip(targets["label"], 1e-6, 1 - 1e-6)
    at_label = logits_of_probabilities(inside)
    least, rng = loss_of_images(way.loss, targets, at_label), np.random.default_rng(3)
    for size in (0.01, 0.1, 1.0, 5.0):
        moved = at_label + rng.normal(0, size, at_label.shape)
        assert (loss_of_images(way.loss, targets, moved) >= least - 1e-5).all()


def changed(images: np.ndarray, draws: dict[str, np.ndarray]) -> np.ndarray:
    return np.asarray(Augmentation(list(draws))(images, list(draws.values())))


def check_transformation(name: str, images: int = 24, side: int = 16) -> None:
    """Neutral values, ranges, draws that depend on nothing else, and labels that are mixed as the pixels are."""
    transformation, key = TRANSFORMATIONS[name], (0, "soft-0", TRAIN, 2)
    assert transformation.setting[1].default is None
    examples = transformation.setting[1].examples
    assert examples, f"expected examples of {name}, got none"
    shown = np.random.default_rng(0).integers(0, 256, (images, side, side, 3), dtype=np.uint8)
    np.testing.assert_array_equal(changed(shown, no_draws({name: examples[0]}, images)), shown)
    others = {other: one.setting[1].examples[0] for other, one in TRANSFORMATIONS.items() if other != name}
    for setting in examples:
        draws = draw({name: setting}, *key, images, side)
        assert draws[name].shape == (images, *transformation.shape) and draws[name].dtype == np.float32
        np.testing.assert_array_equal(draw({name: setting}, *key, images, side)[name], draws[name])
        np.testing.assert_array_equal(draw({name: setting}, *key, images + 7, side)[name][:images], draws[name])
        together = draw(others | {name: setting}, *key, images, side)
        assert list(together) == list(TRANSFORMATIONS)
        np.testing.assert_array_equal(together[name], draws[name])
        for other, values in draw(others, *key, images, side).items():
            np.testing.assert_array_equal(together[other], values)
        for another in ((1, *key[1:]), (0, "soft-1", *key[2:]), (*key[:3], 3)):
            assert (draw({name: setting}, *another, images, side)[name] != draws[name]).any()
        found = changed(shown, draws)
        assert found.shape == shown.shape and found.dtype == np.float32
        assert found.min() >= -1e-3 and found.max() <= 255 + 1e-3
        assert (found != shown).any()
        if transformation.share is not None:
            check_mixing(name, setting, images, side)


def check_mixing(name: str, setting: object, images: int, side: int) -> None:
    """Labels and weights are mixed in the shares of the pixels, and only what a network trains on is mixed."""
    draws = draw({name: setting}, 0, "soft-0", TRAIN, 1, images, side)
    rng = np.random.default_rng(0)
    value = rng.integers(0, 256, images).astype(np.uint8)
    shown = np.tile(value[:, None, None, None], (1, side, side, 3))
    hook = mixed_targets({name: setting})
    label = np.stack([value / 255, 1 - value / 255], axis=1).astype(np.float32)
    mixed = hook((shown, *draws.values()), {"label": label, "weight": value.astype(np.float32)})
    mean = changed(shown, draws).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(mixed["weight"], mean, atol=1e-2)
    np.testing.assert_allclose(mixed["label"][:, 0], mean / 255, atol=1e-4)
    np.testing.assert_allclose(mixed["label"].sum(axis=1), 1, atol=1e-6)
    assert mixed["label"].dtype == np.float32
    for purpose in ("validation", "evaluation"):
        assert not draw({name: setting}, 0, "soft-0", purpose, 1, images, side)[name].any()
