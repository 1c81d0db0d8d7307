"""The scripts of docs/bring-your-own-teacher.md write files that the workflow takes."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from conftest import ROOT, jpeg
from onnx import TensorProto, helper

from snakedistill.data.given_predictions import read_given_predictions
from snakedistill.data.index import write_index

CLASSES = ("cat", "dog", "fly")
PAGE = (ROOT / "docs/bring-your-own-teacher.md").read_text()
SCRIPTS = {found[1]: found[0] for found in re.findall(r"```python\n(# (\w+\.py):.*?)```", PAGE, re.DOTALL)}
SIDE = 8


@pytest.fixture
def index(tmp_path) -> Path:
    """The index of a folder of six pictures."""
    rng = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    for label, name in enumerate(("cat", "dog")):
        for number in range(3):
            (tmp_path / f"images/{name}.{number}.jpg").write_bytes(jpeg(rng, label))
    write_index(
        tmp_path / "images", "kaggle", ["cat", "dog"], tmp_path / "index.csv", tmp_path / "unusable.csv", threads=1
    )
    return tmp_path / "index.csv"


def written_by(script: str, index: Path, network: Path, classes: int = 2) -> np.ndarray:
    """The probabilities that a script of the page writes, as the workflow reads them."""
    folder, names = index.parent, list(CLASSES[:classes])
    source = SCRIPTS[script].replace('CLASSES = ["cat", "dog"]', f"CLASSES = {names}")
    assert f"CLASSES = {names}" in source
    (folder / script).write_text(source)
    command = [sys.executable, script, index, folder / "images", network, "teacher.csv"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = read_given_predictions(folder / "teacher.csv", index, names)
    assert found.image_id.tolist() == ["cat.0", "cat.1", "cat.2", "dog.0", "dog.1", "dog.2"]
    return found["probability"]


def brighter_on_the_right() -> np.ndarray:
    """A kernel [side * side * 3, 1]: the mean of the right half of an image minus that of the left half."""
    kernel = np.ones((SIDE, SIDE, 3), np.float32) / (SIDE * SIDE * 3 / 2)
    kernel[:, : SIDE // 2] *= -1
    return 20 * kernel.reshape(-1, 1)


def test_the_page_has_a_script_for_each_framework():
    assert list(SCRIPTS) == ["predict_timm.py", "predict_onnx.py", "predict_keras.py"]
    for name, source in SCRIPTS.items():
        compile(source, name, "exec")


def test_the_script_for_onnx_runtime(index, tmp_path):
    shapes = [("images", ["n", SIDE, SIDE, 3]), ("answer", ["n", 1])]
    images, answer = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes)
    kernel = onnx.numpy_helper.from_array(brighter_on_the_right(), "kernel")
    nodes = [
        helper.make_node("Flatten", ["images"], ["flat"]),
        helper.make_node("MatMul", ["flat", "kernel"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["answer"]),
    ]
    graph = helper.make_graph(nodes, "network", [images], [answer], [kernel])
    network = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(network, tmp_path / "network.onnx")
    probability = written_by("predict_onnx.py", index, tmp_path / "network.onnx")
    assert (probability[:, 0] > 0.5).tolist() == [False] * 3 + [True] * 3


@pytest.mark.parametrize("units", [1, 2, 3])
def test_the_script_for_keras(index, tmp_path, units):
    import keras

    head = keras.layers.Dense(units, "sigmoid" if units == 1 else "softmax", use_bias=False)
    layers = [keras.layers.Input((SIDE, SIDE, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), head]
    network = keras.Sequential(layers)
    kernel = brighter_on_the_right()
    head.set_weights([kernel if units == 1 else np.hstack([-kernel / 2, kernel / 2, 0 * kernel][:units])])
    network.save(tmp_path / "network.keras")
    probability = written_by("predict_keras.py", index, tmp_path / "network.keras", max(2, units))
    assert probability.shape == (6, 3 if units == 3 else 1)
    answer = probability.argmax(axis=1) if units == 3 else probability[:, 0] > 0.5
    assert answer.tolist() == [0] * 3 + [1] * 3
