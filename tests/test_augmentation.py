"""The transformations: their draws, their pixels, and that one which is off is nowhere."""

import dataclasses
import hashlib
import itertools

import numpy as np
import pytest
from contracts import changed, check_transformation
from pydantic import Field
from scipy import ndimage

from snakedistill.networks.augmentation import TRANSFORMATIONS, active, mixing, of_one_image
from snakedistill.networks.augmentation.draws import draw, no_draws, random_stream
from snakedistill.networks.augmentation.layer import augmented_inputs
from snakedistill.networks.augmentation.transformation import Transformation
from snakedistill.training.batches import mixed_targets

BOTH = {"shift": 0.4, "flip": True}


def moved_by_scipy(image: np.ndarray, shift: np.ndarray, flip: float) -> np.ndarray:
    """What Keras 2's ImageDataGenerator does: affine_transform channel by channel, then the flip."""
    channels = [
        ndimage.affine_transform(image[..., c].astype(np.float64), np.eye(2), shift, order=1, mode="nearest")
        for c in range(image.shape[-1])
    ]
    moved = np.stack(channels, axis=-1)
    return moved[:, ::-1] if flip else moved


def test_every_pixel_is_where_scipy_puts_it():
    images = np.random.default_rng(0).integers(0, 256, (40, 13, 13, 3), dtype=np.uint8)
    draws = draw(BOTH, 0, "soft-0", "train", 1, 40, 13)
    assert list(draws) == ["shift", "flip"]
    assert 0 < draws["flip"].sum() < 40
    expected = [moved_by_scipy(*one) for one in zip(images, draws["shift"], draws["flip"], strict=True)]
    np.testing.assert_allclose(changed(images, draws), expected, atol=2e-4)
    for name in BOTH:  # one alone
        alone = no_draws(BOTH, 40) | {name: draws[name]}
        expected = [moved_by_scipy(*one) for one in zip(images, alone["shift"], alone["flip"], strict=True)]
        np.testing.assert_allclose(changed(images, {name: draws[name]}), expected, atol=2e-4)


@pytest.mark.parametrize("shift", [(-13.0, 0.0), (0.0, 13.0), (5.5, -12.99), (0.25, 0.75)])
def test_gaps_are_filled_with_the_nearest_pixel(shift):
    image = np.random.default_rng(1).integers(0, 256, (1, 13, 13, 3), dtype=np.uint8)
    got = changed(image, {"shift": np.float32([shift])})
    np.testing.assert_allclose(got[0], moved_by_scipy(image[0], np.array(shift), 0), atol=2e-4)


@pytest.mark.parametrize("augmentation", [BOTH, {"flip": True}, {}])
def test_no_draw_leaves_every_bit(augmentation):
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, axis=-1)
    got = changed(images, no_draws(augmentation, 1))
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, images)


def test_draws_are_uniform_in_the_range_and_flip_half():
    draws = draw(BOTH, 0, "teacher", "train", 1, 20_000, 100)
    assert set(np.unique(draws["flip"])) == {0, 1}
    assert abs(draws["flip"].mean() - 0.5) < 0.02
    assert np.abs(draws["shift"]).max() <= 40
    for axis in (0, 1):
        np.testing.assert_allclose(np.quantile(draws["shift"][:, axis], [0.25, 0.5, 0.75]), [-20, 0, 20], atol=1)
    assert abs(np.corrcoef(np.column_stack([draws["shift"], draws["flip"]]).T) - np.eye(3)).max() < 0.03


def test_draws_are_three_numbers_an_image_of_philox():
    """Whatever else is on: the flip is the first of an image's three numbers, its shift the other two."""
    digest = hashlib.sha256(b"7/soft-1/train").digest()
    key = [int.from_bytes(digest[start : start + 8], "little") for start in (0, 8)]
    numbers = np.random.Generator(np.random.Philox(key=key, counter=3 << 192)).random((50, 3))
    np.testing.assert_array_equal(random_stream(7, "soft-1", "train", 3).random((50, 3)), numbers)
    shift, flip = (np.float32((2 * numbers[:, 1:] - 1) * 0.4 * 64), np.float32(numbers[:, 0] < 0.5))
    for augmentation in (BOTH, {"shift": 0.4}, {"flip": True}, {"flip": True, "shift": 0}):
        draws = draw(augmentation, 7, "soft-1", "train", 3, 50, 64)
        assert tuple(draws) == active(augmentation)
        for name, values in draws.items():
            assert values.dtype == np.float32
            np.testing.assert_array_equal(values, {"shift": shift, "flip": flip}[name])


def test_draws_depend_on_seed_network_purpose_epoch_and_image_alone():
    def shifts(*key, images=10):
        return draw({"flip": True, "shift": 0.2}, *key, images, 64)["shift"]

    base = shifts(0, "soft-1", "train", 3)
    np.testing.assert_array_equal(base, shifts(0, "soft-1", "train", 3, images=25)[:10])
    for other in ((1, "soft-1", "train", 3), (0, "soft-2", "train", 3), (0, "soft-1", "validation", 3)):
        assert not np.isin(base, shifts(*other)).any()
    assert not np.isin(base, shifts(0, "soft-1", "train", 4)).any()


@pytest.fixture
def darken(monkeypatch) -> Transformation:
    """A transformation with a stream of its own: subtracts up to a number from all pixels."""
    one = Transformation(
        Field(ge=0),
        shape=(1,),
        draw=lambda stream, images, side, most: (most * stream.random((images, 1))).astype(np.float32),
        apply=lambda images, values: images - values[:, :, None, None],
    )
    monkeypatch.setitem(TRANSFORMATIONS, "darken", one)
    return one


def test_a_transformation_with_its_own_stream_changes_no_other_draw(darken):
    assert darken.own_stream
    without, with_it = (draw(BOTH | more, 0, "soft-0", "train", 2, 30, 32) for more in ({}, {"darken": 9.0}))
    assert list(with_it) == ["shift", "flip", "darken"]
    for name, values in without.items():
        np.testing.assert_array_equal(with_it[name], values)
    own = random_stream(0, "soft-0", "train/darken", 2).random((30, 1))
    np.testing.assert_array_equal(with_it["darken"], np.float32(9 * own))
    alone = draw({"darken": 9.0}, 0, "soft-0", "train", 2, 30, 32)
    np.testing.assert_array_equal(alone["darken"], with_it["darken"])


def test_a_new_transformation_is_applied_after_the_others(darken):
    images = np.random.default_rng(0).integers(100, 200, (30, 8, 8, 3), dtype=np.uint8)
    augmentation = BOTH | {"darken": 9.0}
    draws = draw(augmentation, 0, "soft-0", "train", 2, 30, 8)
    before = changed(images, {name: draws[name] for name in BOTH})
    np.testing.assert_allclose(changed(images, draws), before - draws["darken"][:, :, None, None], atol=1e-4)
    assert no_draws(augmentation, 4)["darken"].shape == (4, 1)


@pytest.mark.parametrize("on", [on for count in range(3) for on in itertools.combinations(BOTH, count)])
def test_what_is_off_is_neither_an_input_nor_applied(monkeypatch, on):
    def refuse(*arguments):
        raise AssertionError("a transformation that is off was used")

    for name in BOTH.keys() - set(on):
        off = dataclasses.replace(TRANSFORMATIONS[name], draw=refuse, apply=refuse)
        monkeypatch.setitem(TRANSFORMATIONS, name, off)
    settings = {name: value if name in on else type(value)(0) for name, value in BOTH.items()}
    for augmentation in (settings, {name: BOTH[name] for name in on}):
        assert active(augmentation) == tuple(on)
        assert list(draw(augmentation, 0, "soft-0", "train", 1, 4, 32)) == list(on)
        assert list(no_draws(augmentation, 4)) == list(on)
        inputs, images = augmented_inputs(augmentation, 32)
        inputs = inputs if on else [inputs]
        assert [one.name for one in inputs] == ["image", *on]
        assert [one.shape for one in inputs] == [
            (None, 32, 32, 3),
            *((None, *TRANSFORMATIONS[one].shape) for one in on),
        ]
        assert (inputs[0].dtype, images.dtype, images.shape) == ("uint8", "float32", (None, 32, 32, 3))


@pytest.mark.parametrize("name", TRANSFORMATIONS)
def test_every_transformation_is_one(name):
    check_transformation(name)


def test_transformations_that_mix_are_applied_one_after_the_other():
    """Mixed up and then cut: the labels follow, and only images that a network trains on are mixed."""
    augmentation = {"shift": 0.1, "mixup": 0.5, "cutmix": 1.0}
    assert mixing(augmentation) == ("mixup", "cutmix")
    assert of_one_image(augmentation) == {"shift": 0.1}
    draws = draw(augmentation, 0, "soft-0", "train", 1, 16, 8)
    value = np.random.default_rng(0).integers(0, 256, 16).astype(np.uint8)
    shown = np.tile(value[:, None, None, None], (1, 8, 8, 3))
    label = value[:, None].astype(np.float32)
    found = mixed_targets(augmentation)((shown, *draws.values()), {"label": label})["label"]
    np.testing.assert_allclose(found[:, 0], changed(shown, draws).mean(axis=(1, 2, 3)), atol=1e-2)
    assert draws["mixup"].min() > 0 and draws["mixup"].max() < 1
    areas = TRANSFORMATIONS["cutmix"].share(draw({"cutmix": 1.0}, 0, "soft-0", "train", 1, 4000, 64)["cutmix"])
    assert 0.2 < areas.mean() < 0.5  # one half, less what is cut off at the border
    assert abs(draw({"mixup": 0.2}, 0, "soft-0", "train", 1, 4000, 64)["mixup"].mean() - 0.5) < 0.02
