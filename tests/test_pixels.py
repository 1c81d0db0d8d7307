"""The pixels that networks take: in Python, in the bundle, and in the browser's module, run by Node."""

import io
import json
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
from conftest import ROOT
from PIL import Image, ImageOps

from snakedistill.core.network_ids import Network
from snakedistill.core.pixels import Pixels
from snakedistill.data import decoding
from snakedistill.data.decoding import decode, resized
from snakedistill.data.images import resized_pixels
from snakedistill.export import answers
from snakedistill.export.card import card
from snakedistill.export.classification import classify_photos
from snakedistill.export.inference import open_network, probabilities
from snakedistill.export.timing import TimedImages, time_calls
from snakedistill.export.web import write_page

SIZES = [
    (8, 8), (8, 9), (33, 32), (32, 33), (31, 47), (64, 64), (57, 200), (200, 57), (301, 7000), (7000, 301),
    (8, 16384), (16384, 8), (640, 427), (1023, 769),
]  # fmt: skip
WAYS = [(fit, resample) for fit in ("squash", "crop") for resample in ("nearest", "antialias")]
SCRIPT = """
import { readFileSync, writeFileSync } from "node:fs";
import { resized } from "./pixels.js";

for (const [number, { width, height, ways }] of JSON.parse(readFileSync("images.json")).entries()) {
  const rgba = readFileSync(`${number}.rgba`);
  const read = (left, top, columns, rows) =>
    Buffer.concat(
      Array.from({ length: rows }, (_, row) => {
        const start = ((top + row) * width + left) * 4;
        return rgba.subarray(start, start + columns * 4);
      }),
    );
  ways.forEach((pixels, way) => writeFileSync(`${number}-${way}.rgb`, resized(read, width, height, pixels)));
}
"""


def noise(width: int, height: int) -> Image.Image:
    """Black, white and random colours, so that the filter's excess below 0 and above 255 is cut off."""
    random = np.random.default_rng(width * 100_000 + height)
    colours = random.integers(0, 256, (height, width, 3), np.uint8)
    extreme = random.integers(0, 3, (height, width, 1))
    return Image.fromarray(np.where(extreme == 0, 0, np.where(extreme == 1, 255, colours)).astype(np.uint8))


def network_of(pixels: Pixels, path: Path) -> Path:
    """A network in ONNX that answers with a weighted sum of its pixels, and says which pixels it takes."""
    node, shape = onnx.helper.make_node, [pixels.size, pixels.size, 3]
    weights = np.random.default_rng(0).random((np.prod(shape), 1), np.float32)
    graph = onnx.helper.make_graph(
        [
            node("Cast", ["image"], ["numbers"], to=onnx.TensorProto.FLOAT),
            node("Flatten", ["numbers"], ["flat"]),
            node("MatMul", ["flat", "weights"], ["probability"]),
        ],
        "sum",
        [onnx.helper.make_tensor_value_info("image", onnx.TensorProto.UINT8, ["images", *shape])],
        [onnx.helper.make_tensor_value_info("probability", onnx.TensorProto.FLOAT, ["images", 1])],
        [onnx.numpy_helper.from_array(weights / weights.sum() / 255, "weights")],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    about = card(Network("teacher", way="manual"), ["cat", "dog"], pixels, "tiny", 0, {})
    onnx.helper.set_model_props(model, about)
    onnx.save(model, path)
    return path


def in_node(images: list[Image.Image], ways: list[Pixels], folder) -> list[list[np.ndarray]]:
    """The pixels of each image in each way, made by the browser's module."""
    shutil.copy(ROOT / "workflow/deploy/web/pixels.js", folder)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "run.js").write_text(SCRIPT)
    asked = []
    for number, image in enumerate(images):
        (folder / f"{number}.rgba").write_bytes(image.convert("RGBA").tobytes())
        ways_of_image = [{"size": one.size, "fit": one.fit, "resample": one.resample} for one in ways]
        asked.append({"width": image.width, "height": image.height, "ways": ways_of_image})
    (folder / "images.json").write_text(json.dumps(asked))
    subprocess.run(["node", "run.js"], cwd=folder, check=True)
    return [
        [
            np.frombuffer((folder / f"{number}-{way}.rgb").read_bytes(), np.uint8).reshape(one.size, one.size, 3)
            for way, one in enumerate(ways)
        ]
        for number in range(len(images))
    ]


@pytest.mark.skipif(not shutil.which("node"), reason="Node is not installed")
def test_the_browser_takes_the_same_pixels_in_every_bit(tmp_path):
    images = [noise(*size) for size in SIZES]
    for orientation in (3, 6, 8):
        exif = Image.Exif()
        exif[0x0112] = orientation
        image = noise(45, 80)
        image.info["exif"] = exif.tobytes()
        images.append(ImageOps.exif_transpose(image))
    ways = [Pixels(size, *way) for size in (8, 32, 33, 96, 160) for way in WAYS]
    for image, found in zip(images, in_node(images, ways, tmp_path), strict=True):
        for pixels, array in zip(ways, found, strict=True):
            expected = resized(image, pixels.size, pixels.fit, pixels.resample)
            np.testing.assert_array_equal(array, expected, err_msg=f"{image.size} {pixels}")


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    """A folder with photos of different shapes."""
    folder = tmp_path_factory.mktemp("photos")
    for number, size in enumerate([(40, 30), (30, 47), (200, 64)]):
        noise(*size).save(folder / f"{number}.png")
    return folder


@pytest.mark.parametrize("way", WAYS, ids="-".join)
def test_an_exported_network_says_its_pixels_and_gets_them_from_the_bundle_and_from_classify(way, photos, tmp_path):
    pixels = Pixels(32, *way)
    file = network_of(pixels, tmp_path / "model.onnx")
    network = open_network(file)
    assert network.pixels == pixels
    assert network.card.keys() & {"fit", "resample"} == {
        key for key, value in asdict(pixels).items() if value in ("crop", "antialias")
    }
    images = [resized_pixels(photo.read_bytes(), pixels) for photo in sorted(photos.iterdir())]
    expected = probabilities(network, np.stack(images))[:, 1]
    others = [resized_pixels(photo.read_bytes(), Pixels(32, "crop", "nearest")) for photo in sorted(photos.iterdir())]
    assert way == ("crop", "nearest") or np.abs(probabilities(network, np.stack(others))[:, 1] - expected).min() > 1e-4

    shutil.copy(ROOT / "workflow/deploy/classify.py", tmp_path)
    for module in (decoding, answers):
        shutil.copy(module.__file__, tmp_path)
    done = subprocess.run(
        [sys.executable, tmp_path / "classify.py", photos], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    of_bundle = pd.read_csv(io.StringIO(done.stdout))
    np.testing.assert_allclose(of_bundle["probability_of_dog"], expected, atol=1e-6)

    table = tmp_path / "photos.csv"
    (tmp_path / "teacher.json").write_text(json.dumps({"bytes": {"float32": 1}}))
    measured = {"teacher": tmp_path / "teacher.json"}
    classify_photos(photos, {"teacher": file}, measured, ["cat", "dog"], "", table, tmp_path / "sheet.png", 1)
    np.testing.assert_allclose(pd.read_csv(table)["teacher_probability_of_dog"], expected, atol=1e-6)


def test_the_page_knows_the_pixels_of_each_network(tmp_path):
    given = {"teacher": Pixels(48, "crop", "antialias"), "soft-0": Pixels(32)}
    networks = {name: network_of(pixels, tmp_path / f"{name}.onnx") for name, pixels in given.items()}
    measured = {"bytes": {"int8": 1}, "int8": {"accuracy_int8": 0.5}}
    measurements = {name: tmp_path / f"{name}.json" for name in given}
    for path in measurements.values():
        path.write_text(json.dumps(measured))
    copies = [tmp_path / f"web/{name}.onnx" for name in given]
    files = {"page": [], "networks": copies, "examples": [], "facts": tmp_path / "page.json"}
    (tmp_path / "web").mkdir()
    (tmp_path / "splits.csv").write_text("image_id,split\n1,train\n2,test\n")
    write_page(networks, measurements, ["cat", "dog"], "int8", "", "drawings", tmp_path / "splits.csv", [], files)
    facts = json.loads((tmp_path / "page.json").read_text())
    assert [one["pixels"] for one in facts["networks"]] == [asdict(pixels) for pixels in given.values()]


def test_a_crop_is_the_middle_square_and_what_is_beyond_it_counts_only_at_its_edge():
    image = noise(40, 25)
    square = image.crop((7, 0, 32, 25))
    np.testing.assert_array_equal(resized(image, 25, "crop"), np.asarray(square))
    np.testing.assert_array_equal(resized(image, 25, "crop", "antialias"), np.asarray(square))
    np.testing.assert_array_equal(resized(image, 10, "crop"), resized(square, 10))
    whole, alone = resized(image, 5, "crop", "antialias"), resized(square, 5, "squash", "antialias")
    np.testing.assert_array_equal(whole[:, 2], alone[:, 2])
    assert (whole[:, 0] != alone[:, 0]).any()


def test_antialias_keeps_the_mean_of_a_pattern_that_nearest_loses():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 200
    image = Image.fromarray(stripes)
    assert np.abs(resized(image, 16, "squash", "antialias").astype(int) - 100)[:, 2:-2].max() <= 1
    assert len(np.unique(resized(image, 16, "squash", "nearest"))) == 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_upright_before_it_is_cropped(orientation):
    image = noise(45, 80)
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    image.save(file, "PNG", exif=exif)
    expected = resized(ImageOps.exif_transpose(Image.open(file)), 32, "crop", "antialias")
    np.testing.assert_array_equal(resized(decode(file.getvalue()), 32, "crop", "antialias"), expected)
    other = Pixels(32, "crop", "antialias")
    np.testing.assert_array_equal(resized_pixels(file.getvalue(), other), expected)


def test_each_network_is_timed_on_its_own_pixels(photos, tmp_path):
    """Networks of other sizes are called with arrays and image files of their size."""
    files = sorted(photos.iterdir())
    index = pd.DataFrame(
        {"image_id": [photo.stem for photo in files], "member": [f"a/{photo.name}" for photo in files]}
    )
    index["label"], index["split"] = 0, "test"
    index.to_csv(tmp_path / "index.csv", index=False)
    archive = tmp_path / "archive"
    shutil.copytree(photos, archive / "a")
    given = {"teacher": Pixels(48, "crop", "antialias"), "soft-0": Pixels(32)}
    arrays, seen = {}, {name: [] for name in given}
    for name, pixels in given.items():
        arrays[name] = tmp_path / f"{name}.npy"
        np.save(arrays[name], np.stack([resized_pixels(photo.read_bytes(), pixels) for photo in files]))
    answers = {
        (name, "a runtime", "float32"): lambda batch, name=name: seen[name].append(batch.copy()) for name in given
    }
    table = tmp_path / "index.csv"
    images = TimedImages(archive, table, table, arrays, given)
    calls = time_calls(answers, images, 2, 1, batch_sizes=(3,))
    assert len(calls) == 2 * 2
    for name, batches in seen.items():
        for batch in batches:  # from the array, and from the files in another order
            np.testing.assert_array_equal(np.sort(batch, axis=0), np.sort(np.load(arrays[name]), axis=0))
