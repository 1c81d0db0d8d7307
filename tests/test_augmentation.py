import numpy as np
import pytest
from scipy import ndimage

from snakedistill.networks.augmentation import Augmentation, draw, random_stream


def moved_by_scipy(image: np.ndarray, flip: float, shift: np.ndarray) -> np.ndarray:
    """What Keras 2's ImageDataGenerator does: affine_transform channel by channel, then the flip."""
    channels = [
        ndimage.affine_transform(image[..., c].astype(np.float64), np.eye(2), shift, order=1, mode="nearest")
        for c in range(image.shape[-1])
    ]
    moved = np.stack(channels, axis=-1)
    return moved[:, ::-1] if flip else moved


def test_every_pixel_is_where_scipy_puts_it():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 13, 13, 3), dtype=np.uint8)
    draws = draw(random_stream(0, "soft-0", "train", 1), 40, 13, flip=True, shift=0.4)
    assert 0 < draws.flip.sum() < 40
    got = np.asarray(Augmentation()(images, draws.flip, draws.shift))
    expected = [moved_by_scipy(*one) for one in zip(images, draws.flip, draws.shift, strict=True)]
    np.testing.assert_allclose(got, expected, atol=2e-4)


@pytest.mark.parametrize("shift", [(-13.0, 0.0), (0.0, 13.0), (5.5, -12.99), (0.25, 0.75)])
def test_gaps_are_filled_with_the_nearest_pixel(shift):
    image = np.random.default_rng(1).integers(0, 256, (1, 13, 13, 3), dtype=np.uint8)
    got = np.asarray(Augmentation()(image, np.zeros(1, np.float32), np.float32([shift])))
    np.testing.assert_allclose(got[0], moved_by_scipy(image[0], 0, np.array(shift)), atol=2e-4)


def test_no_draw_leaves_every_bit():
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, axis=-1)
    got = np.asarray(Augmentation()(images, np.zeros(1, np.float32), np.zeros((1, 2), np.float32)))
    np.testing.assert_array_equal(got, images)


def test_draws_are_uniform_in_the_range_and_flip_half():
    draws = draw(random_stream(0, "teacher", "train"), 20_000, 100, flip=True, shift=0.4)
    assert abs(draws.flip.mean() - 0.5) < 0.02
    assert np.abs(draws.shift).max() <= 40
    np.testing.assert_allclose(np.quantile(draws.shift, [0.25, 0.5, 0.75]), [-20, 0, 20], atol=1)
    none = draw(random_stream(0, "teacher", "train"), 100, 100, flip=False, shift=0.0)
    assert not none.flip.any()
    assert not none.shift.any()


def test_draws_depend_on_seed_network_purpose_epoch_and_image_alone():
    def shifts(*key, images=10):
        return draw(random_stream(*key), images, 64, flip=True, shift=0.2).shift

    base = shifts(0, "soft-1", "train", 3)
    np.testing.assert_array_equal(base, shifts(0, "soft-1", "train", 3, images=25)[:10])
    for other in ((1, "soft-1", "train", 3), (0, "soft-2", "train", 3), (0, "soft-1", "validation", 3)):
        assert not np.isin(base, shifts(*other)).any()
    assert not np.isin(base, shifts(0, "soft-1", "train", 4)).any()
