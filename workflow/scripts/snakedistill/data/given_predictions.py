"""The predictions of a teacher from elsewhere, in a CSV that the user gives."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from snakedistill.core.errors import InputError
from snakedistill.core.files import read_csv

ID, PATH = "image_id", "path"
"""Columns that name an image: the first of these that the file has counts."""
BOUNDS = {"probability": (0.0, 1.0), "logit": (-float(np.finfo(np.float32).max), float(np.finfo(np.float32).max))}
"""Columns with predictions, of which the file has one, and the least and the greatest value."""
HOW_TO_WRITE_IT = "see docs/bring-your-own-teacher.md"


def wrong_columns(path: str | Path) -> str | None:
    """What was expected of the columns of a file of predictions, and what it has; None where it can be read."""
    columns, _ = next(_lines(path), ([], 0))
    if ID not in columns and PATH not in columns:
        expected = f"a column {ID} or {PATH}"
    elif sum(column in columns for column in BOUNDS) != 1:
        expected = f"one column of {' and '.join(BOUNDS)}"
    else:
        return None
    return f"expected {expected} in {path}, got {', '.join(columns) or 'an empty file'}: {HOW_TO_WRITE_IT}"


def read_given_predictions(path: str | Path, index: str | Path) -> pd.DataFrame:
    """Read and check the predictions that a user gives.

    The other of probability and logit is computed in float64: probability = 1 / (1 + exp(-logit)), and logit =
    log(p / (1 - p)), where the logit of a probability of exactly 0 or 1 is that of float32's nearest value between.

    Args:
        path: CSV with image_id, or path (`member` of the index), and probability (of class 1) or logit; further columns
            are ignored.
        index: CSV of the usable images: image_id, member.

    Returns:
        image_id, logit, probability (float32), in the order of the file.

    Raises:
        InputError: the file lacks a column; or a row is of no image of the index, repeats an image, or has no number
            within the bounds. The message names the first such row by its line in the file, its image and its value.
    """
    if (wrong := wrong_columns(path)) is not None:
        raise InputError(wrong)
    lines = _lines(path)
    columns, _ = next(lines)
    name = ID if ID in columns else PATH
    what = next(column for column in BOUNDS if column in columns)
    least, most = BOUNDS[what]
    known = read_csv(index)
    ids = dict(zip(known[ID if name == ID else "member"], known[ID], strict=True))
    found: dict[str, tuple[int, float]] = {}
    for cells, line in lines:
        row = dict(zip(columns, cells, strict=False))
        image, text = row.get(name, ""), row.get(what, "")
        where = f"{path}, line {line}, {name} {image!r}"
        if image not in ids:
            raise InputError(
                f"{where}: expected predictions of the images in {index}, got a row of other images, of which this is "
                f"the first: remove these rows, or give the archive that they are of"
            )
        if ids[image] in found:
            raise InputError(
                f"{where}: expected one row of each image, got a second one after line {found[ids[image]][0]}"
            )
        value = _number(text)
        if not least <= value <= most:  # nor is NaN
            expected = f"a number from {least:g} to {most:g}" if what == "probability" else "a finite number"
            raise InputError(f"{where}: expected {what} to be {expected}, got {text!r}")
        found[ids[image]] = line, value
    values = np.array([value for _, value in found.values()], dtype=np.float64)
    probability = values if what == "probability" else _sigmoid(values)
    logit = _logit(values) if what == "probability" else values
    frame = pd.DataFrame({ID: list(found), "logit": logit, "probability": probability})
    return frame.astype({"logit": np.float32, "probability": np.float32})


def _lines(path: str | Path) -> Iterator[tuple[list[str], int]]:
    """The cells of each line that has some, and the number of the line, from 1."""
    with Path(path).open(encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
        reader = csv.reader(file)
        try:
            for cells in reader:
                if cells:
                    yield cells, reader.line_num
        except csv.Error as error:
            raise InputError(
                f"{path}, line {reader.line_num}: expected a CSV, got {error}: {HOW_TO_WRITE_IT}"
            ) from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _sigmoid(logit: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0.0, -logit))


def _logit(probability: np.ndarray) -> np.ndarray:
    zero, one = np.float32(0), np.float32(1)
    inside = np.where(probability == 0, np.nextafter(zero, one), probability)
    inside = np.where(probability == 1, np.nextafter(one, zero), inside)
    return np.log(inside / (1 - inside))
