"""The predictions of a teacher from elsewhere, in a CSV that the user gives."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from snakedistill.core.by_image import ByImage
from snakedistill.core.errors import InputError, some
from snakedistill.core.files import read_csv
from snakedistill.core.outputs import (
    columns,
    logits_of_probabilities,
    number_of_outputs,
    probabilities_of_logits,
)

ID, PATH = "image_id", "path"
"""Columns that name an image: the first of these that the file has counts."""
BOUNDS = {"probability": (0.0, 1.0), "logit": (-float(np.finfo(np.float32).max), float(np.finfo(np.float32).max))}
"""Quantities, of which the file has the columns of one, and the least and the greatest value."""
SUM_WITHIN = 1e-3
"""How far from 1 the probabilities of more than two classes may sum to."""
HOW_TO_GIVE_IT = "see docs/bring-your-own-teacher.md"
_ROWS_AT_ONCE = 1000


def wrong_columns(path: str | Path, classes: Sequence[str]) -> str | None:
    """What was expected of the columns of a file of predictions, and what it has; None where it can be read.

    Args:
        path: CSV, see `read_given_predictions`.
        classes: names; the position of a name is its label.
    """
    header, _ = next(_lines(path), ([], 0))
    got = some(header) or "an empty file"
    lacking = _lacking(header, classes)
    complete = sum(not names for names in lacking.values())
    if ID not in header and PATH not in header:
        expected = f"a column {ID} or {PATH}"
    elif complete == 1:
        return None
    elif number_of_outputs(len(classes)) == 1:
        expected = f"one column of {' and '.join(BOUNDS)}"
    elif complete:
        expected = f"columns of one of {' and '.join(BOUNDS)}"
    else:
        meant = min(BOUNDS, key=lambda what: len(lacking[what]))
        expected, got = f"columns {some(columns(meant, classes))}", f"{got}, without {some(lacking[meant])}"
    return f"expected {expected} in {path}, got {got}: {HOW_TO_GIVE_IT}"


def read_given_predictions(path: str | Path, index: str | Path, classes: Sequence[str]) -> ByImage:
    """Read and check the predictions that a user gives.

    The other of probability and logit is computed in float64. Of two classes probability = 1 / (1 + exp(-logit)), and
    logit = log(p / (1 - p)), where the logit of a probability of exactly 0 or 1 is that of float32's nearest value
    between. Of more classes the probabilities are the softmax of the logits; or they are divided by their sum, and
    logit = log(p), where a probability below float32's smallest positive value counts as that.

    Args:
        path: CSV with image_id, or path (`member` of the index), and the columns of probability or those of logit, see
            `core.outputs.columns`, in any order; further columns are ignored.
        index: CSV of the usable images: image_id, member.
        classes: names; the position of a name is its label.

    Returns:
        `logit` and `probability`, float32 [n, 1] for two classes, else [n, K], in the order of the file.

    Raises:
        InputError: the file lacks a column; or a row is of no image of the index, repeats an image, has no number
            within the bounds, or has probabilities of more than two classes that do not sum to 1. The message names
            the first such row by its line in the file, its image and its value.
    """
    if (wrong := wrong_columns(path, classes)) is not None:
        raise InputError(wrong)
    lines = _lines(path)
    header, _ = next(lines)
    name = ID if ID in header else PATH
    what = next(what for what, names in _lacking(header, classes).items() if not names)
    of_outputs = columns(what, classes)
    place = {column: number for number, column in enumerate(header)}
    places = [place[column] for column in of_outputs]
    known = read_csv(index)
    ids = dict(zip(known[ID if name == ID else "member"], known[ID], strict=True))
    # With one output the digits of 1 - p count, which float32 lacks. With many, float64 would fill the memory.
    given = np.empty((len(ids), len(places)), np.float64 if len(places) == 1 else np.float32)
    line_of: dict[str, int] = {}
    for cells, line in lines:
        cells += [""] * (len(header) - len(cells))
        image, texts = cells[place[name]], [cells[number] for number in places]
        where = f"{path}, line {line}, {name} {image!r}"
        if image not in ids:
            raise InputError(
                f"{where}: expected predictions of the images in {index}, got a row of other images, of which this is "
                f"the first: remove these rows, or give the archive that they are of"
            )
        if ids[image] in line_of:
            first_line = line_of[ids[image]]
            raise InputError(f"{where}: expected one row of each image, got a second one after line {first_line}")
        given[len(line_of)] = _checked(texts, what, of_outputs, where)
        line_of[ids[image]] = line
    given = given[: len(line_of)]
    computed = np.empty(given.shape, np.float32)
    for start in range(0, len(given), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        convert = logits_of_probabilities if what == "probability" else probabilities_of_logits
        computed[rows] = convert(given[rows].astype(np.float64))
    given = given.astype(np.float32, copy=False)
    logit, probability = (computed, given) if what == "probability" else (given, computed)
    return ByImage(pd.Series(list(line_of), name=ID, dtype=str), {"logit": logit, "probability": probability})


def _lacking(header: list[str], classes: Sequence[str]) -> dict[str, list[str]]:
    """The columns that the file lacks of each quantity."""
    present = set(header)
    return {what: [column for column in columns(what, classes) if column not in present] for what in BOUNDS}


def _lines(path: str | Path) -> Iterator[tuple[list[str], int]]:
    """The cells of each line that has some, and the number of the line, from 1."""
    with Path(path).open(encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
        reader = csv.reader(file)
        try:
            for cells in reader:
                if cells:
                    yield cells, reader.line_num
        except csv.Error as error:
            raise InputError(f"{path}, line {reader.line_num}: expected a CSV, got {error}: {HOW_TO_GIVE_IT}") from None


def _checked(texts: list[str], what: str, of_outputs: list[str], where: str) -> np.ndarray:
    """The outputs of an image, float64 [outputs]; probabilities of more than two classes sum to 1.

    Args:
        texts: cells of the row, one for each output.
        what: a key of `BOUNDS`.
        of_outputs: columns of these cells, for an error.
        where: file, line and image, for an error.

    Raises:
        InputError: a cell is no number within the bounds, or the probabilities sum to something else.
    """
    least, most = BOUNDS[what]
    values = _numbers(texts)
    outside = ~((least <= values) & (values <= most))  # so is NaN
    if outside.any():
        first = int(outside.argmax())
        expected = f"a number from {least:g} to {most:g}" if what == "probability" else "a finite number"
        raise InputError(f"{where}: expected {of_outputs[first]} to be {expected}, got {texts[first]!r}")
    if what == "logit" or len(values) == 1:
        return values
    total = values.sum()
    if round(abs(total - 1), 9) > SUM_WITHIN:
        raise InputError(
            f"{where}: expected the probabilities of {len(values)} classes to sum to 1 within {SUM_WITHIN:g}, got a "
            f"sum of {total:.6g}"
        )
    return values / total


def _numbers(texts: list[str]) -> np.ndarray:
    """float64 [n], NaN for what is no number."""
    try:
        return np.fromiter(map(float, texts), np.float64, len(texts))
    except ValueError:
        return np.array([_number(text) for text in texts])


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan
