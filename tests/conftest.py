"""Fixtures: small archives and images made on the spot."""

import base64
import hashlib
import io
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import settings
from PIL import Image

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_DETERMINISTIC_OPS", "1")
os.environ.setdefault("UV_SYSTEM_CERTS", "1")  # of tests that install packages, as the Makefile does

# pytest --hypothesis-profile=longer
settings.register_profile("longer", max_examples=5000, deadline=None)
settings.register_profile("short", max_examples=150, deadline=None)
settings.load_profile("short")

ROOT = Path(__file__).resolve().parents[1]

TINY = {
    "run": "tiny",
    "image_size": 32,
    "precision": "float32",
    "teacher": {"backbone": "resnet18", "epochs": 2, "batch_size": 8},
    "student": {
        "backbone": "extractor.keras",
        "preprocessing": "none",
        "epochs": 2,
        "batch_size": 8,
        "augmentation": {"flip": True, "shift": 0.1},
    },
    "students": {
        "classic": {"labels": "manual", "generations": 0},
        "hard": {"labels": "hard", "generations": 1},
        "soft": {"labels": "soft", "generations": 2},
    },
    "evaluation": {"augmented_repeats": 2},
    "export": {"network": "soft-1", "int8_max_drop": 1},
    "timing": {"rounds": 2},
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests of a file share one worker and its fixtures; so do all that look at the tiny experiment.

    Tests with a whole experiment of their own share nothing. The longest one is early, so that no worker waits for it.
    """
    items.sort(key=lambda item: item.path.stem != "test_your_own_images")
    for item in items:
        group = "tiny" if "folder" in item.fixturenames else item.path.stem
        group = item.name if "project" in item.fixturenames else group
        item.add_marker(pytest.mark.xdist_group(group))


def jpeg(rng: np.random.Generator, label: int, width: int = 40, height: int = 30) -> bytes:
    """A noisy picture, bright on the left for label 0 and on the right for label 1."""
    pixels = rng.integers(0, 120, (height, width, 3))
    half = slice(0, width // 2) if label == 0 else slice(width // 2, width)
    pixels[:, half] += 100
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()


def measured_timing(
    path: Path, seconds: dict[tuple, list[float]], threads: tuple[int, ...] = (2,), student: str = "soft-0"
) -> Path:
    """Write what `time_networks` writes: seconds of each round by (network, runtime, precision, batch size, decoding).

    Every combination that is not given takes one second an image.
    """
    names = ("network", "runtime", "precision", "batch_size", "decoding")
    runtimes = [("Keras", "float32")]
    runtimes += itertools.product(("ONNX Runtime", "LiteRT", "OpenVINO"), ("float32", "int8"))
    keys = itertools.product(("teacher", student), runtimes, (1, 32), ("no", "yes"))
    combinations = [(network, *how, size, decoding) for network, how, size, decoding in keys]
    calls = [
        dict(zip(names, key, strict=True))
        | {"threads": number, "seconds": seconds.get(key, [key[3] * 1.0] * 5), "joules": None}
        for number in threads
        for key in combinations
    ]
    machine = {"processor": "Abacus", "flags": "avx2", "cores": max(threads), "versions": "Keras 3"}
    adds = {"teacher": 4_100_000_000, student: 1_800_000_000}
    found = {"machine": machine, "images": 70, "multiply_adds": adds, "memory": {}, "calls": calls}
    path.write_text(json.dumps(found))
    return path


def measured_speed(path: Path, ratio: float = 2.5, low: float = 2.4, high: float = 2.6) -> str:
    """Write what `time_backbones` writes, with this ratio in every row."""
    ways = itertools.product(("Keras", "ONNX Runtime"), ((1, "no"), (1, "yes"), (8, "no")))
    rows = [{"runtime": runtime, "batch_size": size, "decoding": decoding} for runtime, (size, decoding) in ways]
    intervals = {"ratio_low": low, "ratio_high": high, "ratio_low_corrected": low, "ratio_high_corrected": high}
    pd.DataFrame(rows).assign(ratio=ratio, **intervals).to_csv(path, index=False)
    return str(path)


def kaggle_zip(path: Path, members: dict[str, bytes], unlabelled: dict[int, bytes] | None = None) -> Path:
    """Write an outer zip with `members` in train.zip, below train/, and `unlabelled` in test1.zip, below test1/."""
    numbered = {f"{number}.jpg": data for number, data in (unlabelled or {}).items()}
    with zipfile.ZipFile(path, "w") as outer:
        for folder, files in (("train", members), ("test1", numbered)):
            inner = io.BytesIO()
            with zipfile.ZipFile(inner, "w") as zipped:
                zipped.mkdir(folder)
                for name, data in files.items():
                    zipped.writestr(f"{folder}/{name}", data)
            outer.writestr(f"{folder}.zip", inner.getvalue())
        rows = "".join(f"{number},0\n" for number in sorted(unlabelled or {}))
        outer.writestr("sampleSubmission.csv", f"id,label\n{rows}")
    return path


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Initial weights are the same in every run of a test, where a framework is in use."""
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(0)


@pytest.fixture
def saved(monkeypatch) -> list:
    """Every figure that a test saves, in order, with its axes, legends and texts."""
    import matplotlib.figure
    import matplotlib.pyplot as plt

    found, close = [], plt.close

    def spy(figure=None):
        if isinstance(figure, matplotlib.figure.Figure):
            found.append(figure)
        close(figure)

    monkeypatch.setattr(plt, "close", spy)
    return found


@pytest.fixture
def photographs() -> dict[str, bytes]:
    """Forty small pictures, twenty of each class, by file name."""
    rng = np.random.default_rng(0)
    return {f"{name}.{i}.jpg": jpeg(rng, label) for label, name in enumerate(("cat", "dog")) for i in range(20)}


@pytest.fixture
def archive(tmp_path: Path, photographs: dict[str, bytes]) -> Path:
    """The forty pictures in Kaggle's layout."""
    return kaggle_zip(tmp_path / "dogs-vs-cats.zip", photographs)


def snakemake(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
    """Run Snakemake in `folder`, a copy of this project."""
    cores = [] if "--cores" in arguments else ["--cores", "2"]
    command = [sys.executable, "-m", "snakemake", *cores, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder)
    if check:
        assert done.returncode == 0, done.stdout[-4000:]
    return done


def save_extractor(path: Path) -> None:
    """Save a Keras feature extractor of one convolution."""
    import keras

    images = keras.layers.Input((None, None, 3))
    scaled = keras.layers.Rescaling(1 / 255)(images)
    features = keras.layers.Conv2D(8, 3, strides=2, activation="relu")(scaled)
    keras.Model(images, keras.layers.BatchNormalization()(features), name="extractor").save(path)


def save_small_backbone(path: Path) -> None:
    """Save a feature extractor of one convolution, which keeps where in an image of 32 pixels something is."""
    import keras

    images = keras.layers.Input((32, 32, 3))
    features = keras.layers.Conv2D(8, 3, strides=2, use_bias=False)(images)
    features = keras.layers.ReLU()(keras.layers.BatchNormalization()(features))
    features = keras.layers.Flatten()(keras.layers.AveragePooling2D(5)(features))
    keras.Model(images, features, name="small").save(path)


def copy_project(folder: Path) -> None:
    """Copy this project to `folder`, with the tiny experiment as tiny.yaml: 41 small pictures and a small backbone."""
    for file in ("Snakefile", "config.yaml"):
        shutil.copy(ROOT / file, folder)
    for part in ("workflow", "profiles", "presets", "envs"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    rng = np.random.default_rng(0)
    members = {f"{name}.{i}.jpg": jpeg(rng, label) for label, name in enumerate(("cat", "dog")) for i in range(20)}
    members["cat.20.jpg"] = members["cat.0.jpg"][:300]
    kaggle_zip(folder / "archive.zip", members, {number: jpeg(rng, number % 2) for number in range(1, 6)})
    save_extractor(folder / "extractor.keras")
    (folder / "tiny.yaml").write_text(yaml.safe_dump(TINY | {"archive": "archive.zip"}))


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A copy of this project in which the tiny experiment has run."""
    folder = tmp_path_factory.mktemp("workflow")
    copy_project(folder)
    snakemake(folder, "--configfile", "tiny.yaml")
    return folder


def planned(folder: Path, *overlays: dict | Path, config: tuple[str, ...] = ()) -> dict[str, int]:
    """Jobs by rule that Snakemake would run with some overlays on top of the tiny experiment."""
    files = []
    for number, overlay in enumerate(overlays):
        files.append(overlay if isinstance(overlay, Path) else folder / f"overlay{number}.yaml")
        if isinstance(overlay, dict):
            files[-1].write_text(yaml.safe_dump(overlay))
    out = snakemake(folder, "-n", "--configfile", "tiny.yaml", *files, *config).stdout
    return {rule: int(jobs) for rule, jobs in re.findall(r"^(\w+) +(\d+)$", out, re.MULTILINE)}


AXE = "axe-core@4.14.1"
INTEGRITY = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="


@pytest.fixture(scope="session")
def axe(tmp_path_factory) -> str:
    """The script of axe, from npm."""
    folder = tmp_path_factory.mktemp("axe")
    packed = subprocess.run(["npm", "pack", "--json", AXE], cwd=folder, check=True, capture_output=True, text=True)
    archive = folder / json.loads(packed.stdout)[0]["filename"]
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    assert f"sha512-{digest}" == INTEGRITY
    with tarfile.open(archive) as package:
        return package.extractfile("package/axe.min.js").read().decode()


@pytest.fixture(scope="module")
def chromium():
    """Debian's Chromium."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    assert path, "Debian's chromium is not installed: make test-browser installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
