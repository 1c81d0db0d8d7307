"""The built-in sample: its archive, and that its two classes can be told apart, as far as it says that they can."""

import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from snakedistill.data.index import write_index
from snakedistill.data.sample import draw_animal, write_sample


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Path:
    """An archive of 300 drawings."""
    path = tmp_path_factory.mktemp("sample") / "sample.zip"
    write_sample(300, 0, 0, path, 2)
    return path


def drawings(archive: Path) -> list[tuple[int, Image.Image]]:
    """Label and drawing of every labelled file, cats and dogs in turn."""
    with zipfile.ZipFile(archive) as outer, zipfile.ZipFile(io.BytesIO(outer.read("train.zip"))) as train:
        files = {name: train.read(name) for name in train.namelist() if name.endswith(".jpg")}
    in_turn = sorted(files, key=lambda name: (int(name.split(".")[1]), name))
    return [(int("/dog." in name), Image.open(io.BytesIO(files[name]))) for name in in_turn]


def features(images: list[Image.Image]) -> np.ndarray:
    """Brightness of 16 by 16 coarse pixels, that of each drawing with mean 0 and deviation 1, and a constant."""
    pixels = np.array([np.asarray(image.convert("L").resize((16, 16)), float).ravel() for image in images])
    pixels = (pixels - pixels.mean(axis=1, keepdims=True)) / (pixels.std(axis=1, keepdims=True) + 1e-6)
    return np.hstack([pixels, np.ones((len(pixels), 1))])


def ridge(known: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Weights of a linear classifier, whose score is above 0 for class 1."""
    return np.linalg.solve(known.T @ known + 300 * np.eye(known.shape[1]), known.T @ (2 * label - 1))


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
    write_index(tmp_path / "sample.zip", "kaggle", ["cat", "dog"], tmp_path / "i.csv", tmp_path / "r.csv", threads=1)
    assert pd.read_csv(tmp_path / "i.csv")["label"].value_counts().to_dict() == {0: 4, 1: 4}
    assert len(pd.read_csv(tmp_path / "r.csv")) == 0


def test_sizes_vary_around_the_papers_mean(sample):
    sizes = [image.size for _, image in drawings(sample)]
    assert 0.12e6 < np.mean([width * height for width, height in sizes]) < 0.18e6
    assert len(set(sizes)) > 250
    assert np.ptp([width / height for width, height in sizes]) > 0.5


def test_a_simple_classifier_tells_new_cats_from_dogs_and_does_not_tell_what_lies_between(sample):
    labels, images = zip(*drawings(sample), strict=True)
    label, found = np.array(labels), features(images)
    assert label[:200].mean() == label[200:].mean() == 0.5
    weights = ridge(found[:200], label[:200])
    scores = found[200:] @ weights
    held_out = ((scores > 0) == label[200:]).mean()
    # Chance is 0.5; a tenth of the drawings lies near the middle and may mislead.
    assert 0.75 < held_out < 1
    # The labels carry this, not the features: with labels in random order nothing is learned.
    shuffled = ridge(found[:200], np.random.default_rng(0).permutation(label[:200]))
    assert ((found[200:] @ shuffled > 0) == label[200:]).mean() < 0.65
    between = features([draw_animal(np.random.default_rng([1, number]), 0.5) for number in range(60)]) @ weights
    assert 0.25 < (between > 0).mean() < 0.75
    cats, dogs = scores[label[200:] == 0].mean(), scores[label[200:] == 1].mean()
    assert cats + 0.3 < between.mean() < dogs - 0.3
    assert np.abs(between).mean() < 0.8 * np.abs(scores).mean()


def test_the_more_dogness_the_more_a_drawing_looks_like_a_dog(sample):
    labels, images = zip(*drawings(sample), strict=True)
    weights = ridge(features(images), np.array(labels))
    means = [
        (features([draw_animal(np.random.default_rng([2, number]), dogness) for number in range(40)]) @ weights).mean()
        for dogness in (0.0, 0.3, 0.5, 0.7, 1.0)
    ]
    assert means == sorted(means)
    assert means[0] < -0.3 and means[-1] > 0.3


def test_dogness_changes_the_drawing_and_nothing_else_does():
    cat, dog, again = (np.asarray(draw_animal(np.random.default_rng(3), dogness)) for dogness in (0.0, 1.0, 0.0))
    np.testing.assert_array_equal(cat, again)
    assert cat.shape == dog.shape
    assert (cat != dog).any()
