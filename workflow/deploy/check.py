"""Check that the networks answer on this machine as they did where they were exported.

`golden.csv` has the probabilities that each file gave to the images of `golden/`, which enter it as they are. Needs
requirements.txt; the files for LiteRT also need the package ai-edge-litert.
"""

import argparse
import csv
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
ALLOWED = {"float32": 0.001, "int8": 0.1}  # processors round int8 differently
Answers = dict[tuple[str, str], np.ndarray]
"""Probabilities of the classes, float [K], by names of a network's file and of an image's."""


def main() -> int:
    """Print a line for each file; the status is 1 where one answers otherwise, 2 where none was checked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--answers", type=Path, help="a table like golden.csv that another program or device wrote; nothing is run then"
    )
    arguments = parser.parse_args()
    expected = read_answers(HERE / "golden.csv")
    try:
        answers = read_answers(arguments.answers) if arguments.answers else run(expected)
    except (OSError, ValueError) as error:
        print(f"{arguments.answers}: expected a table like golden.csv, got: {error}", file=sys.stderr)
        return 2
    by_file: dict[str, dict[str, float]] = {}
    for file, image in expected.keys() & answers.keys():
        difference = np.abs(answers[file, image] - expected[file, image]).max()
        by_file.setdefault(file, {})[image] = float(difference)
    if not by_file:
        print("no answer to check: expected a file and an image of golden.csv", file=sys.stderr)
        return 2
    passes = [as_expected(file, differences) for file, differences in sorted(by_file.items())]
    return 0 if all(passes) else 1


def as_expected(file: str, differences: dict[str, float]) -> bool:
    """Print whether a file answers as expected, by the differences of its probabilities by image."""
    allowed = ALLOWED["int8" if ".int8." in file else "float32"]
    worst, difference = max(differences.items(), key=lambda one: np.nan_to_num(one[1], nan=np.inf))
    passes = difference <= allowed  # False where it is not a number
    verdict = "as expected" if passes else "NOT AS EXPECTED"
    print(
        f"{file}: {verdict}; of {len(differences)} images {worst} differs most, by {difference:.2g} (limit {allowed:g})"
    )
    return passes


def read_answers(path: Path) -> Answers:
    """Read a table with the columns file and image, and one for the probability of each class."""
    with path.open(encoding="utf-8", newline="") as table:
        rows = list(csv.reader(table))[1:]
    return {(file, image): np.array(probabilities, float) for file, image, *probabilities in rows}


def run(expected: Answers) -> Answers:
    """The answers of the files that are here to the images that are here."""
    images = {
        name: np.asarray(Image.open(HERE / "golden" / name).convert("RGB"))
        for name in sorted({image for _, image in expected})
    }
    found: Answers = {}
    for file in dict.fromkeys(file for file, _ in expected):
        if not (HERE / file).is_file():
            print(f"{file}: not checked, not beside this script", file=sys.stderr)
            continue
        try:
            network = open_network(HERE / file)
        except ImportError as error:
            print(f"{file}: not checked, {error}: python -m pip install ai-edge-litert", file=sys.stderr)
            continue
        for name, image in images.items():
            output = network(image[None])[0]
            found[file, name] = np.array([1 - output[0], output[0]]) if len(output) == 1 else output
    return found


def open_network(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """From images uint8 [n, size, size, 3] to probabilities float32 [n, 1], of class 1 of two, or [n, K]."""
    if path.suffix == ".tflite":
        from ai_edge_litert.interpreter import Interpreter

        signature = Interpreter(str(path)).get_signature_runner()
        return lambda images: signature(image=images)["probability"]
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda images: session.run(["probability"], {"image": images})[0]


if __name__ == "__main__":
    sys.exit(main())
