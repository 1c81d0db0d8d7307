"""The one reader of predictions from elsewhere: a CSV that the user gives, of a teacher or to be measured.

The columns of outputs are those of one quantity, in one of two spellings: `logit` or `probability` of class 1 of two
classes, or `logit.<class>` or `probability.<class>` of each class.
"""

import contextlib
import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
import yaml
from pandas.api.types import union_categoricals

from snakedistill.core.errors import InputError, some

ID, PATH = "image_id", "path"
"""Columns that name an image: the first of these that the file has counts."""
SEED = "seed"
BOUNDS = {"probability": (0.0, 1.0), "logit": (-float(np.finfo(np.float32).max), float(np.finfo(np.float32).max))}
"""Quantities, of which the file has the columns of one, and the least and the greatest value."""
SUM_WITHIN = 1e-3
"""How far from 1 the probabilities of all classes may sum to."""
PREDICTIONS, CONFIG = "predictions.csv", "config.yaml"
"""The files of an artefact, see `results.artefact`, that are read."""
_OF_ONE_RUN = (
    "run",
    "seeds",
    "archive",
    "paper",
    "reference",
    "export",
    "timing",
    "submission",
    "photos",
    "audit",
    "gpu",
)


@dataclass(frozen=True)
class Form:
    """What a file has to have, and where the user reads about it.

    Attributes:
        columns: names beside that of the image and those of the outputs; all but `SEED` are texts.
        see: the page of the docs, for the end of a message.
        optional: names of columns of texts that are read where they are there.
        classes: names, where these are known before the file is read; else the file says which there are.
    """

    columns: tuple[str, ...]
    see: str
    optional: tuple[str, ...] = ()
    classes: Sequence[str] | None = None


@dataclass(frozen=True)
class Outputs:
    """The outputs that a header shows.

    Attributes:
        quantity: key of `BOUNDS`.
        columns: those of the outputs.
        classes: names where each has a column, else None.
    """

    quantity: str
    columns: list[str]
    classes: list[str] | None


def wrong_columns(path: str | Path, form: Form) -> str | None:
    """What was expected of the columns of a file, and what it has; None where it can be read."""
    try:
        header = _header(path, form)
        _check_pool(path, form, header)
    except InputError as error:
        return str(error)
    got, found = some(header) or "an empty file", list(_outputs_in(header, form.classes))
    name = _name_of_image(header)
    lacking = [column for column in (name, *form.columns) if column not in header]
    either = {ID: f"{ID} or {PATH}"}
    used = [name, *form.columns, *form.optional, *(column for outputs in found for column in outputs.columns)]
    if lacking:
        needed, without = (
            ", ".join(either.get(one, one) for one in names) for names in ([name, *form.columns], lacking)
        )
        expected, got = f"columns {needed}", f"{got}, without {without}"
    elif not found and len(form.classes or ()) > 2:
        of_quantity = [[f"{what}.{one}" for one in form.classes or ()] for what in BOUNDS]
        meant = min(of_quantity, key=lambda columns: len(set(columns) - set(header)))
        without = some(column for column in meant if column not in set(header))
        expected, got = f"columns {some(meant)}", f"{got}, without {without}"
    elif len(found) != 1:
        expected = "columns of one of " + ", ".join((*BOUNDS, *(f"{what}.<class>" for what in BOUNDS)))
    elif found[0].classes is not None and (len(found[0].classes) < 2 or "" in found[0].classes):
        expected = f"a column {found[0].quantity}.<class> of each of two or more classes"
    elif repeated := [column for column in dict.fromkeys(used) if header.count(column) > 1]:
        expected, got = "each column once", f"several of {some(repeated)}"
    else:
        return None
    return f"expected {expected} in {path}, got {got}: {form.see}"


def read_rows(path: str | Path, form: Form) -> tuple["Rows", Outputs, np.ndarray]:
    """Read the columns that count, and check each by itself.

    Args:
        path: CSV; or an artefact of a run, a zip; or a folder of artefacts, whose rows count as those of one file, in
            the order of the artefacts' names.
        form: what it has to have.

    Returns:
        The rows; what their outputs are; and the outputs, float [rows, outputs]: float32, and probabilities of each
        class are divided by their sum; but probabilities of class 1 are float64, for the digits of 1 - p count.

    Raises:
        InputError: the file is no CSV, lacks a column, or a row does not fit its column. The message names the first
            such row by its number after the header.
    """
    if (wrong := wrong_columns(path, form)) is not None:
        raise InputError(wrong)
    header = _header(path, form)
    (outputs,) = _outputs_in(header, form.classes)
    name = _name_of_image(header)
    texts = [column for column in (name, *form.columns, *form.optional) if column in header and column != SEED]
    frame = _frame(path, form, outputs, texts).rename(columns={name: ID})
    rows = Rows(path, frame, name)
    return rows, outputs, _values(rows, form, outputs)


def artefacts_of(path: str | Path) -> list[Path]:
    """The artefacts that a path names: a zip, or those of a folder, by name; none where it is a CSV."""
    path = Path(path)
    if path.is_dir():
        return sorted(path.glob("*.zip"))
    return [path] if zipfile.is_zipfile(path) else []


@dataclass(frozen=True)
class Rows:
    """The rows of a file, and what to say of them.

    Attributes:
        path: of the file.
        frame: columns that count; texts as categories. The names of images are in the column `ID`.
        named_by: the column of the file that has these names.
    """

    path: str | Path
    frame: pd.DataFrame
    named_by: str

    def codes(self, column: str) -> np.ndarray:
        """Numbers of the texts of a column, int [rows]."""
        return self.frame[column].cat.codes.to_numpy()

    def names(self, column: str) -> np.ndarray:
        """The texts that the numbers stand for, object [texts]."""
        return self.frame[column].cat.categories.to_numpy(object)

    def first_of_each(self, column: str) -> np.ndarray:
        """The first row of each text of a column, int64 [texts]."""
        return first_places(self.codes(column), len(self.names(column)))

    def are(self, column: str, text: str) -> np.ndarray:
        """Where a column has a text, bool [rows]."""
        return (self.names(column) == text)[self.codes(column)]

    def images(self, rows: np.ndarray) -> pd.Series:
        """The ids of the images of some rows."""
        return pd.Series(self.names("image_id")[self.codes("image_id")[rows]], name="image_id", dtype=str)

    def where(self, row: int) -> str:
        """File, row and image, for the head of a message."""
        return f"{self.path}, row {row + 1}, image {self.frame['image_id'].iloc[row]!r}"

    def refuse(self, wrong: np.ndarray, column: str, expected: str, earlier: np.ndarray | None = None) -> None:
        """Raise an InputError that names the first row which is wrong, if there is one.

        Args:
            wrong: bool [rows].
            column: what is wrong.
            expected: what was expected of it, in words.
            earlier: the row that each one contradicts, int [rows].
        """
        if not wrong.any():
            return
        row = int(wrong.argmax())
        got = repr(self.frame[column].iloc[row])
        if earlier is not None:
            got += f" after {self.frame[column].iloc[earlier[row]]!r} in row {earlier[row] + 1}"
        raise InputError(f"{self.where(row)}: expected {column} to be {expected}, got {got}")


def first_places(numbers: np.ndarray, many: int) -> np.ndarray:
    """Where each of the numbers 0 to many - 1 first stands in an array, int64 [many]; -1 of one that is not there."""
    found = np.full(many, -1)
    found[numbers[::-1]] = np.arange(len(numbers))[::-1]
    return found


def _name_of_image(header: Sequence[str]) -> str:
    return PATH if PATH in header and ID not in header else ID


def _outputs_in(header: Sequence[str], classes: Sequence[str] | None) -> Iterator[Outputs]:
    """The outputs that are there in full; without known classes, those of any."""
    present = set(header)
    for what in BOUNDS:
        if what in present and (classes is None or len(classes) == 2):
            yield Outputs(what, [what], None)
        of_header = [column.removeprefix(f"{what}.") for column in header if column.startswith(f"{what}.")]
        names = of_header if classes is None else list(classes)
        columns = [f"{what}.{name}" for name in names]
        if columns and present.issuperset(columns):
            yield Outputs(what, columns, names)


@contextlib.contextmanager
def _opened(path: str | Path, form: Form) -> Iterator[IO[bytes]]:
    """The CSV itself, or that of an artefact.

    Raises:
        InputError: the zip is no artefact, or damaged.
    """
    if not artefacts_of(path):
        with Path(path).open("rb") as file:
            yield file
        return
    try:
        with zipfile.ZipFile(path) as artefact, artefact.open(PREDICTIONS) as file:
            yield file
    except (KeyError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise InputError(f"{path}: expected an artefact of a run with {PREDICTIONS}, got {error}: {form.see}") from None


def _header(path: str | Path, form: Form) -> list[str]:
    with _opened(_pooled(path, form)[0], form) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="backslashreplace", newline="")
        try:
            return next((cells for cells in csv.reader(text) if cells), [])
        except csv.Error as error:
            raise InputError(f"{path}: expected a CSV, got {error}: {form.see}") from None


def _pooled(path: str | Path, form: Form) -> list[Path]:
    """The files whose rows count together."""
    found = artefacts_of(path) or ([] if Path(path).is_dir() else [Path(path)])
    if not found:
        raise InputError(f"{path}: expected a folder of artefacts (.zip), got none in it: {form.see}")
    return found


def _check_pool(path: str | Path, form: Form, header: list[str]) -> None:
    """Raise an InputError where artefacts are of runs that differ in more than seeds and name, or in columns."""
    first, *others = _pooled(path, form)
    for other in others:
        if _header(other, form) != header:
            raise InputError(f"{other}: expected the columns of {first.name}, got {some(_header(other, form))}")
        ours, theirs = (_settings(one) for one in (first, other))
        if differing := [key for key in ours | theirs if ours.get(key) != theirs.get(key)]:
            raise InputError(
                f"{other}: expected the settings of {first.name} but for the seeds, got another {some(differing)}: "
                "predictions of different settings are not pooled"
            )


def _settings(artefact: Path) -> dict:
    """The settings of a run on which its predictions depend, and not its files and places."""
    with zipfile.ZipFile(artefact) as packed:
        config = yaml.safe_load(packed.read(CONFIG))
    return {key: value for key, value in config.items() if key not in _OF_ONE_RUN}


def _frame(path: str | Path, form: Form, outputs: Outputs, texts: list[str]) -> pd.DataFrame:
    """The columns that count: texts as categories, the seed int64, one output float64, more of them float32."""
    number = np.float64 if len(outputs.columns) == 1 else np.float32
    seed = [SEED] if SEED in form.columns else []
    types: dict[str, object] = {**dict.fromkeys(texts, "category"), **dict.fromkeys(seed, np.int64)}
    types |= dict.fromkeys(outputs.columns, number)
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # what these numbers become is refused
            frame = _read(path, form, types)
        # pandas takes texts that all look like numbers for numbers: 007 would be 7.
        if changed := [column for column in texts if frame[column].cat.categories.dtype.kind != "O"]:
            frame = frame.assign(**_read(path, form, dict.fromkeys(changed, object)).astype("category"))
    except (pd.errors.ParserError, UnicodeError) as error:
        raise InputError(f"{path}: expected a CSV in UTF-8, got {error}: {form.see}") from None
    except (ValueError, TypeError, OverflowError):
        raise InputError(_wrong_number(path, form, outputs, texts[0])) from None
    if frame.empty:
        raise InputError(f"{path}: expected rows of predictions, got the header alone: {form.see}")
    return frame


def _read(path: str | Path, form: Form, types: dict[str, object]) -> pd.DataFrame:
    """The columns that have a type; no cell counts as missing."""
    frames = []
    for one in _pooled(path, form):
        with _opened(one, form) as file:
            # In one piece, for pandas is slow to merge the categories of many.
            frames.append(pd.read_csv(file, usecols=list(types), dtype=types, keep_default_na=False, low_memory=False))
    if len(frames) == 1:
        return frames[0]
    joined = pd.concat(frames, ignore_index=True)
    categories = [column for column, kind in types.items() if kind == "category"]
    return joined.assign(**{column: union_categoricals([frame[column] for frame in frames]) for column in categories})


def _wrong_number(path: str | Path, form: Form, outputs: Outputs, name: str) -> str:
    """The first cell that is no seed or no output, in words."""
    seed = [SEED] if SEED in form.columns else []
    cells = _read(path, form, dict.fromkeys([name, *seed, *outputs.columns], str)).fillna("")
    least, most = BOUNDS[outputs.quantity]
    wrong = {}
    for column in (*seed, *outputs.columns):
        numbers = pd.to_numeric(cells[column], errors="coerce")
        if column == SEED:
            right = cells[column].str.fullmatch(r"[+-]?\d+") & (numbers.abs() < 2.0**63)
        else:
            right = (least <= numbers) & (numbers <= most)
        wrong[column] = ~right.to_numpy(bool)
    (row, *_), (place, *_) = np.nonzero(np.stack(list(wrong.values()), axis=1))
    column = list(wrong)[place]
    number = f"a number from {least:g} to {most:g}" if outputs.quantity == "probability" else "a finite number"
    expected = "a whole number" if column == SEED else number
    where = f"{path}, row {row + 1}, image {cells[name][row]!r}"
    return f"{where}: expected {column} to be {expected}, got {cells[column][row]!r}"


def _values(rows: Rows, form: Form, outputs: Outputs) -> np.ndarray:
    """The outputs, float [rows, outputs]; logits are float32, and probabilities of each class sum to 1."""
    least, most = BOUNDS[outputs.quantity]
    values = rows.frame[outputs.columns].to_numpy()
    if not ((least <= values) & (values <= most)).all():  # so is NaN
        raise InputError(_wrong_number(rows.path, form, outputs, rows.named_by))
    if outputs.quantity == "logit":
        return values.astype(np.float32, copy=False)
    if outputs.classes is None:
        return values
    total = values.sum(axis=1, dtype=np.float64)
    wrong = np.round(abs(total - 1), 6) > SUM_WITHIN  # float32 has 7 digits
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"{rows.where(row)}: expected the probabilities of {len(outputs.classes)} classes to sum to 1 within "
            f"{SUM_WITHIN:g}, got a sum of {total[row]:.6g}"
        )
    return (values / total[:, None]).astype(np.float32)
