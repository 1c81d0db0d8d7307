import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from snakedistill.core.errors import InputError
from snakedistill.core.pixels import Pixels
from snakedistill.data.images import JoinedImages, MappedImages, resized_pixels, write_arrays
from snakedistill.data.index import write_index


def test_arrays_hold_the_nearest_neighbour_resize_in_the_order_of_the_split(archive, photographs, tmp_path):
    write_index(archive, "kaggle", ["cat", "dog"], tmp_path / "index.csv", tmp_path / "unusable.csv", threads=1)
    splits = pd.read_csv(tmp_path / "index.csv")[["image_id", "label"]].sample(frac=1, random_state=0)
    splits["split"] = ["train"] * 20 + ["test"] * 18 + ["validation"] * 2
    splits.to_csv(tmp_path / "splits.csv", index=False)
    arrays = {part: tmp_path / f"{part}.npy" for part in ("train", "validation", "test")}
    write_arrays(archive, tmp_path / "index.csv", tmp_path / "splits.csv", Pixels(16), arrays, threads=3)
    for part, path in arrays.items():
        array = np.load(path, mmap_mode="r")
        ids = splits["image_id"][splits["split"] == part]
        assert array.shape == (len(ids), 16, 16, 3)
        assert array.dtype == np.uint8
        for image_id, pixels in zip(ids, array, strict=True):
            source = np.asarray(Image.open(io.BytesIO(photographs[f"{image_id}.jpg"])))
            # The nearest source pixel to the centre of each target pixel.
            rows = ((np.arange(16) + 0.5) * 30 / 16).astype(int)
            columns = ((np.arange(16) + 0.5) * 40 / 16).astype(int)
            np.testing.assert_array_equal(pixels, source[rows][:, columns])
            np.testing.assert_array_equal(pixels, resized_pixels(photographs[f"{image_id}.jpg"], Pixels(16)))


def test_mapped_images_read_rows_as_numpy_does(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (50, 8, 8, 3), dtype=np.uint8)
    np.save(tmp_path / "a.npy", array)
    images = MappedImages(tmp_path / "a.npy")
    rows = np.array([3, 49, 0, 3])
    np.testing.assert_array_equal(images.read(rows), array[rows])
    np.testing.assert_array_equal(images.read(slice(40, 60)), array[40:])
    assert len(images) == 50


def test_joined_images_read_rows_of_every_array(tmp_path):
    rng = np.random.default_rng(0)
    arrays = [rng.integers(0, 256, (images, 4, 4, 3), dtype=np.uint8) for images in (5, 3)]
    for number, array in enumerate(arrays):
        np.save(tmp_path / f"{number}.npy", array)
    joined, whole = JoinedImages(*(MappedImages(tmp_path / f"{n}.npy") for n in (0, 1))), np.concatenate(arrays)
    assert joined.shape == (8, 4, 4, 3) and len(joined) == 8
    for rows in (np.array([7, 0, 5, 4, 4]), slice(3, 7), slice(6, None), np.array([], int)):
        np.testing.assert_array_equal(joined.read(rows), whole[rows])


def test_resident_memory_does_not_grow_with_the_images_read(tmp_path):
    def resident() -> int:
        fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        return int(fields["VmRSS"].split()[0]) // 1024

    np.save(tmp_path / "a.npy", np.ones((4000, 100, 100, 3), np.uint8))  # 114 MiB
    images = MappedImages(tmp_path / "a.npy")
    images.read(slice(0, 100))
    before = resident()
    for start in range(0, 4000, 100):
        images.read(slice(start, start + 100))
    assert resident() - before < 30


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY torn", b"something else"])
def test_a_damaged_array_says_so(tmp_path, content):
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(InputError, match="not a whole array"):
        MappedImages(tmp_path / "a.npy")


def test_an_array_of_another_kind_says_so(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((3, 4)))
    with pytest.raises(InputError, match=r"expected uint8 .*, got float64 \[3, 4\]"):
        MappedImages(tmp_path / "a.npy")


def test_objects_in_an_array_are_never_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[print]], dtype=object))
    with pytest.raises(InputError, match="not a whole array"):
        MappedImages(tmp_path / "a.npy")
