"""Classify photos with an exported network. Needs numpy, onnxruntime, pillow; decoding.py and answers.py beside it."""

import argparse
import csv
import json
import sys
from pathlib import Path

import onnxruntime
from answers import cells, columns
from decoding import decode, resized

SUFFIXES = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".heic", ".heif", ".avif", ".tif", ".tiff"}


def photos_of(given: Path) -> list[Path]:
    """The file itself, or the images below a folder, sorted; hidden ones are skipped."""
    if not given.is_dir():
        return [given]
    below = [path for path in given.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()]
    return sorted(path for path in below if not any(part.startswith(".") for part in path.relative_to(given).parts))


def main() -> int:
    """Print CSV: a photo and its answer in each line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("given", nargs="+", type=Path, metavar="PHOTO_OR_FOLDER")
    beside = Path(__file__).resolve().with_name("model.onnx")
    parser.add_argument("--model", default=beside, type=Path, help="default: model.onnx beside this script")
    arguments = parser.parse_args()
    try:
        session = onnxruntime.InferenceSession(arguments.model, providers=["CPUExecutionProvider"])
        card = session.get_modelmeta().custom_metadata_map
        classes, side = json.loads(card["classes"]), int(card["image_size"])
    except Exception as error:
        print(f"{arguments.model} cannot be loaded: {error}", file=sys.stderr)
        return 2
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="")
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["photo", *columns(classes)])
    photos = [photo for given in arguments.given for photo in photos_of(given)]
    failed = 0 if photos else 2
    if not photos:
        print(f"no photo found in {', '.join(map(str, arguments.given))}", file=sys.stderr)
    for photo in photos:
        try:
            pixels = resized(decode(photo.read_bytes()), side)
            ((output,),) = session.run(["probability"], {"image": pixels[None]})
            found = cells(output, classes)
            table.writerow([photo, *(f"{cell:.6f}" if isinstance(cell, float) else cell for cell in found)])
        except Exception as error:
            print(f"{photo} cannot be classified: {error}", file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
