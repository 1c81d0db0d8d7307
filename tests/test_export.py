"""Exported networks: the same answers, out of any frame that TensorFlow gave them."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import onnx
import pandas as pd
import pytest
from conftest import ROOT, jpeg, kaggle_zip
from PIL import Image

from snakedistill.bundle import write_bundle
from snakedistill.classification import classify_photos
from snakedistill.configuration import card
from snakedistill.errors import InputError
from snakedistill.export import _write_onnx, export_network
from snakedistill.images import resized_pixels
from snakedistill.inference import open_network, probabilities
from snakedistill.lineage import record_lineage
from snakedistill.networks import build_network, logit_and_probability
from snakedistill.prediction import write_predictions
from snakedistill.submission import write_submission
from snakedistill.timing import multiply_adds, this_machine, time_calls

SIDE = 32
PARTS = {"train": 40, "validation": 20, "test": 70}
CLASSES = {"cat": 0, "dog": 1}
RECIPE = {"epochs": 2, "augmentation": {"flip": True, "shift": 0}}
CONFIG = {"run": "tiny", "image_size": SIDE, "classes": CLASSES, "student": RECIPE}
CONFIG |= {"students": {"soft": {"labels": "soft", "generations": 1}}}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A network with random weights, its images and predictions."""
    folder = tmp_path_factory.mktemp("export")
    rng = np.random.default_rng(0)
    rows = [(f"{part}.{i}", i % 2, part) for part, images in PARTS.items() for i in range(images)]
    pd.DataFrame(rows, columns=["image_id", "label", "split"]).to_csv(folder / "splits.csv", index=False)
    for part, images in PARTS.items():
        np.save(folder / f"{part}.npy", rng.integers(0, 256, (images, SIDE, SIDE, 3), dtype=np.uint8))
    keras.utils.set_random_seed(0)
    network = build_network("soft-1", SIDE)
    spread(network, np.load(folder / "test.npy"))
    model, splits = folder / "soft-1.keras", folder / "splits.csv"
    network.save(model)
    record_lineage(model, "soft-1", 3, splits=splits)
    arrays = {part: folder / f"{part}.npy" for part in PARTS}
    write_predictions(model, "soft-1", 3, splits, arrays, {part: folder / f"{part}.csv" for part in PARTS})
    return folder


def spread(network, images):
    """Give it a last layer with which random weights answer both ways, well apart."""
    layer = network.get_layer("logit")
    kernel, bias = layer.get_weights()
    logits = logit_and_probability(network).predict_on_batch(images.astype(np.float32))[0]
    layer.set_weights([kernel / logits.std(), bias - logits.mean() / logits.std()])


def export(made, folder, max_drop=1.0, predictions=None):
    export_network(
        made / "soft-1.keras",
        3,
        card(CONFIG, "soft-1", 3),
        made / "splits.csv",
        {part: made / f"{part}.npy" for part in PARTS},
        predictions or {part: made / f"{part}.csv" for part in ("validation", "test")},
        max_drop,
        1,
        folder / "soft-1.onnx",
        folder / "soft-1.int8.onnx",
        folder / "soft-1.json",
    )


@pytest.fixture(scope="module")
def exported(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("onnx")
    export(made, folder)
    return folder


def test_the_file_says_what_it_is(exported):
    for name in ("soft-1.onnx", "soft-1.int8.onnx"):
        network = onnx.load(exported / name)
        assert network.opset_import[0].version >= 17
        (image,), (probability,) = network.graph.input, network.graph.output
        assert (image.name, probability.name) == ("image", "probability")
        assert image.type.tensor_type.elem_type == onnx.TensorProto.UINT8
        assert probability.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
        shape = [dim.dim_param or dim.dim_value for dim in image.type.tensor_type.shape.dim]
        assert shape == ["images", SIDE, SIDE, 3]
        said = open_network(exported / name).get_modelmeta().custom_metadata_map
        assert (said["network"], said["run"], said["seed"], said["image_size"]) == ("soft-1", "tiny", "3", "32")
        assert json.loads(said["classes"]) == CLASSES
        assert said["threshold"] == "0.5"
        assert said["labels"] == "soft, from soft-0"
        assert json.loads(said["recipe"])["epochs"] == 2


@pytest.mark.parametrize("batch_size", [1, 7, 32])
def test_it_answers_as_keras_does(made, exported, batch_size):
    given = probabilities(open_network(exported / "soft-1.onnx"), np.load(made / "test.npy"), batch_size)
    expected = pd.read_csv(made / "test.csv")["probability"].to_numpy()
    np.testing.assert_allclose(given, expected, atol=1e-4)
    assert expected.std() > 0.05


def test_parity_and_quantisation_are_on_file(made, exported):
    found = json.loads((exported / "soft-1.json").read_text())
    assert found["parity"]["images"] == PARTS["test"]
    assert found["parity"]["max_difference_batch_1"] <= 1e-4
    assert found["parity"]["changed_answers_batch_32"] == 0
    given = probabilities(open_network(exported / "soft-1.int8.onnx"), np.load(made / "test.npy")) > 0.5
    test = pd.read_csv(made / "test.csv")["probability"].to_numpy() > 0.5
    label = np.arange(PARTS["test"]) % 2
    int8 = found["int8"]
    assert int8["accuracy_int8"] == pytest.approx(np.mean(given == label))
    assert int8["accuracy_float32"] == pytest.approx(np.mean(test == label))
    assert int8["changed_answers"] == np.sum(given != test)
    assert int8["images"] == PARTS["test"]
    # A quarter of the size, and weights of 8 bits with a scale for each channel.
    assert found["bytes"]["int8"] < 0.3 * found["bytes"]["onnx"]
    quantised = onnx.load(exported / "soft-1.int8.onnx")
    weights = {one.name: one for one in quantised.graph.initializer}
    scales = [weights[node.input[1]] for node in quantised.graph.node if node.op_type == "DequantizeLinear"]
    assert max(int(np.prod(scale.dims)) for scale in scales) == 512


def test_another_networks_predictions_stop_the_export(made, tmp_path):
    shifted = pd.read_csv(made / "test.csv")
    shifted["probability"] = (shifted["probability"] + 0.01).clip(0, 1)
    shifted.to_csv(tmp_path / "test.csv", index=False)
    record_lineage(tmp_path / "test.csv", "soft-1", 3, splits=made / "splits.csv", model=made / "soft-1.keras")
    with pytest.raises(InputError, match=r"not the one that Keras ran.*'max_difference_batch_1': 0\.0"):
        export(made, tmp_path, predictions={"validation": made / "validation.csv", "test": tmp_path / "test.csv"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["test.csv", "test.lineage.json"]


def test_a_costly_quantisation_stops_the_export(made, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "snakedistill.export._write_int8",
        lambda *arguments: {"drop": 0.031, "validation_drop": {"least entropy": 0.03}},
    )
    with pytest.raises(InputError, match=r"int8 costs soft-1 3\.10 percentage points.*0\.5 are allowed"):
        export(made, tmp_path, max_drop=0.005)
    assert list(tmp_path.iterdir()) == []


def test_what_a_layer_holds_beside_its_weights_is_exported_too(tmp_path):
    # As EfficientNet's normalisation: more values than TensorFlow writes into a graph by itself.
    mean, variance = np.linspace(0, 1, SIDE * SIDE * 3).reshape(SIDE, SIDE, 3), np.full((SIDE, SIDE, 3), 0.3)
    images = keras.layers.Input((SIDE, SIDE, 3))
    normalised = keras.layers.Normalization(axis=(1, 2, 3), mean=mean, variance=variance)(images)
    convolved = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3)(normalised))
    keras.Model(images, convolved).save(tmp_path / "extractor.keras")
    exported_and_compared(build_network("soft-1", SIDE, str(tmp_path / "extractor.keras"), dropout=0.5), tmp_path)


def test_a_network_on_which_a_pass_of_tf2onnx_fails_is_exported(tmp_path):
    exported_and_compared(build_network("soft-1", SIDE, "mobilenetv3small"), tmp_path)


def test_a_network_that_onnx_cannot_say_is_a_clear_error(tmp_path):
    images = keras.layers.Input((SIDE, SIDE, 4))
    grouped = keras.Model(images, keras.layers.Conv2D(4, 3, groups=2)(images))
    with pytest.raises(InputError, match=r"cannot be written as ONNX.*choose another backbone"):
        _write_onnx(grouped, {"network": "soft-1"}, 1, tmp_path / "a.onnx")
    assert not (tmp_path / "a.onnx").exists()


def exported_and_compared(network, tmp_path):
    shown = np.random.default_rng(0).integers(0, 256, (5, SIDE, SIDE, 3), dtype=np.uint8)
    spread(network, shown)
    _write_onnx(network, {"network": "soft-1"}, 1, tmp_path / "a.onnx")
    given = probabilities(open_network(tmp_path / "a.onnx"), shown)
    expected = network.predict_on_batch(shown.astype(np.float32))[:, 0]
    np.testing.assert_allclose(given, expected, atol=1e-4)
    assert expected.std() > 0.05


@pytest.mark.parametrize("damage", ["torn", "empty", "missing"])
def test_a_damaged_file_is_a_clear_error(exported, tmp_path, damage):
    data = (exported / "soft-1.onnx").read_bytes()
    if damage != "missing":
        (tmp_path / "a.onnx").write_bytes({"torn": data[: len(data) // 2], "empty": b""}[damage])
    with pytest.raises(InputError, match="There is no file" if damage == "missing" else r"a\.onnx cannot be loaded"):
        open_network(tmp_path / "a.onnx")


def test_a_foreign_network_is_a_clear_error(tmp_path):
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy"]
    graph = onnx.helper.make_graph([node], "other", values[:1], values[1:])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)]), tmp_path / "a.onnx")
    with pytest.raises(InputError, match=r"has \['x', 'y'\]"):
        open_network(tmp_path / "a.onnx")


@pytest.fixture
def unlabelled() -> dict[int, bytes]:
    rng = np.random.default_rng(0)
    return {number: jpeg(rng, number % 2) for number in (1, 2, 3, 10, 11)}


def test_the_submission_has_the_ids_of_sample_submission(exported, unlabelled, tmp_path):
    unlabelled[3] = unlabelled[3][:300]
    archive = kaggle_zip(tmp_path / "a.zip", {}, unlabelled)
    write_submission(archive, exported / "soft-1.onnx", 0.4, tmp_path / "submission.csv", 2)
    lines = (tmp_path / "submission.csv").read_text().splitlines()
    assert lines[0] == "id,label"
    table = pd.read_csv(tmp_path / "submission.csv").set_index("id")["label"]
    assert table.index.tolist() == [1, 2, 3, 10, 11]
    assert table[3] == 0.5
    session = open_network(exported / "soft-1.onnx")
    for number in (1, 2, 10, 11):
        (expected,) = probabilities(session, resized_pixels(unlabelled[number], SIDE)[None])
        assert table[number] == pytest.approx(np.clip(expected, 0.4, 0.6), abs=1e-6)


def test_images_that_sample_submission_does_not_name_are_an_error(exported, unlabelled, tmp_path):
    archive = kaggle_zip(tmp_path / "a.zip", {}, unlabelled)
    with zipfile.ZipFile(archive) as outer, zipfile.ZipFile(tmp_path / "b.zip", "w") as other:
        other.writestr("test1.zip", outer.read("test1.zip"))
        other.writestr("sampleSubmission.csv", "id,label\n1,0\n2,0\n3,0\n10,0\n12,0\n")
    with pytest.raises(InputError, match=r"they differ in \[11, 12\]"):
        write_submission(tmp_path / "b.zip", exported / "soft-1.onnx", 0, tmp_path / "s.csv", 1)
    assert not (tmp_path / "s.csv").exists()


def test_an_archive_without_unlabelled_images_gives_no_rows(exported, photographs, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, data in photographs.items():
        (folder / name).write_bytes(data)
    write_submission(folder, exported / "soft-1.onnx", 0.005, tmp_path / "s.csv", 1)
    assert (tmp_path / "s.csv").read_text() == "id,label\n"


@pytest.fixture
def photos(tmp_path):
    """Seven photos of several kinds, one of them broken."""
    folder = tmp_path / "photos"
    (folder / "holiday").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(5):
        (folder / f"{number}.jpg").write_bytes(jpeg(rng, number % 2, 60 + 20 * number, 80))
    Image.fromarray(rng.integers(0, 256, (50, 40), dtype=np.uint8)).save(folder / "holiday/grey.png")
    (folder / "broken.jpg").write_bytes(b"no photo")
    return folder


def test_your_own_photos(exported, photos, tmp_path):
    networks = {"teacher": exported / "soft-1.int8.onnx", "soft-1": exported / "soft-1.onnx"}
    classify_photos(photos, networks, CLASSES, tmp_path / "answers.csv", tmp_path / "sheet.png", 1)
    table = pd.read_csv(tmp_path / "answers.csv").set_index("photo")
    assert sorted(table.index) == ["0.jpg", "1.jpg", "2.jpg", "3.jpg", "4.jpg", "broken.jpg", "holiday/grey.png"]
    assert "cannot be decoded" in table.loc["broken.jpg", "reason"]
    good = table.drop("broken.jpg")
    assert good["reason"].isna().all()
    session = open_network(exported / "soft-1.onnx")
    for photo, row in good.iterrows():
        (expected,) = probabilities(session, resized_pixels((photos / photo).read_bytes(), SIDE)[None])
        assert row["soft-1_probability_of_dog"] == pytest.approx(expected, abs=1e-6)
        assert row["soft-1_answer"] == ("dog" if expected > 0.5 else "cat")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (5 * 170, 2 * 217)


@pytest.mark.parametrize(
    ("name", "message"), [("empty", "holds no file"), ("missing", "is no folder"), (None, "nothing")]
)
def test_no_photos_is_a_clear_error(exported, tmp_path, name, message):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=message):
        folder = name and tmp_path / name
        classify_photos(
            folder, {"soft-1": exported / "soft-1.onnx"}, CLASSES, tmp_path / "a.csv", tmp_path / "a.png", 1
        )


def test_the_bundle_runs_where_there_is_no_tensorflow(exported, photos, tmp_path):
    """In a fresh environment with the bundle's own requirements, it gives the workflow's answers."""
    bundle = tmp_path / "deploy"
    bundle.mkdir()
    names = {"model": "model.onnx", "int8": "model.int8.onnx", "script": "classify.py"}
    names |= {"requirements": "requirements.txt", "readme": "README.md"}
    write_bundle(
        exported / "soft-1.onnx",
        exported / "soft-1.int8.onnx",
        exported / "soft-1.json",
        ROOT / "workflow/deploy/classify.py",
        {kind: bundle / name for kind, name in names.items()},
    )
    assert len((bundle / "classify.py").read_text().splitlines()) < 60
    python = tmp_path / "bare/bin/python"
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, tmp_path / "bare"], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "-r", bundle / "requirements.txt"], check=True)
    missing = subprocess.run([python, "-c", "import tensorflow"], capture_output=True, text=True)
    assert "No module named 'tensorflow'" in missing.stderr

    given = sorted(str(path.relative_to(photos)) for path in photos.rglob("*") if path.is_file())
    done = subprocess.run(
        [python, bundle / "classify.py", "--model", bundle / "model.onnx", *given],
        cwd=photos, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert "broken.jpg cannot be decoded" in done.stderr
    lines = dict(line.split(",", 1) for line in done.stdout.splitlines())
    classify_photos(photos, {"soft-1": exported / "soft-1.onnx"}, CLASSES, tmp_path / "a.csv", tmp_path / "a.png", 1)
    expected = pd.read_csv(tmp_path / "a.csv").dropna(subset="soft-1_answer")
    assert lines.pop("photo") == "answer,probability_of_dog"
    assert len(lines) == len(expected) == 6
    for row in expected.itertuples(index=False):
        answer, probability = lines[row.photo].split(",")
        assert answer == row[1]
        assert float(probability) == pytest.approx(row[2], abs=2e-6)

    (bundle / "model.onnx").write_bytes(b"torn")
    done = subprocess.run([python, "classify.py", photos / "0.jpg"], cwd=bundle, capture_output=True, text=True)
    assert done.returncode == 2
    assert "model.onnx cannot be loaded" in done.stderr


def test_timing_calls_every_runtime_with_the_same_images(made, exported, photographs, tmp_path):
    archive = kaggle_zip(tmp_path / "a.zip", photographs)
    index = pd.DataFrame({"image_id": [f"test.{i}" for i in range(PARTS["test"])]})
    index["member"] = [f"train/{sorted(photographs)[i % len(photographs)]}" for i in range(PARTS["test"])]
    index.to_csv(tmp_path / "index.csv", index=False)
    files = {
        "keras": made / "soft-1.keras",
        "onnx": exported / "soft-1.onnx",
        "int8": exported / "soft-1.int8.onnx",
    }
    calls = time_calls(
        {"teacher": files, "soft-1": files},
        archive,
        tmp_path / "index.csv",
        made / "splits.csv",
        made / "test.npy",
        2,
        1,
    )
    assert len(calls) == 2 * 5 * 2 * 2
    assert all(len(call["seconds"]) == 2 and min(call["seconds"]) > 0 for call in calls)
    assert this_machine()["cores"] >= 1
    # ResNet-18 at 224 pixels has 1.814 thousand million (He et al. 2015: 1.8); 32 pixels are a 49th of that.
    assert multiply_adds(files["onnx"]) == pytest.approx(1.814e9 / 49, rel=0.01)


def test_multiply_adds_of_known_layers(tmp_path):
    weights = [("w", (8, 2, 3, 3)), ("m", (8, 5))]
    initializers = [onnx.numpy_helper.from_array(np.zeros(shape, np.float32), name) for name, shape in weights]
    nodes = [
        onnx.helper.make_node("Conv", ["x", "w"], ["y"], group=2, strides=[2, 2], pads=[1, 1, 1, 1]),
        onnx.helper.make_node("GlobalAveragePool", ["y"], ["p"]),
        onnx.helper.make_node("Flatten", ["p"], ["f"]),
        onnx.helper.make_node("MatMul", ["f", "m"], ["z"]),
    ]
    x = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 4, 10, 10])
    z = onnx.helper.make_tensor_value_info("z", onnx.TensorProto.FLOAT, ["n", 5])
    graph = onnx.helper.make_graph(nodes, "layers", [x], [z], initializers)
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)]), tmp_path / "a.onnx")
    assert multiply_adds(tmp_path / "a.onnx") == 5 * 5 * 8 * 2 * 9 + 8 * 5
