"""Classify photos with an exported network. Needs requirements.txt, and decoding.py and answers.py beside it."""

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
from answers import answer_columns, cells
from decoding import decode, resized
from tqdm import tqdm

BATCH = 32
SUFFIXES = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".heic", ".heif", ".avif", ".tif", ".tiff"}


def photos_of(given: Path) -> list[Path]:
    """The file itself, or the images below a folder, sorted; hidden ones are skipped."""
    if not given.is_dir():
        return [given]
    below = [path for path in given.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()]
    return sorted(path for path in below if not any(part.startswith(".") for part in path.relative_to(given).parts))


def answered(
    photos: list[Path], session: onnxruntime.InferenceSession, pixels: dict, classes: list[str]
) -> Iterator[tuple]:
    """Each photo with the cells of its answer, or with the error that it met."""
    with tqdm(total=len(photos), unit="photo", disable=None) as bar:
        for batch in (photos[start : start + BATCH] for start in range(0, len(photos), BATCH)):
            found = {photo: image_or_error(photo, pixels) for photo in batch}
            images = [one for one in found.values() if isinstance(one, np.ndarray)]
            outputs = iter(session.run(["probability"], {"image": np.stack(images)})[0] if images else ())
            for photo, one in found.items():
                yield photo, one if isinstance(one, Exception) else cells(next(outputs), classes)
                bar.update()


def image_or_error(photo: Path, pixels: dict) -> np.ndarray | Exception:
    """The image for the network, uint8 [size, size, 3]; pixels: size, and fit and resample if they are not neutral."""
    try:
        return resized(decode(photo.read_bytes()), **pixels)
    except Exception as error:
        return error


def main() -> int:
    """Print CSV, or JSON Lines: a photo and its answer in each line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("given", nargs="+", type=Path, metavar="PHOTO_OR_FOLDER")
    beside = Path(__file__).resolve().with_name("model.onnx")
    parser.add_argument("--model", default=beside, type=Path, help="default: model.onnx beside this script")
    parser.add_argument("--json", action="store_true", help="print a JSON object in each line instead of CSV")
    arguments = parser.parse_args()
    try:
        session = onnxruntime.InferenceSession(arguments.model, providers=["CPUExecutionProvider"])
        card = session.get_modelmeta().custom_metadata_map
        classes, pixels = json.loads(card["classes"]), {"size": int(card["image_size"])}
        pixels |= {key: card[key] for key in ("fit", "resample") if key in card}
    except Exception as error:
        print(f"{arguments.model} cannot be loaded: {error}", file=sys.stderr)
        return 2
    photos = list(dict.fromkeys(photo for given in arguments.given for photo in photos_of(given)))
    if not photos:
        print(f"no photo found in {', '.join(map(str, arguments.given))}", file=sys.stderr)
    failed = 0 if photos else 2
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="")
    table = csv.writer(sys.stdout, lineterminator="\n")
    head = ["photo", *answer_columns(classes)]
    if not arguments.json:
        table.writerow(head)
    for photo, answer in answered(photos, session, pixels, classes):
        if isinstance(answer, Exception):
            tqdm.write(f"{photo} cannot be classified: {answer}", file=sys.stderr)
            failed = 1
        elif arguments.json:
            print(json.dumps(dict(zip(head, [str(photo), *answer], strict=True)), ensure_ascii=False))
        else:
            table.writerow([photo, *(f"{cell:.6f}" if isinstance(cell, float) else cell for cell in answer)])
    return failed


if __name__ == "__main__":
    sys.exit(main())
