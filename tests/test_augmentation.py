"""The transformations: their draws, their pixels, and that one which is off is nowhere."""

import dataclasses
import hashlib
import itertools

import numpy as np
import pytest
from contracts import changed, check_transformation
from PIL import Image, ImageEnhance
from pydantic import Field
from scipy import ndimage

from snakedistill.networks.augmentation import TRANSFORMATIONS, active, geometry, mixing, of_one_image
from snakedistill.networks.augmentation.draws import draw, no_draws, random_stream
from snakedistill.networks.augmentation.layer import augmented_inputs
from snakedistill.networks.augmentation.transformation import Transformation
from snakedistill.training.batches import mixed_targets

BOTH = {"shift": 0.4, "flip": True}
MOVES = BOTH | {"zoom": 0.5, "rotation": 40}


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


def affine(rows: list[list[float]]) -> np.ndarray:
    """A 3 x 3 matrix from its first two rows."""
    return np.array([*rows, [0, 0, 1]], np.float64)


def matrix(name: str, value: np.ndarray) -> np.ndarray:
    """From pixels of the changed image, (row, column, 1) from the middle, to where they come from."""
    if name == "shift":
        return affine([[1, 0, value[0]], [0, 1, value[1]]])
    if name == "flip":
        return affine([[1, 0, 0], [0, -1 if value else 1, 0]])
    if name == "zoom":
        cut, down, right = value
        return affine([[1 - cut, 0, down], [0, 1 - cut, right]])
    cosine, sine = np.cos(value), np.sin(value)
    return affine([[cosine, sine, 0], [-sine, cosine, 0]])


@pytest.mark.parametrize("names", [n for count in range(1, 5) for n in itertools.combinations(MOVES, count)])
@pytest.mark.parametrize("side", [13, 32])
def test_all_that_moves_pixels_is_one_affine_transform_of_scipy(names, side):
    images = np.random.default_rng(0).integers(0, 256, (12, side, side, 3), dtype=np.uint8)
    draws = draw({name: MOVES[name] for name in names}, 0, "soft-0", "train", 1, len(images), side)
    for image, *values, found in zip(images, *draws.values(), changed(images, draws), strict=True):
        whole = np.eye(3)
        for name, value in zip(draws, values, strict=True):
            whole = whole @ matrix(name, value.astype(np.float64))
        middle = np.full(2, (side - 1) / 2)
        offset = whole[:2, 2] + middle - whole[:2, :2] @ middle
        settings = {"offset": offset, "order": 1, "mode": "nearest"}
        expected = [
            ndimage.affine_transform(image[..., c].astype(np.float64), whole[:2, :2], **settings) for c in range(3)
        ]
        np.testing.assert_allclose(found, np.stack(expected, axis=-1), atol=0.01)


def test_a_zoom_is_pillows_enlarged_crop_from_inside_the_image():
    side = 27
    images = np.random.default_rng(2).integers(0, 256, (200, side, side, 1), dtype=np.uint8)
    draws = draw({"zoom": 0.6}, 0, "soft-0", "train", 1, len(images), side)
    cut, middle = draws["zoom"][:, 0], draws["zoom"][:, 1:] + side / 2
    assert 0 <= cut.min() < 0.02 and 0.58 < cut.max() <= 0.6
    low, high = (middle + sign * side * (1 - cut[:, None]) / 2 for sign in (-1, 1))
    assert low.min() >= -1e-4 and high.max() <= side + 1e-4
    room = side * cut[:, None] / 2
    np.testing.assert_allclose(
        np.quantile(draws["zoom"][:, 1:] / room, [0, 0.25, 0.5, 0.75, 1]), [-1, -0.5, 0, 0.5, 1], atol=0.15
    )
    for image, (top, left), (bottom, right), found in zip(images, low, high, changed(images, draws), strict=True):
        box = [float(np.clip(one, 0, side)) for one in (left, top, right, bottom)]
        plain = Image.fromarray(image[..., 0].astype(np.float32))
        expected = plain.resize((side, side), Image.Resampling.BILINEAR, box=box)
        np.testing.assert_allclose(found[..., 0], np.asarray(expected), atol=0.01)


def test_a_rotation_is_in_degrees_and_turns_as_scipy_does():
    images = np.random.default_rng(3).integers(0, 256, (300, 15, 15, 1), dtype=np.uint8)
    draws = draw({"rotation": 30}, 0, "soft-0", "train", 1, len(images), 15)
    angles = np.degrees(draws["rotation"].astype(np.float64))
    assert -30 <= angles.min() < -28 and 28 < angles.max() <= 30 and abs(angles.mean()) < 3
    for image, angle, found in zip(images, angles, changed(images, draws), strict=True):
        image = image[..., 0].astype(np.float64)
        expected = ndimage.rotate(image, angle, reshape=False, order=1, mode="nearest")
        np.testing.assert_allclose(found[..., 0], expected, atol=0.01)


def test_colour_is_pillows_brightness_contrast_and_saturation():
    """To the two or three levels to which Pillow rounds; the pixels are not so bright that anything is clipped."""
    images = np.random.default_rng(4).integers(90, 150, (100, 9, 11, 3), dtype=np.uint8)
    draws = draw({"colour": 0.4}, 0, "soft-0", "train", 1, len(images), 9)
    assert -0.4 <= draws["colour"].min() < -0.38 and 0.38 < draws["colour"].max() <= 0.4
    for image, change, found in zip(images, draws["colour"], changed(images, draws), strict=True):
        picture = Image.fromarray(image)
        enhancers = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)
        for enhancer, by in zip(enhancers, change, strict=True):
            picture = enhancer(picture).enhance(1 + float(by))
        np.testing.assert_allclose(found, np.asarray(picture, np.float32), atol=3.5)
    white = np.full((1, 4, 4, 3), 250, np.uint8)
    assert changed(white, {"colour": np.float32([[0.4, 0, 0]])}).max() == 255


def test_shift_and_flip_alone_have_the_bits_of_one_after_the_other_whatever_may_come_with_them():
    """With what leaves an image as it is they are resampled together, which is the same to a rounding error."""
    images = np.random.default_rng(0).integers(0, 256, (40, 13, 13, 3), dtype=np.uint8)
    draws = draw(BOTH, 0, "soft-0", "train", 1, 40, 13)
    alone = np.asarray(geometry.flipped(geometry.shifted(images.astype(np.float32), draws["shift"]), draws["flip"]))
    np.testing.assert_array_equal(changed(images, draws), alone)
    np.testing.assert_array_equal(changed(images, draws | {"colour": np.zeros((40, 3), np.float32)}), alone)
    neutral = {"zoom": np.zeros((40, 3), np.float32), "rotation": np.zeros(40, np.float32)}
    np.testing.assert_allclose(changed(images, draws | neutral), changed(images, draws), atol=1e-3)


def test_two_sizes_of_an_image_are_changed_alike():
    """A source that answers the view of a student sees the same part of the image, at its own size."""
    small, large = 24, 72
    row, column = np.mgrid[:large, :large] / large
    smooth = 120 + 60 * np.sin(5 * row + np.arange(8)[:, None, None]) * np.cos(4 * column)
    pictures = np.stack([smooth, 250 - smooth, 0.5 * smooth], axis=-1)
    means = pictures.reshape(8, small, 3, small, 3, 3).mean(axis=(2, 4))
    augmentation = {"flip": True, "shift": 0.1, "zoom": 0.3, "rotation": 20, "colour": 0.2}
    views = [
        changed(images.astype(np.float32), draw(augmentation, 0, "soft-0", "train", 1, 8, images.shape[1]))
        for images in (means, pictures)
    ]
    coarse = views[1].reshape(8, small, 3, small, 3, 3).mean(axis=(2, 4))
    assert abs(coarse - means).mean() > 10
    np.testing.assert_allclose(coarse[:, 4:-4, 4:-4], views[0][:, 4:-4, 4:-4], atol=4)


@pytest.mark.parametrize("augmentation", [BOTH, {"flip": True}, {}, MOVES, {"zoom": 0.2}, MOVES | {"colour": 0.3}])
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
