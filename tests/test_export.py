"""Exported networks: the same answers, out of any frame that TensorFlow gave them."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import onnx
import pandas as pd
import pytest
import tensorflow as tf
from conftest import ROOT, jpeg, kaggle_zip
from onnxruntime.quantization import CalibrationMethod
from PIL import Image

from snakedistill.core.errors import InputError
from snakedistill.core.files import name_of_folder
from snakedistill.core.lineage import record_lineage
from snakedistill.core.network_ids import Network
from snakedistill.core.pixels import Pixels
from snakedistill.data.images import resized_pixels
from snakedistill.export import calibration, onnx_export
from snakedistill.export.answers import answer_columns, cells
from snakedistill.export.bundle import write_bundle
from snakedistill.export.calibration import extremes, percentiles
from snakedistill.export.card import card
from snakedistill.export.chosen import Choice
from snakedistill.export.classification import classify_photos
from snakedistill.export.energy import joules_of
from snakedistill.export.exporting import export_network
from snakedistill.export.forms import FORMS, PRECISIONS
from snakedistill.export.inference import open_network, probabilities
from snakedistill.export.litert import open_network as open_litert
from snakedistill.export.timing import (
    ROUNDS_OF_ONE,
    TimedImages,
    multiply_adds,
    open_networks,
    seconds_an_image,
    this_machine,
    time_calls,
)
from snakedistill.export.usable import costs_too_much, exports_in_words, networks_written
from snakedistill.networks.classifier import build_network, logit_and_probability
from snakedistill.paper.kaggle import write_submission
from snakedistill.training.prediction import write_predictions

SIDE = 32
PARTS = {"train": 77, "validation": 20, "test": 70}
CLASSES = ["cat", "dog"]
THREE = ["cat", "dog", "owl"]
RECIPE = {"epochs": 2, "augmentation": {"flip": True, "shift": 0}}
CARD, CARD_OF_THREE = (
    card(Network("soft", 1, "soft", "soft-0"), classes, Pixels(SIDE), "tiny", 3, RECIPE) for classes in (CLASSES, THREE)
)
RUN_DESCRIPTION = "Run tiny: 70 photographs."


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A network with random weights, most of them in one convolution of 512 channels; its images and predictions."""
    folder = tmp_path_factory.mktemp("export")
    keras.utils.set_random_seed(0)
    features = images = keras.layers.Input((SIDE, SIDE, 3))
    for channels in (64, 512):
        features = keras.layers.Conv2D(channels, 3, strides=2, use_bias=False)(features)
        features = keras.layers.ReLU()(keras.layers.BatchNormalization()(features))
    keras.Model(images, features).save(folder / "backbone.keras")
    return make(folder, CLASSES, str(folder / "backbone.keras"))


@pytest.fixture(scope="module")
def made_of_three(tmp_path_factory):
    """The same with three classes, and a small network."""
    folder = tmp_path_factory.mktemp("export_of_three")
    keras.utils.set_random_seed(0)
    images = keras.layers.Input((SIDE, SIDE, 3))
    hidden = keras.layers.Conv2D(16, 3, strides=2, activation="relu")(images)
    keras.Model(images, keras.layers.Conv2D(16, 3, strides=2)(hidden)).save(folder / "extractor.keras")
    return make(folder, THREE, str(folder / "extractor.keras"))


def make(folder, classes, backbone):
    rng = np.random.default_rng(0)
    rows = [(f"{part}.{i}", i % len(classes), part) for part, images in PARTS.items() for i in range(images)]
    pd.DataFrame(rows, columns=["image_id", "label", "split"]).to_csv(folder / "splits.csv", index=False)
    for part, images in PARTS.items():
        np.save(folder / f"{part}.npy", rng.integers(0, 256, (images, SIDE, SIDE, 3), dtype=np.uint8))
    keras.utils.set_random_seed(0)
    network = build_network("soft-1", SIDE, backbone, classes=len(classes))
    spread(network, np.load(folder / "test.npy"))
    model, splits = folder / "soft-1.keras", folder / "splits.csv"
    network.save(model)
    record_lineage(model, "soft-1", 3, splits=splits)
    arrays = {part: folder / f"{part}.npy" for part in PARTS}
    write_predictions(model, "soft-1", 3, splits, arrays, classes, {part: folder / f"{part}.csv" for part in PARTS})
    return folder


def spread(network, images):
    """Give it a last layer with which random weights give every answer, well apart."""
    layer = network.get_layer("logit")
    kernel, bias = layer.get_weights()
    logits = logit_and_probability(network).predict_on_batch(images.astype(np.float32))[0]
    deviation = logits.std(axis=0)
    layer.set_weights([kernel / deviation, (bias - logits.mean(axis=0)) / deviation])


def export(made, folder, predictions=None, card=CARD, form="onnx", precisions=PRECISIONS):
    for name in ("splits.csv", "test.npy"):
        shutil.copy(made / name, folder)
    export_network(
        form,
        made / "soft-1.keras",
        3,
        card,
        made / "splits.csv",
        {part: made / f"{part}.npy" for part in PARTS},
        predictions or {part: made / f"{part}.csv" for part in ("validation", "test")},
        1,
        {precision: folder / FORMS[form].file_name("soft-1", precision) for precision in precisions}
        | {"answers": folder / "soft-1.csv", "measurements": folder / "soft-1.json"},
    )
    return json.loads((folder / "soft-1.json").read_text())


@pytest.fixture(scope="module")
def exported(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("onnx")
    export(made, folder)
    return folder


@pytest.fixture(scope="module")
def exported_of_three(made_of_three, tmp_path_factory):
    folder = tmp_path_factory.mktemp("onnx_of_three")
    export(made_of_three, folder, card=CARD_OF_THREE)
    return folder


@pytest.fixture(scope="module")
def exported_to_litert(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("litert")
    export(made, folder, form="litert")
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
        said = open_network(exported / name).card
        assert (said["network"], said["run"], said["seed"], said["image_size"]) == ("soft-1", "tiny", "3", "32")
        assert json.loads(said["classes"]) == CLASSES
        assert said["threshold"] == "0.5"
        assert said["labels"] == "soft, from soft-0"
        assert json.loads(said["recipe"]) == RECIPE


def test_the_card_names_the_source_of_labels_where_there_is_one():
    assert CARD["labels"] == "soft, from soft-0"
    assert card(Network("teacher", way="manual"), CLASSES, Pixels(SIDE), "tiny", 3, RECIPE)["labels"] == "manual"
    assert all(isinstance(value, str) for value in CARD.values())


def test_with_three_classes_the_file_and_its_card_say_so(exported_of_three):
    for name in ("soft-1.onnx", "soft-1.int8.onnx"):
        (probability,) = onnx.load(exported_of_three / name).graph.output
        shape = [dim.dim_param or dim.dim_value for dim in probability.type.tensor_type.shape.dim]
        assert (probability.name, shape[-1]) == ("probability", 3)
        said = open_network(exported_of_three / name).card
        assert json.loads(said["classes"]) == THREE
        assert CARD_OF_THREE.items() <= said.items()
        assert "threshold" not in said


@pytest.mark.parametrize("batch_size", [1, 7, 32])
def test_it_answers_as_keras_does(made, exported, batch_size):
    given = probabilities(open_network(exported / "soft-1.onnx"), np.load(made / "test.npy"), batch_size)
    expected = pd.read_csv(made / "test.csv")["probability"].to_numpy()
    assert (given.shape, given.dtype) == ((PARTS["test"], 2), np.float64)
    np.testing.assert_allclose(given[:, 1], expected, atol=1e-4)
    np.testing.assert_array_equal(given[:, 0], 1 - given[:, 1])
    assert expected.std() > 0.05


@pytest.mark.parametrize("batch_size", [1, 7])
def test_with_three_classes_it_answers_as_keras_does(made_of_three, exported_of_three, batch_size):
    session = open_network(exported_of_three / "soft-1.onnx")
    given = probabilities(session, np.load(made_of_three / "test.npy"), batch_size)
    expected = pd.read_csv(made_of_three / "test.csv")[[f"probability.{name}" for name in THREE]].to_numpy()
    assert (given.shape, given.dtype) == ((PARTS["test"], 3), np.float32)
    np.testing.assert_allclose(given, expected, atol=1e-4)
    assert set(expected.argmax(axis=1)) == {0, 1, 2}


def test_parity_and_quantisation_of_three_classes(made_of_three, exported_of_three):
    found = json.loads((exported_of_three / "soft-1.json").read_text())
    test = pd.read_csv(made_of_three / "test.csv")[[f"probability.{name}" for name in THREE]].to_numpy()
    images = np.load(made_of_three / "test.npy")
    given = probabilities(open_network(exported_of_three / "soft-1.onnx"), images, 32)
    assert found["parity"]["max_difference_batch_32"] == pytest.approx(np.abs(given - test).max(), abs=1e-8)
    assert found["parity"]["changed_answers_batch_1"] == 0
    label, int8 = np.arange(PARTS["test"]) % 3, found["int8"]
    given = probabilities(open_network(exported_of_three / "soft-1.int8.onnx"), images)
    assert found["accuracy_float32"] == pytest.approx(np.mean(test.argmax(axis=1) == label))
    assert int8["accuracy_int8"] == pytest.approx(np.mean(given.argmax(axis=1) == label))
    assert int8["changed_answers"] == np.sum(given.argmax(axis=1) != test.argmax(axis=1))
    np.testing.assert_allclose(given.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 7, 32])
def test_in_litert_it_answers_as_keras_does(made, exported_to_litert, batch_size):
    network = open_litert(exported_to_litert / "soft-1.tflite", 2)
    given = probabilities(network, np.load(made / "test.npy"), batch_size)
    np.testing.assert_allclose(given[:, 1], pd.read_csv(made / "test.csv")["probability"], atol=1e-4)


def test_parity_and_quantisation_in_litert_are_on_file(made, exported_to_litert):
    found = json.loads((exported_to_litert / "soft-1.json").read_text())
    assert found["parity"]["images"] == PARTS["test"]
    assert 0 < found["parity"]["max_difference_batch_1"] <= 1e-4
    given = probabilities(open_litert(exported_to_litert / "soft-1.int8.tflite"), np.load(made / "test.npy"))
    expected = pd.read_csv(made / "test.csv")["probability"].to_numpy()
    assert found["int8"]["calibration"] == "least and greatest values"
    assert found["int8"]["accuracy_int8"] == pytest.approx(np.mean((given[:, 1] > 0.5) == np.arange(len(given)) % 2))
    assert found["int8"]["changed_answers"] == np.sum((given[:, 1] > 0.5) != (expected > 0.5))
    assert 1e-4 < np.abs(given[:, 1] - expected).mean() < 0.1
    assert found["bytes"]["int8"] < 0.3 * found["bytes"]["float32"]


def test_in_litert_the_probabilities_of_int8_are_not_rounded_to_8_bits(made_of_three, tmp_path):
    export(made_of_three, tmp_path, card=CARD_OF_THREE, form="litert")
    given = probabilities(open_litert(tmp_path / "soft-1.int8.tflite"), np.load(made_of_three / "test.npy"))
    np.testing.assert_allclose(given.sum(axis=1), 1, atol=1e-6)
    assert np.abs(256 * given - np.round(256 * given)).max() > 0.1


def test_in_litert_weights_alone_follow_a_costly_quantisation(made, tmp_path, monkeypatch):
    accuracies = iter([1.0, 1.0, 0.0, 1.0, 1.0, 1.0])  # test; validation: float32 and two ways; test: int8, float32
    monkeypatch.setattr("snakedistill.export.exporting.metrics.accuracy", lambda *given: next(accuracies))
    export(made, tmp_path, form="litert")
    found = json.loads((tmp_path / "soft-1.json").read_text())
    assert found["int8"]["calibration"] == "weights alone"
    assert found["bytes"]["int8"] < 0.3 * found["bytes"]["float32"]


@pytest.mark.parametrize("damage", ["torn", "empty", "missing", "foreign"])
def test_a_damaged_file_of_litert_is_a_clear_error(exported_to_litert, tmp_path, damage):
    path, data = tmp_path / "a.tflite", (exported_to_litert / "soft-1.tflite").read_bytes()
    if damage == "foreign":
        square = tf.function(lambda x: {"y": x * x}, input_signature=[tf.TensorSpec([1], tf.float32, "x")])
        function = square.get_concrete_function()
        path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([function], tf.Module()).convert())
    elif damage != "missing":
        path.write_bytes({"torn": data[: len(data) // 2], "empty": b""}[damage])
    said = {"missing": "There is no file", "foreign": r"a\.tflite: expected a network with the input image.*'x'"}
    with pytest.raises(InputError, match=said.get(damage, r"a\.tflite cannot be loaded")):
        open_litert(path)


def test_predictions_of_three_classes_are_compared_in_every_one(made_of_three, tmp_path):
    """The answers and the first class are the same."""
    shifted = pd.read_csv(made_of_three / "test.csv")
    cat = shifted["probability.cat"] > 0.5
    shifted["probability.dog"] += np.where(cat, 0.001, 0)
    shifted["probability.owl"] -= np.where(cat, 0.001, 0)
    shifted.to_csv(tmp_path / "test.csv", index=False)
    splits, model = made_of_three / "splits.csv", made_of_three / "soft-1.keras"
    record_lineage(tmp_path / "test.csv", "soft-1", 3, splits=splits, model=model)
    predictions = {"validation": made_of_three / "validation.csv", "test": tmp_path / "test.csv"}
    found = export(made_of_three, tmp_path, predictions=predictions, card=CARD_OF_THREE)
    assert re.search(r"by up to 0\.001, where 0\.0001 is allowed, and 0 of its answers", found["failed"]["float32"])


def test_predictions_in_another_order_are_compared_by_image(made_of_three, tmp_path):
    for part in ("validation", "test"):
        pd.read_csv(made_of_three / f"{part}.csv").iloc[::-1].to_csv(tmp_path / f"{part}.csv", index=False)
        splits, model = made_of_three / "splits.csv", made_of_three / "soft-1.keras"
        record_lineage(tmp_path / f"{part}.csv", "soft-1", 3, splits=splits, model=model)
    predictions = {part: tmp_path / f"{part}.csv" for part in ("validation", "test")}
    export(made_of_three, tmp_path, predictions=predictions, card=CARD_OF_THREE)
    assert (tmp_path / "soft-1.onnx").is_file()


def test_parity_and_quantisation_are_on_file(made, exported):
    found = json.loads((exported / "soft-1.json").read_text())
    assert found["parity"]["images"] == PARTS["test"]
    assert found["parity"]["max_difference_batch_1"] <= 1e-4
    assert found["parity"]["changed_answers_batch_32"] == 0
    given = probabilities(open_network(exported / "soft-1.int8.onnx"), np.load(made / "test.npy"))[:, 1] > 0.5
    test = pd.read_csv(made / "test.csv")["probability"].to_numpy() > 0.5
    label = np.arange(PARTS["test"]) % 2
    int8 = found["int8"]
    assert int8["accuracy_int8"] == pytest.approx(np.mean(given == label))
    assert found["accuracy_float32"] == pytest.approx(np.mean(test == label))
    assert int8["changed_answers"] == np.sum(given != test)
    assert int8["images"] == PARTS["test"]
    # A quarter of the size, and weights of 8 bits with a scale for each channel.
    assert found["bytes"]["int8"] < 0.3 * found["bytes"]["float32"]
    quantised = onnx.load(exported / "soft-1.int8.onnx")
    weights = {one.name: one for one in quantised.graph.initializer}
    scales = [weights[node.input[1]] for node in quantised.graph.node if node.op_type == "DequantizeLinear"]
    assert max(int(np.prod(scale.dims)) for scale in scales) == 512


def test_a_network_that_answers_otherwise_than_keras_is_reported_and_not_used(made, tmp_path):
    shifted = pd.read_csv(made / "test.csv")
    shifted["probability"] = (shifted["probability"] + 0.01).clip(0, 1)
    shifted.to_csv(tmp_path / "test.csv", index=False)
    record_lineage(tmp_path / "test.csv", "soft-1", 3, splits=made / "splits.csv", model=made / "soft-1.keras")
    found = export(made, tmp_path, predictions={"validation": made / "validation.csv", "test": tmp_path / "test.csv"})
    assert found["bytes"] == {} and "int8" not in found and found["parity"]["max_difference_batch_1"] > 0.009
    assert list(found["failed"]) == ["float32"]
    reason = found["failed"]["float32"]
    assert re.match(r"on 70 test images .* differ from Keras's by up to 0\.01, where 0\.0001 is allowed", reason)
    for name in ("soft-1.onnx", "soft-1.int8.onnx"):
        assert (tmp_path / name).read_text() == f"This is no network: {reason}\n"
    assert pd.read_csv(tmp_path / "soft-1.csv")[["float32", "int8"]].isna().all(axis=None)
    with pytest.raises(InputError, match=r"got none\. a: on 70 test images"):
        networks_written({"a": tmp_path / "soft-1.onnx"}, {"a": tmp_path / "soft-1.json"}, "float32")
    assert [sentence.partition(":")[0] for sentence in exports_in_words([tmp_path / "soft-1.json"], 0)] == [
        "soft-1, seed 3, cannot be written in ONNX",
        "soft-1, seed 3, could be written in no form",
    ]
    bundle = bundled(tmp_path, CLASSES, tmp_path / "deploy", litert="broken")
    assert not list(bundle.glob("model*"))
    readme = (bundle / "README.md").read_text()
    assert "The network could not be written in LiteRT: broken.\n" in readme
    assert "`classify.py` needs the network in ONNX, which is not here.\nNo form of the network is here.\n" in readme
    assert "model" not in (bundle / "SHA256SUMS").read_text()


def test_what_fails_in_int8_alone_is_reported_and_a_full_disk_is_an_error(made, tmp_path, monkeypatch):
    def failing(error):
        def quantisations(*given):
            raise error

        monkeypatch.setattr("snakedistill.export.onnx_export.quantisations", quantisations)

    failing(ValueError("no scale\nfor a layer"))
    found = export(made, tmp_path)
    assert list(found["bytes"]) == ["float32"] and found["failed"] == {"int8": "ValueError: no scale"}
    (sentence,) = exports_in_words([tmp_path / "soft-1.json"], 0.1)
    assert sentence.startswith("soft-1, seed 3, cannot be written in int8 in ONNX: ValueError: no scale. It is neither")
    bundle = bundled(tmp_path, CLASSES, tmp_path / "deploy")
    assert (bundle / "model.onnx").is_file() and not (bundle / "model.int8.onnx").exists()
    failing(OSError(28, "No space left on device"))
    with pytest.raises(OSError, match="No space"):
        export(made, tmp_path)


def test_without_int8_there_is_none(made, tmp_path):
    found = export(made, tmp_path, precisions=("float32",))
    assert list(found["bytes"]) == ["float32"] and found["failed"] == {} and "int8" not in found
    assert not (tmp_path / "soft-1.int8.onnx").exists()
    assert exports_in_words([tmp_path / "soft-1.json"], 0.001) == []


def test_a_costly_quantisation_is_measured_and_not_bundled(made, tmp_path, monkeypatch):
    """The labels are the network's own answers, and what stands in for its int8 file gives always the same one."""
    folder, written = tmp_path / "made", tmp_path / "written"
    shutil.copytree(made, folder)
    written.mkdir()
    splits, model = folder / "splits.csv", folder / "soft-1.keras"
    given = {part: pd.read_csv(folder / f"{part}.csv").set_index("image_id")["probability"] for part in PARTS}
    table = pd.read_csv(splits)
    table["label"] = (table["image_id"].map(pd.concat(given.values())) > 0.5).astype(int)
    table.to_csv(splits, index=False)
    record_lineage(model, "soft-1", 3, splits=splits)
    for part in PARTS:
        record_lineage(folder / f"{part}.csv", "soft-1", 3, splits=splits, model=model)

    def quantize_static(path, quantised, *arguments, **options):
        network = onnx.load(path)
        last = [node for node in network.graph.node if node.op_type in ("Gemm", "MatMul")][-1]
        (weights,) = (one for one in network.graph.initializer if one.name == last.input[1])
        weights.CopyFrom(onnx.numpy_helper.from_array(np.zeros(weights.dims, np.float32), weights.name))
        onnx.save(network, quantised)

    monkeypatch.setattr("snakedistill.export.onnx_export.quantize_static", quantize_static)
    bias = keras.saving.load_model(model).get_layer("logit").get_weights()[1].item()
    drop = np.mean((given["test"] > 0.5) != (bias > 0))
    assert drop > 0.1
    export(folder, written)
    measured = json.loads((written / "soft-1.json").read_text())
    assert measured["int8"]["drop"] == pytest.approx(drop)
    assert len(measured["int8"]["validation_drop"]) == 4
    assert costs_too_much(measured, 0.005) and not costs_too_much(measured, 0.99)
    assert exports_in_words([written / "soft-1.json"], 0.99) == []
    assert exports_in_words([written / "soft-1.json"], 0.005) == [
        f"int8 of soft-1, seed 3, in ONNX loses {100 * drop:.2f} percentage points of accuracy on 70 test images; 0.5 "
        "are allowed (export.int8_max_drop). It is not in deploy/, unless it was chosen (export.network: null): use "
        "float32",
        "0.5 percentage points (export.int8_max_drop) are finer than one of 70 test images, which is 1.43: int8 may "
        "lose none",
    ]
    bundle = bundled(written, CLASSES, tmp_path / "deploy", allowed=0.99)
    assert (bundle / "model.int8.onnx").is_file()
    bundled(written, CLASSES, bundle, allowed=0.005)
    assert not (bundle / "model.int8.onnx").exists()
    readme = (bundle / "README.md").read_text()
    assert "The network in int8 loses too much accuracy in ONNX and is not here." in readme
    assert "model.int8.onnx" not in readme
    assert "model.int8.onnx" not in (bundle / "SHA256SUMS").read_text()


def test_a_milder_quantisation_follows_a_costly_one(made, tmp_path, monkeypatch):
    accuracies = iter([1.0, 1.0, 0.0, 1.0, 1.0, 1.0])  # test; validation: float32 and two ways; test: int8, float32
    monkeypatch.setattr("snakedistill.export.exporting.metrics.accuracy", lambda *given: next(accuracies))
    export(made, tmp_path)
    int8 = json.loads((tmp_path / "soft-1.json").read_text())["int8"]
    assert int8["calibration"] == "99.999 % of the values"
    assert list(int8["validation_drop"].values()) == [1.0, 0.0]


@pytest.mark.parametrize(
    ("ranges", "method"), [(extremes, CalibrationMethod.MinMax), (percentiles, CalibrationMethod.Percentile)]
)
def test_ranges_are_those_of_onnx_runtime_without_all_values_at_once(made, exported, ranges, method, monkeypatch):
    images = np.load(made / "train.npy")[:12]
    whole = {"image": images}
    with tempfile.TemporaryDirectory() as folder:
        calibrator = calibration._calibrator(exported / "soft-1.onnx", method, folder)
        of_an_image = calibration._values(calibrator)
        calibrator.collect_data(SimpleNamespace(get_next=lambda: whole and {"image": whole.pop("image")}))
        expected = calibrator.compute_data()
    monkeypatch.setattr(calibration, "BYTES_AT_ONCE", 5 * 4 * of_an_image)
    given = ranges(exported / "soft-1.onnx", images)
    assert {*given.keys()} == {*expected.keys()}
    for name in expected.keys():  # noqa: SIM118
        np.testing.assert_allclose(given[name].range_value, expected[name].range_value, rtol=1e-5)
    monkeypatch.setattr(calibration, "MOST_COUNTED", 3 * of_an_image)
    batches = []
    monkeypatch.setattr(calibration, "_batches", lambda images, size: batches.append(len(images)) or iter([images]))
    ranges(exported / "soft-1.onnx", images)
    assert batches == ([12] if ranges is extremes else [3, 3])


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
    with pytest.raises(InputError, match=r"that tf2onnx does not know.*choose another backbone"):
        onnx_export.write_network(grouped, {"network": "soft-1"}, 1, tmp_path / "a.onnx")
    assert not (tmp_path / "a.onnx").exists()


def exported_and_compared(network, tmp_path):
    shown = np.random.default_rng(0).integers(0, 256, (5, SIDE, SIDE, 3), dtype=np.uint8)
    spread(network, shown)
    onnx_export.write_network(network, {"network": "soft-1"}, 1, tmp_path / "a.onnx")
    given = probabilities(open_network(tmp_path / "a.onnx"), shown)[:, 1]
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
    with pytest.raises(InputError, match=r"got \['x', 'y'\]"):
        open_network(tmp_path / "a.onnx")


@pytest.fixture
def unlabelled() -> dict[int, bytes]:
    rng = np.random.default_rng(0)
    return {number: jpeg(rng, number % 2) for number in (1, 2, 3, 10, 11)}


def test_the_submission_has_the_ids_of_sample_submission(exported, unlabelled, tmp_path):
    unlabelled[3] = unlabelled[3][:300]
    archive = kaggle_zip(tmp_path / "a.zip", {}, unlabelled)
    write_submission(archive, exported / "soft-1.onnx", exported / "soft-1.json", 0.4, tmp_path / "submission.csv", 2)
    lines = (tmp_path / "submission.csv").read_text().splitlines()
    assert lines[0] == "id,label"
    table = pd.read_csv(tmp_path / "submission.csv").set_index("id")["label"]
    assert table.index.tolist() == [1, 2, 3, 10, 11]
    assert table[3] == 0.5
    session = open_network(exported / "soft-1.onnx")
    for number in (1, 2, 10, 11):
        ((_, expected),) = probabilities(session, resized_pixels(unlabelled[number], Pixels(SIDE))[None])
        assert table[number] == pytest.approx(np.clip(expected, 0.4, 0.6), abs=1e-6)


def test_images_that_sample_submission_does_not_name_are_an_error(exported, unlabelled, tmp_path):
    archive = kaggle_zip(tmp_path / "a.zip", {}, unlabelled)
    with zipfile.ZipFile(archive) as outer, zipfile.ZipFile(tmp_path / "b.zip", "w") as other:
        other.writestr("test1.zip", outer.read("test1.zip"))
        other.writestr("sampleSubmission.csv", "id,label\n1,0\n2,0\n3,0\n10,0\n12,0\n")
    files = exported / "soft-1.onnx", exported / "soft-1.json"
    with pytest.raises(InputError, match=r"they differ in \[11, 12\]"):
        write_submission(tmp_path / "b.zip", *files, 0, tmp_path / "s.csv", 1)
    assert not (tmp_path / "s.csv").exists()


def test_an_archive_without_unlabelled_images_gives_no_rows(exported, photographs, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, data in photographs.items():
        (folder / name).write_bytes(data)
    write_submission(folder, exported / "soft-1.onnx", exported / "soft-1.json", 0.005, tmp_path / "s.csv", 1)
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


def classify(photos, exported, tmp_path, classes=CLASSES, **measured):
    """The answers of two networks; `measured` replaces the measurements of one."""
    measurements = dict.fromkeys(("teacher", "soft-1"), exported / "soft-1.json") | measured
    networks = {"teacher": exported / "soft-1.int8.onnx", "soft-1": exported / "soft-1.onnx"}
    table, sheet = tmp_path / "answers.csv", tmp_path / "sheet.png"
    classify_photos(photos, networks, measurements, classes, RUN_DESCRIPTION, table, sheet, 1)
    return pd.read_csv(table).set_index("photo")


def test_your_own_photos(exported, photos, tmp_path):
    table = classify(photos, exported, tmp_path)
    assert list(table.index) == ["0.jpg", "1.jpg", "2.jpg", "3.jpg", "4.jpg", "broken.jpg", "holiday/grey.png"]
    assert "cannot be decoded" in table.loc["broken.jpg", "reason"]
    good = table.drop("broken.jpg")
    assert good["reason"].isna().all()
    session = open_network(exported / "soft-1.onnx")
    for photo, row in good.iterrows():
        ((_, expected),) = probabilities(session, resized_pixels((photos / photo).read_bytes(), Pixels(SIDE))[None])
        assert row["soft-1_probability_of_dog"] == pytest.approx(expected, abs=1e-6)
        assert row["soft-1_answer"] == ("dog" if expected > 0.5 else "cat")


def test_a_network_that_could_not_be_written_does_not_answer(exported, photos, tmp_path):
    (tmp_path / "teacher.json").write_text(json.dumps({"bytes": {}, "failed": {"float32": "no such layer"}}))
    table = classify(photos, exported, tmp_path, teacher=tmp_path / "teacher.json")
    assert [column for column in table if column != "reason"] == ["soft-1_answer", "soft-1_probability_of_dog"]


@pytest.fixture
def laid_out(monkeypatch):
    """What the contact sheet shows."""
    found = {}

    def contact_sheet(tiles, notes):
        found.update(tiles=tiles, notes=notes)
        return Image.new("RGB", (1, 1))

    monkeypatch.setattr("snakedistill.export.classification.contact_sheet", contact_sheet)
    return found


def test_your_own_photos_of_three_classes_have_a_runner_up(exported_of_three, photos, tmp_path, laid_out):
    table = classify(photos, exported_of_three, tmp_path, THREE)
    of = ("answer", "probability", "runner_up", "runner_up_probability")
    assert list(table) == [*(f"{network}_{column}" for network in ("teacher", "soft-1") for column in of), "reason"]
    session = open_network(exported_of_three / "soft-1.onnx")
    for tile in laid_out["tiles"]:
        row = table.loc[tile.name]
        if tile.name == "broken.jpg":
            assert row.drop("reason").isna().all()
            continue
        (expected,) = probabilities(session, resized_pixels((photos / tile.name).read_bytes(), Pixels(SIDE))[None])
        _, second, first = expected.argsort()
        best = [(THREE[first], expected[first]), (THREE[second], expected[second])]
        assert row[[f"soft-1_{column}" for column in of]].tolist() == pytest.approx([*best[0], *best[1]], abs=1e-6)
        assert [network for network, _ in tile.answers] == ["teacher", "soft-1"]
        assert tile.answers[1][1] == best


@pytest.mark.parametrize(
    ("output", "classes", "expected"),
    [
        ([0.25], CLASSES, ["cat", 0.25]),
        ([0.75], CLASSES, ["dog", 0.75]),
        ([0.5], CLASSES, ["cat", 0.5]),
        ([np.nextafter(np.float32(0.5), np.float32(1))], CLASSES, ["dog", pytest.approx(0.5)]),
        ([0.25, 0.125, 0.625], THREE, ["owl", 0.625, "cat", 0.25]),
        ([0.25, 0.5, 0.25], THREE, ["dog", 0.5, "cat", 0.25]),
        ([0.25, 0.375, 0.375], THREE, ["dog", 0.375, "owl", 0.375]),
    ],
)
def test_of_equal_probabilities_the_first_class_wins(output, classes, expected):
    found = cells(np.array(output, np.float32), classes)
    assert found == expected
    assert len(found) == len(answer_columns(classes))
    assert {type(cell) for cell in found} == {str, float}


def test_the_sheet_shows_the_probability_of_each_networks_own_answer(exported, photos, tmp_path, monkeypatch, laid_out):
    monkeypatch.setattr("snakedistill.export.classification.SHEET_PHOTOS", 6)
    table = classify(photos, exported, tmp_path)
    assert laid_out["notes"] == ["The first 6 of 7 photos.", RUN_DESCRIPTION]
    assert [tile.name for tile in laid_out["tiles"]] == list(table.index)[:6]
    for tile in laid_out["tiles"]:
        row = table.loc[tile.name]
        if tile.name == "broken.jpg":
            assert (tile.photo, tile.answers, tile.reason) == (None, [], row["reason"])
            continue
        assert [network for network, _ in tile.answers] == ["teacher", "soft-1"]
        for network, ((answer, probability),) in tile.answers:
            of_dog = row[f"{network}_probability_of_dog"]
            assert answer == row[f"{network}_answer"]
            assert probability >= 0.5
            assert probability == pytest.approx(of_dog if answer == "dog" else 1 - of_dog, abs=1e-6)
    assert len(set(table["soft-1_answer"].dropna())) == 2


def test_a_photo_that_cannot_be_read_costs_only_its_own_answer(exported, photos, tmp_path, monkeypatch):
    whole = Path.read_bytes

    def read_bytes(path):
        if path.name == "1.jpg":
            raise PermissionError(13, "Permission denied")
        return whole(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    monkeypatch.setattr("snakedistill.export.classification.MAX_BYTES", (photos / "4.jpg").stat().st_size - 1)
    (photos / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    (photos / ".hidden").mkdir()
    (photos / ".hidden/0.jpg").write_bytes(b"")
    (photos / 'one, "two".jpg').write_bytes(whole(photos / "0.jpg"))
    Path(os.fsdecode(os.fsencode(photos) + b"/\xff.jpg")).write_bytes(whole(photos / "0.jpg"))
    reasons = classify(photos, exported, tmp_path)["reason"].dropna()
    assert sorted(reasons.index) == ["1.jpg", "4.jpg", "a.heic", "broken.jpg"]
    assert reasons["1.jpg"] == "cannot be read: Permission denied"
    assert "bytes, more than" in reasons["4.jpg"]
    assert reasons["a.heic"] == "HEIC is not supported: convert the photo to JPEG or PNG"
    with (tmp_path / "answers.csv").open(newline="", encoding="utf-8") as table:
        names = [row[0] for row in csv.reader(table)]
    assert {'one, "two".jpg', "\\udcff.jpg", "holiday/grey.png"} < set(names)


def test_links_among_photos_are_followed_or_named_with_a_reason(exported, photos, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "far.jpg").write_bytes((photos / "3.jpg").read_bytes())
    (photos / "album").symlink_to(elsewhere)
    (photos / "near.jpg").symlink_to(photos / "2.jpg")
    before = classify(photos, exported, tmp_path)
    for link, target in (("loop", photos), ("gone.jpg", tmp_path / "gone"), (".hidden", tmp_path / "gone")):
        (photos / link).symlink_to(target)
    (elsewhere / "up").symlink_to(photos)
    table = classify(photos, exported, tmp_path)
    answered = table.drop(["loop", "gone.jpg", "album/up"])
    pd.testing.assert_frame_equal(answered, before)
    assert {"album/far.jpg", "near.jpg"} < set(answered.index)
    answers = answered.drop(columns="reason")
    for link, target in (("album/far.jpg", "3.jpg"), ("near.jpg", "2.jpg")):
        assert answers.loc[link].tolist() == answers.loc[target].tolist()
    refused = table.loc[["loop", "gone.jpg", "album/up"]]
    assert refused.drop(columns="reason").isna().all(axis=None)
    assert refused["reason"].tolist() == [
        "a symbolic link to a folder above it",
        "a symbolic link that cannot be followed: No such file or directory",
        "a symbolic link to a folder above it",
    ]


@pytest.mark.parametrize(("name", "message"), [("empty", "holds no file"), ("missing", "is no folder")])
def test_no_photos_is_a_clear_error(exported, tmp_path, name, message):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=message):
        classify(tmp_path / name, exported, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty"]


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("mine", "mine"),
        ("./mine/", "mine"),
        ("Müße_2.1", "Müße_2.1"),
        ("a/pics", r"a-pics-\w{8}"),
        ("a-pics", "a-pics"),
        ("../pics", r"pics-\w{8}"),
        ("/photos/of mine/my pics (1)", r"photos-of-mine-my-pics-1-\w{8}"),
        ("{network}", r"network-\w{8}"),
        (".", r"-\w{8}"),
        ("x" * 300, r"x{60}-\w{8}"),
    ],
)
def test_a_folders_name_is_safe_and_readable(folder, name):
    assert re.fullmatch(name, name_of_folder(folder))


def test_different_folders_have_different_names():
    folders = [
        "a/pics",
        "a pics",
        "a-pics",
        "/a/pics",
        "../a/pics",
        "a/../pics",
        "pics",
        "x" * 99,
        "x" * 98,
        "\udcff",
        "ä",
    ]
    assert len({name_of_folder(folder) for folder in folders}) == len(folders)


@pytest.fixture
def bundle(exported, tmp_path):
    """The bundle, of a network whose file has metadata of other programs too."""
    return bundled(exported, CLASSES, tmp_path / "deploy")


def bundled(exported, classes, folder, allowed=1.0, litert=None, choice=None):
    """A bundle whose files of LiteRT are those of a folder, or stand-ins without a network, or failed for a reason."""
    folder.mkdir(exist_ok=True)
    scripts = ROOT / "workflow/scripts/snakedistill"
    copied = {"script": ROOT / "workflow/deploy/classify.py", "check": ROOT / "workflow/deploy/check.py"}
    copied |= {"decoding": scripts / "data/decoding.py", "answers": scripts / "export/answers.py"}
    files = {"onnx": {"float32": exported / "soft-1.onnx", "int8": exported / "soft-1.int8.onnx"}}
    files["onnx"]["measurements"] = exported / "soft-1.json"
    if isinstance(litert, Path):
        files["litert"] = {"float32": litert / "soft-1.tflite", "int8": litert / "soft-1.int8.tflite"}
        files["litert"]["measurements"] = litert / "soft-1.json"
    else:
        files["litert"] = {kind: folder.parent / kind for kind in (*PRECISIONS, "measurements")}
        for kind, path in files["litert"].items():
            path.write_text(f"litert_{kind}")
        there = {} if litert else dict.fromkeys(PRECISIONS, 1)
        measured = {"bytes": there, "failed": {"float32": litert} if litert else {}, "int8": {"drop": 0}}
        golden = json.loads(files["onnx"]["measurements"].read_text())["golden"]
        golden |= dict.fromkeys(there, golden.get("float32"))
        files["litert"]["measurements"].write_text(json.dumps(measured | {"golden": golden}))
    (folder.parent / "card.md").write_text("# soft-1\n")
    names = {"script": "classify.py", "check": "check.py", "decoding": "decoding.py", "answers": "answers.py"}
    names |= {"golden": "golden.csv"}
    names |= {"requirements": "requirements.txt", "readme": "README.md", "checksums": "SHA256SUMS"}
    bundle = {kind: folder / name for kind, name in names.items()}
    images = exported / "splits.csv", exported / "test.npy"
    write_bundle(copied, files, allowed, folder.parent / "card.md", classes, *images, bundle, choice)
    return folder


@pytest.mark.parametrize("within", [True, False])
def test_the_bundle_has_the_chosen_file_whatever_int8_costs_and_names_it(exported, tmp_path, within):
    costly = tmp_path / "costly"
    shutil.copytree(exported, costly)
    measured = json.loads((costly / "soft-1.json").read_text())
    measured["int8"]["drop"] = 0.3
    (costly / "soft-1.json").write_text(json.dumps(measured))
    chosen = Choice("soft-1", "ONNX", "int8", within_limits=within)
    folder = bundled(costly, CLASSES, tmp_path / "deploy", allowed=0.005, choice=chosen)
    assert (folder / "model.int8.onnx").read_bytes() == (exported / "soft-1.int8.onnx").read_bytes()
    readme = (folder / "README.md").read_text()
    assert ("`model.int8.onnx` was chosen" in readme) == within
    assert ("**No student is within the limits of the run**" in readme) == (not within)
    assert ("`model.int8.onnx` is the nearest" in readme) == (not within)
    assert max(map(len, readme.splitlines())) <= 120
    named = bundled(costly, CLASSES, folder, allowed=0.005)
    assert not (named / "model.int8.onnx").exists() and "was chosen" not in (named / "README.md").read_text()


def test_the_bundle_has_the_network_in_every_form_and_its_card(bundle):
    assert CARD.items() < open_network(bundle / "model.onnx").card.items()
    assert (bundle / "model.tflite").read_text() == "litert_float32"
    assert (bundle / "model.int8.tflite").read_text() == "litert_int8"
    readme = (bundle / "README.md").read_text()
    assert "`model.tflite` and `model.int8.tflite` are the network in LiteRT, for phones, with" in readme
    assert readme.startswith("# soft-1\n\n## The files beside this page\n")
    assert "the answer, and the probability of dog" in readme


def test_the_bundles_checksums_are_those_of_its_files(bundle):
    check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    done = subprocess.run(check, cwd=bundle, capture_output=True, text=True, check=True)
    others = {str(path.relative_to(bundle)) for path in bundle.rglob("*") if path.is_file()} - {"SHA256SUMS"}
    assert {line.partition(":")[0] for line in done.stdout.splitlines()} == others
    (bundle / "classify.py").write_text("changed")
    assert subprocess.run(check, cwd=bundle, capture_output=True).returncode == 1


def checked(folder, *arguments):
    done = subprocess.run([sys.executable, folder / "check.py", *arguments], capture_output=True, text=True, cwd="/")
    return done.returncode, done.stdout.splitlines(), done.stderr


@pytest.fixture
def golden(exported, exported_to_litert, tmp_path):
    """A bundle with both forms, and its golden answers."""
    folder = bundled(exported, CLASSES, tmp_path / "deploy", litert=exported_to_litert)
    return folder, pd.read_csv(folder / "golden.csv")


def test_golden_answers_are_those_of_every_file_to_ten_test_images(made, golden):
    folder, table = golden
    files = [FORMS[form].file_name("model", precision) for form in FORMS for precision in PRECISIONS]
    assert table["file"].unique().tolist() == files
    test, keras_answers = np.load(made / "test.npy"), pd.read_csv(made / "test.csv")["probability"].to_numpy()
    images = [np.asarray(Image.open(folder / "golden" / name)) for name in table["image"].unique()]
    (rows,) = zip(*[np.flatnonzero((test == image).all(axis=(1, 2, 3))) for image in images], strict=True)
    certainty = np.abs(keras_answers - 0.5)
    assert len(rows) == 10 and certainty[list(rows)].tolist() == sorted(certainty[list(rows)])
    assert certainty[rows[0]] == certainty.min() and certainty[rows[-1]] == certainty.max()
    for file in files:
        network = (open_litert if file.endswith("tflite") else open_network)(folder / file)
        of_file = table[table["file"] == file]
        expected = of_file[["probability_of_cat", "probability_of_dog"]]
        np.testing.assert_allclose(probabilities(network, np.stack(images)), expected, atol=1e-4)


def test_the_check_passes_here_and_names_the_file_that_answers_otherwise(golden):
    folder, table = golden
    status, lines, errors = checked(folder)
    assert status == 0 and "not checked" not in errors
    assert [line.partition(";")[0] for line in lines] == [f"{file}: as expected" for file in sorted(set(table["file"]))]
    (folder / "model.tflite").unlink()
    for name in set(table["image"]):  # another order of the channels
        Image.fromarray(np.asarray(Image.open(folder / "golden" / name))[..., ::-1]).save(folder / "golden" / name)
    status, lines, errors = checked(folder)
    assert status == 1 and "model.tflite: not checked, not beside this script\n" in errors
    assert [line.partition(";")[0] for line in lines if "int8" not in line] == ["model.onnx: NOT AS EXPECTED"]


def test_the_check_compares_the_answers_of_another_device(golden, tmp_path):
    folder, table = golden
    theirs = table[table["file"] == "model.int8.tflite"].iloc[::-1].copy()
    theirs.to_csv(tmp_path / "phone.csv", index=False)
    status, lines, _ = checked(folder, "--answers", tmp_path / "phone.csv")
    assert status == 0 and lines[0].startswith("model.int8.tflite: as expected; of 10 images")
    for wrong in (0.2, np.nan):
        theirs["probability_of_dog"] += wrong
        theirs.to_csv(tmp_path / "phone.csv", index=False, na_rep="nan")
        status, lines, _ = checked(folder, "--answers", tmp_path / "phone.csv")
        assert status == 1 and len(lines) == 1 and "NOT AS EXPECTED" in lines[0]
    theirs.assign(file="other.onnx").to_csv(tmp_path / "phone.csv", index=False, na_rep="nan")
    theirs.to_csv(tmp_path / "empty.csv", index=False)
    for name, message in (
        ("phone", "no answer to check"),
        ("empty", "got: could not convert"),
        ("gone", "No such file"),
    ):
        status, lines, errors = checked(folder, "--answers", tmp_path / f"{name}.csv")
        assert (status, lines) == (2, []) and message in errors


def test_golden_images_pass_through_the_bundles_script_unchanged(golden, tmp_path):
    folder, table = golden
    status, (_, *lines), _ = run_bundle(sys.executable, folder, folder / "golden", cwd=tmp_path)
    expected = table[table["file"] == "model.onnx"]["probability_of_dog"]
    assert status == 0
    assert [float(probability) for _, _, probability in lines] == pytest.approx(expected.tolist(), abs=1e-4)


def test_a_file_of_litert_carries_its_labels_and_card(exported_to_litert):
    for file in ("soft-1.tflite", "soft-1.int8.tflite"):
        with zipfile.ZipFile(exported_to_litert / file) as carried:
            assert carried.read("labels.txt").decode() == "cat\ndog\n"
            assert json.loads(carried.read("card.json")) == CARD


def test_the_bundle_of_three_classes(exported_of_three, photos, tmp_path):
    bundle = bundled(exported_of_three, THREE, tmp_path / "deploy")
    (bundle / "model.tflite").unlink()
    (bundle / "model.int8.tflite").unlink()
    assert checked(bundle)[0] == 0
    readme = (bundle / "README.md").read_text()
    assert "the answer and its probability, and the runner-up\n" in readme
    assert max(map(len, readme.splitlines())) <= 120
    table = classify(photos, exported_of_three, tmp_path, THREE).dropna(subset="soft-1_answer")
    (tmp_path / "empty").mkdir()
    status, (head, *lines), errors = run_bundle(sys.executable, bundle, photos, cwd=tmp_path / "empty")
    assert (status, len(errors.splitlines())) == (1, 1)
    assert head == ["photo", "answer", "probability", "runner_up", "runner_up_probability"]
    assert [line[0] for line in lines] == [str(photos / name) for name in table.index]
    for line, (_, row) in zip(lines, table.iterrows(), strict=True):
        assert [line[1], line[3]] == row[["soft-1_answer", "soft-1_runner_up"]].tolist()
        probability = row[["soft-1_probability", "soft-1_runner_up_probability"]].tolist()
        assert [float(line[2]), float(line[4])] == pytest.approx(probability, abs=2e-6)


def run_bundle(python, bundle, *arguments, cwd):
    command = [python, bundle / "classify.py", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8", env=os.environ | {"LC_ALL": "C"})
    return done.returncode, list(csv.reader(io.StringIO(done.stdout, newline=""))), done.stderr


def test_the_bundles_script_runs_from_any_folder_on_any_name(bundle, photos, exported, tmp_path):
    plain, red = (photos / "0.jpg").read_bytes(), Image.new("RGB", (60, 40), (200, 30, 30))
    for name in ("one, two.jpg", 'a "quote".JPG', "é ü.jpg", "holiday/猫.jpeg"):
        (photos / name).write_bytes(plain)
    exif = Image.Exif()
    exif[0x0112] = 6
    red.paste((0, 0, 0), (0, 0, 30, 40))
    red.save(photos / "upright.jpg", exif=exif)
    glass = red.convert("RGBA")
    glass.putalpha(Image.linear_gradient("L").resize(glass.size))
    glass.save(photos / "glass.png")
    Image.new("I;16", (20, 20)).save(photos / "deep.png")
    (photos / "note.txt").write_text("no photo")
    (photos / ".hidden.jpg").write_bytes(plain)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/model.onnx").write_bytes(b"another")
    status, lines, errors = run_bundle(sys.executable, bundle, "../photos", cwd=tmp_path / "elsewhere")
    assert status == 1
    assert len(errors.splitlines()) == 2
    assert re.search(r"^\.\./photos/broken\.jpg cannot be classified: ", errors, re.MULTILINE)
    assert "../photos/deep.png cannot be classified: more than 8 bits a channel" in errors
    assert lines[0] == ["photo", "answer", "probability_of_dog"]
    found = {name: (answer, float(probability)) for name, answer, probability in lines[1:]}
    assert list(found) == sorted(found)

    (photos / "note.txt").unlink()
    expected = classify(photos, exported, tmp_path).dropna(subset="soft-1_answer")
    assert set(found) == {f"../photos/{name}" for name in expected.index}
    assert {"../photos/one, two.jpg", '../photos/a "quote".JPG', "../photos/é ü.jpg"} < set(found)
    for name, row in expected.iterrows():
        answer, probability = found[f"../photos/{name}"]
        assert answer == row["soft-1_answer"]
        assert probability == pytest.approx(row["soft-1_probability_of_dog"], abs=2e-6)


def test_the_bundles_script_tells_by_its_status_how_it_went(bundle, photos, tmp_path):
    assert len((bundle / "classify.py").read_text().splitlines()) < 90
    head = [["photo", "answer", "probability_of_dog"]]
    status, lines, errors = run_bundle(sys.executable, bundle, photos / "0.jpg", photos / "holiday", cwd=tmp_path)
    assert (status, len(lines), errors) == (0, 3, "")
    int8 = run_bundle(sys.executable, bundle, "--model", bundle / "model.int8.onnx", photos / "0.jpg", cwd=tmp_path)
    assert (int8[0], int8[1][1][0]) == (0, str(photos / "0.jpg"))
    assert run_bundle(sys.executable, bundle, photos / "gone.jpg", cwd=tmp_path)[:2] == (1, head)
    (tmp_path / "empty").mkdir()
    status, lines, errors = run_bundle(sys.executable, bundle, "empty", cwd=tmp_path)
    assert (status, lines, errors) == (2, head, "no photo found in empty\n")
    (bundle / "model.onnx").write_bytes(b"torn")
    status, lines, errors = run_bundle(sys.executable, bundle, photos, cwd=tmp_path)
    assert (status, lines) == (2, [])
    assert errors.startswith(f"{bundle / 'model.onnx'} cannot be loaded: ")


def test_the_bundles_script_answers_in_json_as_in_csv(bundle, photos, tmp_path):
    """A hundred photos are more than three batches."""
    for number in range(100):
        (photos / f"more-{number}.jpg").write_bytes((photos / f"{number % 2}.jpg").read_bytes())
    command = [sys.executable, bundle / "classify.py", "--json", photos]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
    status, (head, *lines), errors = run_bundle(sys.executable, bundle, photos, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (status, errors)
    assert len(lines) > 100
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(list(one) == head for one in found)
    assert [[*list(one.values())[:2], f"{one['probability_of_dog']:.6f}"] for one in found] == lines


def test_the_bundle_runs_where_there_is_no_tensorflow(bundle, photos, tmp_path):
    """In a fresh environment with the bundle's own requirements."""
    python = tmp_path / "bare/bin/python"
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, tmp_path / "bare"], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "-r", bundle / "requirements.txt"], check=True)
    missing = subprocess.run([python, "-c", "import tensorflow"], capture_output=True, text=True)
    assert "No module named 'tensorflow'" in missing.stderr
    here, there = (run_bundle(one, bundle, photos / "0.jpg", cwd=tmp_path) for one in (sys.executable, python))
    assert here == there
    assert here[0] == 0


def test_timing_calls_every_runtime_with_the_same_images(made, exported, exported_to_litert, photographs, tmp_path):
    archive = kaggle_zip(tmp_path / "a.zip", photographs)
    index = pd.DataFrame({"image_id": [f"test.{i}" for i in range(PARTS["test"])]})
    index["member"] = [f"train/{sorted(photographs)[i % len(photographs)]}" for i in range(PARTS["test"])]
    index.to_csv(tmp_path / "index.csv", index=False)
    files = {
        "onnx": {"float32": exported / "soft-1.onnx", "int8": exported / "soft-1.int8.onnx"},
        "litert": {
            "float32": exported_to_litert / "soft-1.tflite",
            "int8": exported_to_litert / "soft-1.int8.tflite",
        },
    }
    calls = time_calls(
        open_networks(
            dict.fromkeys(("teacher", "soft-1"), made / "soft-1.keras"), {"teacher": files, "soft-1": files}, 1
        ),
        TimedImages(
            archive,
            tmp_path / "index.csv",
            made / "splits.csv",
            dict.fromkeys(("teacher", "soft-1"), made / "test.npy"),
            dict.fromkeys(("teacher", "soft-1"), Pixels(SIDE)),
        ),
        2,
        1,
    )
    assert len(calls) == 2 * 7 * 2 * 2
    assert all(len(call["seconds"]) == 2 and min(call["seconds"]) > 0 for call in calls)
    machine = this_machine(files)
    assert machine["cores"] >= 1
    assert re.fullmatch(r"Keras \S+, ONNX Runtime \S+, OpenVINO \S+, LiteRT \S+", machine["versions"])


def test_a_candidate_is_called_with_one_image_and_as_often_as_the_networks_it_is_compared_with(
    made, photographs, tmp_path
):
    archive, images = kaggle_zip(tmp_path / "a.zip", photographs), list(range(PARTS["test"]))
    index = pd.DataFrame({"image_id": [f"test.{i}" for i in images]})
    index["member"] = [f"train/{sorted(photographs)[i % len(photographs)]}" for i in images]
    index.to_csv(tmp_path / "index.csv", index=False)
    names, sizes = ("teacher", "small-0"), Counter()

    def counting(*key):
        return lambda batch: sizes.update([(*key, len(batch))])

    ways = [("teacher", "Keras", "float32"), ("teacher", "ONNX Runtime", "float32"), ("teacher", "OpenVINO", "float32")]
    ways += [("small-0", "ONNX Runtime", precision) for precision in PRECISIONS]
    found = time_calls(
        {way: counting(*way) for way in ways},
        TimedImages(
            archive,
            tmp_path / "index.csv",
            made / "splits.csv",
            dict.fromkeys(names, made / "test.npy"),
            dict.fromkeys(names, Pixels(SIDE)),
        ),
        3,
        2,
        one_at_a_time=["small-0"],
        often=["ONNX Runtime"],
    )
    calls = pd.DataFrame(found).set_index(["network", "runtime", "precision", "batch_size", "decoding"])["seconds"]
    assert set(calls["small-0"].index) == {("ONNX Runtime", precision, 1, "no") for precision in PRECISIONS}
    rounds = calls.map(len)
    one = rounds.index.isin([1], "batch_size") & rounds.index.isin(["no"], "decoding")
    compared = rounds[one & rounds.index.isin(["ONNX Runtime"], "runtime")]
    assert set(compared) == {ROUNDS_OF_ONE} and len(compared) == 3
    assert set(rounds.drop(compared.index)) == {3}
    warmed_up = {(*way, 1): 2 + (ROUNDS_OF_ONE if way[1] == "ONNX Runtime" else 3) for way in ways}
    assert sizes == warmed_up | {(*way, 32): 5 for way in ways[:3]}


def test_the_memory_of_a_larger_network_is_larger(tmp_path):
    """Of a matrix of 64 MB more: its process, which has no framework yet, needs at least that much more."""
    sizes = {}
    for outputs in (8, 4000):
        weights = [onnx.numpy_helper.from_array(np.zeros((4000, outputs), np.float32), "w")]
        weights += [onnx.numpy_helper.from_array(np.zeros((3, 4000), np.float32), "v")]
        nodes = [onnx.helper.make_node("Cast", ["image"], ["x"], to=onnx.TensorProto.FLOAT)]
        nodes += [onnx.helper.make_node("MatMul", ["x", "v"], ["y"])]
        nodes += [onnx.helper.make_node("MatMul", ["y", "w"], ["probability"])]
        image = onnx.helper.make_tensor_value_info("image", onnx.TensorProto.UINT8, ["n", 1, 1, 3])
        given = onnx.helper.make_tensor_value_info("probability", onnx.TensorProto.FLOAT, ["n", 1, 1, outputs])
        graph = onnx.helper.make_graph(nodes, "products", [image], [given], weights)
        path = tmp_path / f"{outputs}.onnx"
        onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=10), path)
        code = (
            "import numpy; from snakedistill.export import forms, memory; "
            "image = numpy.zeros((1, 1, 1, 3), numpy.uint8);"
            f"print(memory.memory_of(forms.FORMS['onnx'].runtimes[0], {str(path)!r}, image, 1))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")},
        )  # fmt: skip
        sizes[outputs] = int(done.stdout)
    assert 0 < sizes[8] < 40e6
    assert 60e6 < sizes[4000] - sizes[8] < 250e6


def test_energy_is_that_of_all_packages_and_their_counters_begin_anew(tmp_path, monkeypatch):
    monkeypatch.setattr("snakedistill.export.energy.POWERCAP", tmp_path)
    assert joules_of(lambda: None) is None
    counters = {}
    for package, start in (("intel-rapl:0", 1_000_000), ("intel-rapl:1", 7_999_999), ("intel-rapl:0:0", 0)):
        (tmp_path / package).mkdir()
        (tmp_path / package / "max_energy_range_uj").write_text("8000000\n")
        counters[package] = start
        (tmp_path / package / "energy_uj").write_text(f"{start}\n")
    calls = []

    def call():
        calls.append(1)
        for package in counters:
            counters[package] = (counters[package] + 1000) % 8_000_001
            (tmp_path / package / "energy_uj").write_text(f"{counters[package]}\n")

    assert joules_of(call, seconds=0.05) == pytest.approx(0.002)
    assert len(calls) > 1


def test_seconds_an_image_are_quantiles_of_calls_by_batch_size():
    seconds = [0.32, 0.64, 0.96, 1.28, 3.2]
    call = {"network": "soft-1", "runtime": "Keras", "precision": "float32", "batch_size": 32, "decoding": "no"}
    machine = {"processor": "Abacus", "flags": "avx2", "cores": 2, "versions": "Keras 3"}
    calls = [call | {"threads": threads, "seconds": seconds, "joules": 0.5} for threads in (2, 1)]
    found = seconds_an_image({"machine": machine, "images": 70, "calls": calls})
    assert found["threads"].tolist() == [1, 2]
    row = found.iloc[0]
    assert row[["median", "p10", "p90", "mean"]].tolist() == pytest.approx([0.03, 0.014, 0.076, 0.04])
    assert row["seconds_total"] == pytest.approx(0.04 * 70)
    assert row[["images", "rounds", "joules", *machine]].tolist() == [70, 5, 0.5, *machine.values()]


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


def test_a_network_with_the_preprocessing_of_imagenet_is_counted_and_calibrated_as_another(tmp_path):
    """Its preprocessing is a matrix product of pixels, behind which ONNX computes the shapes from constants."""
    found, values = {}, {}
    for preprocessing in ("paper", "imagenet"):
        network = build_network("soft-0", 64, "efficientnet_lite0", None, preprocessing)
        path = tmp_path / f"{preprocessing}.onnx"
        onnx_export.write_network(network, {"network": "soft-0"}, 1, path)
        found[preprocessing] = multiply_adds(path)
        calibrator = calibration._calibrator(path, calibration.CalibrationMethod.MinMax, str(tmp_path))
        values[preprocessing] = calibration._values(calibrator)
    assert found["imagenet"] == found["paper"] + 9 > 3e7
    assert values["imagenet"] == pytest.approx(values["paper"], rel=0.02)  # one image more


def test_no_runtime_reports_its_use_to_its_makers(tmp_path):
    """They would keep an identifier of the user in the home folder."""
    code = (
        "from snakedistill.core.job import job\n"
        "with job('log'):\n"
        "    import onnxruntime\n"
        "    from snakedistill.export import openvino_runtime\n"
        "    onnxruntime.get_available_providers()\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "PYTHONPATH": str(ROOT / "workflow/scripts")}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, env=environment)
    assert list(home.rglob("*")) == []
