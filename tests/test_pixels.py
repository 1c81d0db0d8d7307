"""The pixels that networks take: in Python, in the bundle, and in the browser's module, run by Node."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image, ImageOps

from snakedistill.core.pixels import Pixels
from snakedistill.data.decoding import resized

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


def in_node(images: list[Image.Image], ways: list[Pixels], folder) -> list[list[np.ndarray]]:
    """The pixels of each image in each way, made by the browser's module."""
    assert (node := shutil.which("node")), "Node is not installed"
    shutil.copy(ROOT / "workflow/deploy/web/pixels.js", folder)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "run.js").write_text(SCRIPT)
    asked = []
    for number, image in enumerate(images):
        (folder / f"{number}.rgba").write_bytes(image.convert("RGBA").tobytes())
        ways_of_image = [{"size": one.size, "fit": one.fit, "resample": one.resample} for one in ways]
        asked.append({"width": image.width, "height": image.height, "ways": ways_of_image})
    (folder / "images.json").write_text(json.dumps(asked))
    subprocess.run([node, "run.js"], cwd=folder, check=True)
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
