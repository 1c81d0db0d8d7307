"""JAX in an environment of its own, without TensorFlow, beside TensorFlow."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT, TINY, copy_project
from keras import layers

from snakedistill.networks.augmentation.draws import draw
from snakedistill.networks.classifier import build_network

pytestmark = pytest.mark.long
SIDE, BATCH, LEARNING_RATE = 64, 16, 1e-4
BOTH = {"shift": 0.2, "flip": True}
OF_PHOTOGRAPHS = BOTH | {"zoom": 0.3, "rotation": 20, "colour": 0.2}
ON_JAX = {
    "run": "jax",
    "backend": "jax",
    "archive": "archive.zip",
    "teacher": {"backbone": "resnet18", "epochs": 2, "batch_size": 8},
    "students": {"soft": {"labels": "soft", "generations": 0}},
    "export": {"network": "soft-0"},
}


@pytest.fixture(scope="module")
def jax_python(tmp_path_factory) -> Path:
    """A Python with what envs/training-jax.yaml names and Snakemake, and no TensorFlow."""
    folder = tmp_path_factory.mktemp("jax") / "venv"
    named = yaml.safe_load((ROOT / "envs/training-jax.yaml").read_text())["dependencies"][-1]["pip"]
    # Of Python 3.11 some packages' newest versions are others, so versions come from the lock, and JAX's from the name.
    packages = ["snakemake", *(one if one.startswith("jax==") else one.partition("==")[0] for one in named)]
    lock = ["--constraints", ROOT / "requirements.txt"]
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    python = folder / "bin/python"
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *lock, *packages], check=True)
    assert subprocess.run([python, "-c", "import tensorflow"], capture_output=True).returncode != 0
    return python


def trained(
    python: Path | str, backend: str, folder: Path, steps: int, augmentation: dict, together: int = 1
) -> dict[str, np.ndarray]:
    """Train folder/network.keras for some steps."""
    rng = np.random.default_rng(0)
    draws = [draw(augmentation, 0, "soft-0", "train", step, BATCH, SIDE) for step in range(steps)]
    np.save(folder / "images.npy", rng.integers(0, 256, (steps * BATCH, SIDE, SIDE, 3), dtype=np.uint8))
    np.savez(
        folder / "given.npz",
        label=rng.random((steps, BATCH, 1), dtype=np.float32),
        **{name: [one[name] for one in draws] for name in draws[0]},
    )
    written = folder / f"{backend}-{steps}-{together}.npz"
    environment = os.environ | {"KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT / "workflow/scripts")}
    arguments = [folder / "network.keras", folder / "images.npy", folder / "given.npz"]
    arguments += [json.dumps(augmentation), str(together), written]
    subprocess.run([python, ROOT / "tests/on_a_backend.py", *arguments], check=True, env=environment)
    with np.load(written) as found:
        found = dict(found)
    assert found["frameworks"].tolist() == [backend]
    return found


def weights(found: dict[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([array.ravel() for name, array in found.items() if name.startswith("weight-")])


@pytest.mark.parametrize("augmentation", [BOTH, OF_PHOTOGRAPHS, {}], ids=["both", "of photographs", "none"])
def test_a_training_step_on_jax_is_tensorflows(jax_python, tmp_path, augmentation):
    """The loss of the first step to 1e-5. After it Adam moves each weight by its gradient's sign, whatever its size."""
    build_network("student", SIDE, "resnet18").save(tmp_path / "network.keras")
    pythons = {"tensorflow": sys.executable, "jax": jax_python}
    tensorflow, jax = (trained(python, name, tmp_path, 1, augmentation) for name, python in pythons.items())
    np.testing.assert_allclose(jax["loss"], tensorflow["loss"], rtol=1e-5)
    assert np.abs(weights(jax) - weights(tensorflow)).max() <= 2 * LEARNING_RATE + 1e-6
    assert np.mean(np.abs(weights(jax) - weights(tensorflow)) > LEARNING_RATE / 10) < 0.01
    np.testing.assert_allclose(jax["logit"], tensorflow["logit"], atol=1e-2)


def test_steps_in_one_launch_are_the_same_steps(jax_python, tmp_path):
    """Of 7 steps in launches of 3 the last is made alone; their images are on the device."""
    images = layers.Input((SIDE, SIDE, 3))
    x = layers.Conv2D(4, 3, strides=4)(layers.Rescaling(1 / 255)(images))
    x = layers.Dropout(0.2, seed=0)(layers.GlobalAveragePooling2D()(layers.BatchNormalization()(x)))
    keras.Model(images, layers.Dense(1, name="logit")(x)).save(tmp_path / "network.keras")
    one_by_one, together = (trained(jax_python, "jax", tmp_path, 7, BOTH, together) for together in (1, 3))
    assert one_by_one["launches"].tolist() == [1] * 7
    assert together["launches"].tolist() == [3, 3, 1]
    np.testing.assert_allclose(together["loss"], one_by_one["loss"], rtol=1e-6)
    np.testing.assert_allclose(weights(together), weights(one_by_one), atol=LEARNING_RATE / 10)


@pytest.mark.parametrize(("share", "kept"), [(0.09, "ImagesOnDevice"), (0.11, "MappedImages")])
def test_images_are_kept_on_an_accelerator_if_they_fit_into_a_tenth(jax_python, tmp_path, share, kept):
    """There is none here, so JAX is made to say that there is."""
    np.save(tmp_path / "images.npy", np.zeros((10, 5, 5, 3), np.uint8))
    code = f"""
from unittest import mock
import jax
from snakedistill.data.images import MappedImages
from snakedistill.training.launches import near_the_device
images = MappedImages("images.npy")
assert near_the_device(images) is images
device = mock.Mock(memory_stats=lambda: {{"bytes_limit": 750 / {share}}})
with mock.patch("jax.default_backend", lambda: "gpu"), mock.patch("jax.local_devices", lambda: [device]):
    assert type(near_the_device(images)).__name__ == "{kept}"
"""
    environment = os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": str(ROOT / "workflow/scripts")}
    subprocess.run([jax_python, "-c", code], check=True, env=environment, cwd=tmp_path)


def test_the_experiment_runs_without_tensorflow(jax_python, tmp_path):
    copy_project(tmp_path)
    config = yaml.safe_load((ROOT / "config.yaml").read_text()) | {"students": {}}  # the file's own would be added
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    (tmp_path / "jax.yaml").write_text(yaml.safe_dump(TINY | ON_JAX))
    files = [f"results/jax/seed-0/evaluation/{network}.csv" for network in ("teacher", "soft-0")]
    command = [jax_python, "-m", "snakemake", "--cores", "2", "--configfile", "jax.yaml", "--", *files]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-4000:]
    results = tmp_path / "results/jax/seed-0"
    for network in ("teacher", "soft-0"):
        probability = pd.read_csv(results / f"predictions/{network}/test.csv")["probability"]
        assert probability.between(0, 1).all() and probability.nunique() > 1
        assert len(pd.read_csv(results / f"history/{network}.csv")) == 2
        assert set(pd.read_csv(results / f"evaluation/{network}.csv")["augmented"]) == {"no", "yes"}
