"""Predictions of networks from elsewhere, in one CSV that the user gives to have them measured."""

import contextlib
import csv
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import yaml
from pandas.api.types import union_categoricals

from snakedistill.core.errors import InputError, nearest, some
from snakedistill.core.parts import PARTS, TEST
from snakedistill.data.given_predictions import BOUNDS, SUM_WITHIN

TEXTS, OPTIONAL = ("image_id", "label", "network"), ("split", "source")
SEED = "seed"
PREDICTIONS, CONFIG = "predictions.csv", "config.yaml"
"""The files of an artefact, see `results.artefact`, that an audit reads."""
HOW_TO_GIVE_IT = "see docs/audit.md"
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
_NUMBERS = ["0", "1"]
"""Names of two classes whose labels are numbers."""


@dataclass(frozen=True)
class AuditedPart:
    """The images of a part, and what the networks say of them.

    Attributes:
        image_id: text [n], in the order in which the file first names them.
        label: manual label, int64 [n].
        outputs: logits or probabilities, float [seeds, networks, n, outputs]; one output is of class 1, more are those
            of each class.
    """

    image_id: pd.Series
    label: np.ndarray
    outputs: np.ndarray


@dataclass(frozen=True)
class Audit:
    """Predictions of networks from elsewhere.

    Attributes:
        classes: names; the position of a name is its label.
        seeds: in ascending order; every network has all of them.
        networks: names, in the order of the file, but each source before the networks that it taught.
        sources: name of the source of each network, or None, in the order of the networks.
        quantity: what the outputs are, `logit` or `probability`.
        parts: those that have images, in the order of `PARTS`; the test part is among them.
    """

    classes: list[str]
    seeds: list[int]
    networks: list[str]
    sources: dict[str, str | None]
    quantity: str
    parts: dict[str, AuditedPart]


def wrong_columns(path: str | Path) -> str | None:
    """What was expected of the columns of a file to audit, and what it has; None where it can be read."""
    try:
        header = _header(path)
        _check_pool(path, header)
    except InputError as error:
        return str(error)
    got, ways = some(header) or "an empty file", list(_ways(header))
    lacking = [column for column in (*TEXTS, SEED) if column not in header]
    used = [*TEXTS, SEED, *OPTIONAL, *(column for way in ways for column in way.columns)]
    if lacking:
        expected, got = f"columns {', '.join((*TEXTS, SEED))}", f"{got}, without {some(lacking)}"
    elif len(ways) != 1:
        expected = "columns of one of " + ", ".join((*BOUNDS, *(f"{what}.<class>" for what in BOUNDS)))
    elif ways[0].classes is not None and (len(ways[0].classes) < 2 or "" in ways[0].classes):
        expected = f"a column {ways[0].quantity}.<class> of each of two or more classes"
    elif repeated := [column for column in dict.fromkeys(used) if header.count(column) > 1]:
        expected, got = "each column once", f"several of {some(repeated)}"
    else:
        return None
    return f"expected {expected} in {path}, got {got}: {HOW_TO_GIVE_IT}"


def read_audit(path: str | Path) -> Audit:
    """Read and check the predictions of networks from elsewhere.

    Args:
        path: CSV with the columns image_id, label, network, seed, and those of the outputs: `logit` or `probability` of
            class 1, or `logit.<class>` or `probability.<class>` of each class; perhaps split (without it all rows are
            of the test part) and source (empty for none). Further columns are ignored. Or an artefact of a run, a zip,
            or a folder of artefacts, whose rows count as those of one file, in the order of the artefacts' names.

    Returns:
        The predictions. They are float32, and probabilities of each class are divided by their sum; but probabilities
        of class 1 are float64, for the digits of 1 - p count.

    Raises:
        InputError: the file is no CSV, lacks a column, or a row does not fit its column or the other rows. The message
            names the first such row by its number after the header, or the network that lacks rows.
    """
    if (wrong := wrong_columns(path)) is not None:
        raise InputError(wrong)
    header = _header(path)
    (way,) = _ways(header)
    rows = _Rows(path, _frame(path, way, [column for column in (*TEXTS, *OPTIONAL) if column in header]))
    outputs = _outputs(rows, way)
    for column in ("image_id", "network"):
        rows.refuse(rows.are(column, ""), column, "a name")
    classes, label = _classes_and_labels(rows, way.classes)
    part = _parts(rows)
    first = rows.first_of_each("image_id")
    earlier = first[rows.codes("image_id")]
    rows.refuse(label != label[earlier], "label", "one label of each image", earlier)
    rows.refuse(part != part[earlier], "split", "each image in one part", earlier)
    sources = _sources(rows)
    groups = _groups(rows, list(sources))
    parts = {}
    for number, name in enumerate(PARTS):
        firsts = np.sort(first[part[first] == number])
        if len(firsts):
            row_of = _row_of_each(rows, groups, name, np.flatnonzero(part == number), firsts)
            shape = len(groups.seeds), len(groups.networks), len(firsts), outputs.shape[1]
            parts[name] = AuditedPart(rows.images(firsts), label[firsts], outputs[row_of].reshape(shape))
    if TEST not in parts:
        raise InputError(f"{path}: expected rows of the part {TEST}, got rows of {some(parts)} alone: {HOW_TO_GIVE_IT}")
    return Audit(classes, groups.seeds, groups.networks, sources, way.quantity, parts)


@dataclass(frozen=True)
class _Way:
    """A way to give outputs that a header shows.

    Attributes:
        quantity: key of `BOUNDS`.
        columns: those of the outputs.
        classes: names where each has a column, else None.
    """

    quantity: str
    columns: list[str]
    classes: list[str] | None


def artefacts_of(path: str | Path) -> list[Path]:
    """The artefacts that a path names: a zip, or those of a folder, by name; none where it is a CSV."""
    path = Path(path)
    if path.is_dir():
        return sorted(path.glob("*.zip"))
    return [path] if zipfile.is_zipfile(path) else []


@contextlib.contextmanager
def _opened(path: str | Path) -> Iterator[BinaryIO]:
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
        raise InputError(
            f"{path}: expected an artefact of a run with {PREDICTIONS}, got {error}: {HOW_TO_GIVE_IT}"
        ) from None


def _header(path: str | Path) -> list[str]:
    with _opened(_pooled(path)[0]) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="backslashreplace", newline="")
        try:
            return next((cells for cells in csv.reader(text) if cells), [])
        except csv.Error as error:
            raise InputError(f"{path}: expected a CSV, got {error}: {HOW_TO_GIVE_IT}") from None


def _pooled(path: str | Path) -> list[Path]:
    """The files whose rows count together."""
    found = artefacts_of(path) or ([] if Path(path).is_dir() else [Path(path)])
    if not found:
        raise InputError(f"{path}: expected a folder of artefacts (.zip), got none in it: {HOW_TO_GIVE_IT}")
    return found


def _check_pool(path: str | Path, header: list[str]) -> None:
    """Raise an InputError where artefacts are of runs that differ in more than seeds and name, or in columns."""
    first, *others = _pooled(path)
    for other in others:
        if _header(other) != header:
            raise InputError(f"{other}: expected the columns of {first.name}, got {some(_header(other))}")
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


def _ways(header: list[str]) -> Iterator[_Way]:
    for what in BOUNDS:
        if what in header:
            yield _Way(what, [what], None)
        if of_classes := [column for column in header if column.startswith(f"{what}.")]:
            yield _Way(what, of_classes, [column.removeprefix(f"{what}.") for column in of_classes])


def _frame(path: str | Path, way: _Way, texts: list[str]) -> pd.DataFrame:
    """The columns that count: texts as categories, the seed int64, one output float64, more of them float32."""
    number = np.float64 if len(way.columns) == 1 else np.float32
    types = dict.fromkeys(texts, "category") | {SEED: np.int64} | dict.fromkeys(way.columns, number)
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # what these numbers become is refused
            frame = _read(path, types)
        # pandas takes texts that all look like numbers for numbers: 007 would be 7.
        if changed := [column for column in texts if frame[column].cat.categories.dtype.kind != "O"]:
            frame = frame.assign(**_read(path, dict.fromkeys(changed, object)).astype("category"))
    except (pd.errors.ParserError, UnicodeError) as error:
        raise InputError(f"{path}: expected a CSV in UTF-8, got {error}: {HOW_TO_GIVE_IT}") from None
    except (ValueError, TypeError, OverflowError):
        raise InputError(_wrong_number(path, way)) from None
    if frame.empty:
        raise InputError(f"{path}: expected rows of predictions, got the header alone: {HOW_TO_GIVE_IT}")
    return frame


def _read(path: str | Path, types: dict[str, object]) -> pd.DataFrame:
    """The columns that have a type; no cell counts as missing."""
    frames = []
    for one in _pooled(path):
        with _opened(one) as file:
            # In one piece, for pandas is slow to merge the categories of many.
            frames.append(pd.read_csv(file, usecols=list(types), dtype=types, keep_default_na=False, low_memory=False))
    if len(frames) == 1:
        return frames[0]
    joined = pd.concat(frames, ignore_index=True)
    categories = [column for column, kind in types.items() if kind == "category"]
    return joined.assign(**{column: union_categoricals([frame[column] for frame in frames]) for column in categories})


def _wrong_number(path: str | Path, way: _Way) -> str:
    """The first cell that is no seed or no output, in words."""
    cells = _read(path, dict.fromkeys(["image_id", SEED, *way.columns], str))
    least, most = BOUNDS[way.quantity]
    wrong = {}
    for column in (SEED, *way.columns):
        numbers = pd.to_numeric(cells[column], errors="coerce")
        if column == SEED:
            right = cells[column].str.fullmatch(r"[+-]?\d+") & (numbers.abs() < 2.0**63)
        else:
            right = (least <= numbers) & (numbers <= most)
        wrong[column] = ~right.to_numpy(bool)
    (row, *_), (place, *_) = np.nonzero(np.stack(list(wrong.values()), axis=1))
    column = list(wrong)[place]
    expected = "a whole number" if column == SEED else _number_in_words(way.quantity)
    where = f"{path}, row {row + 1}, image {cells['image_id'][row]!r}"
    return f"{where}: expected {column} to be {expected}, got {cells[column][row]!r}"


def _number_in_words(quantity: str) -> str:
    least, most = BOUNDS[quantity]
    return f"a number from {least:g} to {most:g}" if quantity == "probability" else "a finite number"


@dataclass(frozen=True)
class _Rows:
    """The rows of a file, and what to say of them.

    Attributes:
        path: of the file.
        frame: columns that count; texts as categories.
    """

    path: str | Path
    frame: pd.DataFrame

    def codes(self, column: str) -> np.ndarray:
        """Numbers of the texts of a column, int [rows]."""
        return self.frame[column].cat.codes.to_numpy()

    def names(self, column: str) -> np.ndarray:
        """The texts that the numbers stand for, object [texts]."""
        return self.frame[column].cat.categories.to_numpy(object)

    def first_of_each(self, column: str) -> np.ndarray:
        """The first row of each text of a column, int64 [texts]."""
        return _first_places(self.codes(column), len(self.names(column)))

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


def _first_places(numbers: np.ndarray, many: int) -> np.ndarray:
    """Where each of the numbers 0 to many - 1 first stands in an array, int64 [many]; -1 of one that is not there."""
    found = np.full(many, -1)
    found[numbers[::-1]] = np.arange(len(numbers))[::-1]
    return found


def _outputs(rows: _Rows, way: _Way) -> np.ndarray:
    """The outputs, float [rows, outputs]; logits are float32, and probabilities of each class sum to 1."""
    least, most = BOUNDS[way.quantity]
    values = rows.frame[way.columns].to_numpy()
    if not ((least <= values) & (values <= most)).all():  # so is NaN
        raise InputError(_wrong_number(rows.path, way))
    if way.quantity == "logit":
        return values.astype(np.float32, copy=False)
    if way.classes is None:
        return values
    total = values.sum(axis=1, dtype=np.float64)
    wrong = np.round(abs(total - 1), 9) > SUM_WITHIN
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"{rows.where(row)}: expected the probabilities of {len(way.classes)} classes to sum to 1 within "
            f"{SUM_WITHIN:g}, got a sum of {total[row]:.6g}"
        )
    return (values / total[:, None]).astype(np.float32)


def _classes_and_labels(rows: _Rows, classes: list[str] | None) -> tuple[list[str], np.ndarray]:
    """Names of the classes, and the label of each row, int64 [rows].

    Args:
        rows: the rows.
        classes: names where the header has them; else the labels are 0 and 1, or two names in alphabetical order.
    """
    names, first = rows.names("label"), rows.first_of_each("label")
    rows.refuse(rows.are("label", ""), "label", "a class")
    if classes is None:
        classes = _NUMBERS if set(names) <= set(_NUMBERS) else sorted(names[np.argsort(first)[:2]])
        expected = f"one of two classes, {' or '.join(classes)}"
        if len(classes) < 2:
            raise InputError(f"{rows.path}: expected labels 0 and 1, or two names, got {classes[0]} in every row")
    else:
        expected = f"one of the classes of the columns, {some(classes)}"
    place = {name: number for number, name in enumerate(classes)}
    label = np.array([place.get(name, -1) for name in names])[rows.codes("label")]
    rows.refuse(label < 0, "label", expected)
    return classes, label


def _parts(rows: _Rows) -> np.ndarray:
    """The number of the part of each row, a place in `PARTS`, int64 [rows]."""
    if "split" not in rows.frame:
        return np.full(len(rows.frame), PARTS.index(TEST))
    place = {name: number for number, name in enumerate(PARTS)}
    part = np.array([place.get(name, -1) for name in rows.names("split")])[rows.codes("split")]
    rows.refuse(part < 0, "split", f"one of {', '.join(PARTS)}")
    return part


def _sources(rows: _Rows) -> dict[str, str | None]:
    """The source of each network, or None; each source stands before the networks that it taught."""
    names, first = rows.names("network"), rows.first_of_each("network")
    networks = list(names[np.argsort(first)])
    if "source" not in rows.frame:
        return dict.fromkeys(networks)
    code, taught_by = rows.codes("source"), rows.names("source")
    earlier = first[rows.codes("network")]
    rows.refuse(code != code[earlier], "source", "one source of each network", earlier)
    known = np.isin(taught_by.astype(str), ["", *networks])
    if not known.all():
        unknown = taught_by[int(code[~known[code]][0])]
        expected = f"empty or one of the networks, {some(networks)}{nearest(unknown, networks)}"
        rows.refuse(~known[code], "source", expected)
    sources = {name: taught_by[code[row]] or None for name, row in zip(names, first, strict=True)}
    return {network: sources[network] for network in _sources_first(rows.path, networks, sources)}


def _sources_first(path: str | Path, networks: list[str], sources: dict[str, str | None]) -> list[str]:
    """The networks in their order, but each source before the networks that it taught."""
    ordered: dict[str, None] = {}
    for network in networks:
        line: list[str] = []
        above: str | None = network
        while above is not None and above not in ordered:
            if above in line:
                circle = " <- ".join([*line[line.index(above) :], above])
                raise InputError(f"{path}: expected a network without a source at the head of each line, got {circle}")
            line.append(above)
            above = sources[above]
        ordered |= dict.fromkeys(reversed(line))
    return list(ordered)


@dataclass(frozen=True)
class _Groups:
    """The rows of each seed and network.

    Attributes:
        seeds: in ascending order.
        networks: names.
        of_rows: number of the seed times the number of networks, plus the number of the network, int64 [rows].
    """

    seeds: list[int]
    networks: list[str]
    of_rows: np.ndarray

    def in_words(self, number: int) -> str:
        """The network and the seed of a group."""
        seed, network = divmod(number, len(self.networks))
        return f"network {self.networks[network]!r}, seed {self.seeds[seed]}"


def _groups(rows: _Rows, networks: list[str]) -> _Groups:
    """Raises an InputError where a network lacks a seed that another one has."""
    place = {name: number for number, name in enumerate(networks)}
    network = np.array([place[name] for name in rows.names("network")])[rows.codes("network")]
    seed, seeds = pd.factorize(rows.frame[SEED], sort=True)
    groups = _Groups(list(map(int, seeds)), networks, seed * len(networks) + network)
    there = np.sort(pd.unique(groups.of_rows))
    if len(there) < len(seeds) * len(networks):
        lacking = int(np.append(np.flatnonzero(there != np.arange(len(there))), len(there))[0])
        raise InputError(
            f"{rows.path}: expected every network to have the same seeds, {some(groups.seeds)}, got no row of "
            f"{groups.in_words(lacking)}"
        )
    return groups


def _row_of_each(rows: _Rows, groups: _Groups, part: str, of_part: np.ndarray, firsts: np.ndarray) -> np.ndarray:
    """The row of each seed, network and image of a part, int64 [seeds * networks * n].

    Args:
        rows: the rows.
        groups: seeds and networks.
        part: name.
        of_part: rows of the part, int [rows of the part].
        firsts: first row of each image, int [n].

    Raises:
        InputError: an image has two rows of the same seed and network, or none.
    """
    images, many = len(firsts), len(groups.seeds) * len(groups.networks)
    place = np.empty(len(rows.names("image_id")), np.int64)
    place[rows.codes("image_id")[firsts]] = np.arange(images)
    image, group = place[rows.codes("image_id")[of_part]], groups.of_rows[of_part]
    if len(of_part) < many * images:  # before there is an array as large as that
        lacking = int((np.bincount(group, minlength=many) < images).argmax())
        absent = np.bincount(image[group == lacking], minlength=images) == 0
        example = rows.frame["image_id"].iloc[firsts[int(absent.argmax())]]
        raise InputError(
            f"{rows.path}: expected every network and seed to have the same images, got none of {absent.sum():,} of "
            f"the {images:,} images of the part {part} for {groups.in_words(lacking)}, for example {example!r}"
        )
    cell = group * images + image
    found = _first_places(cell, many * images)
    again = found[cell] != np.arange(len(cell))
    if again.any():
        second = int(again.argmax())
        where, whose = rows.where(of_part[second]), groups.in_words(int(group[second]))
        earlier = of_part[found[cell[second]]] + 1
        raise InputError(f"{where}: expected one row of each image of {whose}, got a second one after row {earlier}")
    return of_part[found]
