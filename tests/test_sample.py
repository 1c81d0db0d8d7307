import hashlib
import io
import zipfile

import numpy as np
import pandas as pd
from PIL import Image

from snakedistill.data.archive import write_index
from snakedistill.data.sample import _jpeg, draw_animal, write_sample


def test_the_same_seed_draws_the_same_bytes_whatever_the_processes(tmp_path):
    for name, processes in (("one", 1), ("two", 2)):
        write_sample(8, 3, 0, tmp_path / f"{name}.zip", processes)
    write_sample(8, 3, 1, tmp_path / "other.zip", 1)
    digests = [hashlib.sha256((tmp_path / f"{name}.zip").read_bytes()).digest() for name in ("one", "two", "other")]
    assert digests[0] == digests[1] != digests[2]


def test_the_layout_is_kaggles(tmp_path):
    write_sample(8, 3, 0, tmp_path / "sample.zip", 1)
    with zipfile.ZipFile(tmp_path / "sample.zip") as outer:
        assert sorted(outer.namelist()) == ["sampleSubmission.csv", "test1.zip", "train.zip"]
        assert outer.read("sampleSubmission.csv") == b"id,label\n1,0\n2,0\n3,0\n"
        with zipfile.ZipFile(io.BytesIO(outer.read("test1.zip"))) as test:
            assert test.namelist() == ["test1/1.jpg", "test1/2.jpg", "test1/3.jpg"]
    write_index(tmp_path / "sample.zip", ["cat", "dog"], tmp_path / "i.csv", tmp_path / "r.csv", threads=1)
    assert pd.read_csv(tmp_path / "i.csv")["label"].value_counts().to_dict() == {0: 4, 1: 4}
    assert len(pd.read_csv(tmp_path / "r.csv")) == 0


def test_sizes_vary_around_the_papers_mean():
    images = [Image.open(io.BytesIO(_jpeg((0, kind, number)))) for kind in (0, 1) for number in range(60)]
    pixels = np.array([image.width * image.height for image in images])
    assert 0.12e6 < pixels.mean() < 0.18e6
    assert len({image.size for image in images}) > 100
    assert np.ptp([image.width / image.height for image in images]) > 0.5


def test_dogness_changes_the_drawing_and_nothing_else_does():
    cat, dog, again = (np.asarray(draw_animal(np.random.default_rng(3), dogness)) for dogness in (0.0, 1.0, 0.0))
    np.testing.assert_array_equal(cat, again)
    assert cat.shape == dog.shape
    assert (cat != dog).any()
