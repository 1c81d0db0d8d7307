"""A CSV with a row for each image: path, label and, if the split is given, split."""

import csv
import io
import posixpath

from snakedistill.core.errors import InputError, nearest, some
from snakedistill.core.parts import PARTS, TRAIN
from snakedistill.data.archive import Archive
from snakedistill.data.layouts.layout import NO_LABEL, ClassNames, Image, Layout, Reading
from snakedistill.data.layouts.split_folders import PART_NAMES

PATH, LABEL, SPLIT = "path", "label", "split"


def read(archive: Archive, classes: list[str] | None) -> Reading | None:
    """The images that the CSV lists, see `Layout`.

    Paths are relative to the CSV, and are the ids of the images. Labels are names of classes. A row without a label is
    an image without one.

    Raises:
        InputError: two files could be the CSV, it is not UTF-8, a column is missing, or a row names a file that is not
            there, a file a second time, an unknown class or an unknown part; the message names file and line.
    """
    found = _csv_of(archive)
    if found is None:
        return None
    name, rows = found
    names = ClassNames(classes)
    images: list[Image] = []
    rejected: list[tuple[str, str]] = []
    lines: dict[str, int] = {}
    without_part = 0
    for line, row in rows:
        where = f"{name}, line {line}"
        path = (row[PATH] or "").strip()
        member = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
        if not path or member not in archive:
            raise InputError(f"{where}: there is no file {path!r}. Paths are relative to the CSV: correct the path")
        if member in lines:
            raise InputError(f"{where}: {path} stands in line {lines[member]} too. Remove one of the lines")
        lines[member] = line
        label, given = (row[LABEL] or "").strip(), (row.get(SPLIT) or "").strip()
        class_name = names.name(label) if label else None
        part = PART_NAMES.get(given.casefold())
        if SPLIT in row and label and not given:
            part, without_part = TRAIN, without_part + 1
        if label and class_name is None:
            known = classes or ()
            raise InputError(
                f"{where}: expected a label of {some(known)}, got {label!r}{nearest(label, known)}. Correct the label, "
                "see classes"
            )
        if SPLIT in row and label and part is None:
            raise InputError(f"{where}: expected a part in {SPLIT}, one of {', '.join(PARTS)}, got {given!r}")
        if class_name:
            images.append(Image(member, path, class_name, part))
        else:
            rejected.append((member, NO_LABEL))
    reason = f"not in {name}"
    rejected += [(member, reason) for member in archive.members if member not in lines and member != name]
    warnings = [
        f"{name} has no {SPLIT} for {without_part:,} of {len(images):,} images: they are of {TRAIN}, from which "
        "missing parts are sampled"
    ]
    return Reading(images, rejected, warnings if without_part else [])


def _csv_of(archive: Archive) -> tuple[str, list[tuple[int, dict[str, str]]]] | None:
    """The name of the CSV that lists the images, and its rows with their lines; None if there is none."""
    found = {}
    for member in archive.members:
        if not member.lower().endswith(".csv"):
            continue
        data = archive.read(member)
        columns = _columns(data)
        if {PATH, LABEL} <= set(columns):
            found[member] = _rows(member, data)
        elif archive.of_csv:
            raise InputError(f"{member}: expected columns {PATH} and {LABEL}, got {', '.join(columns)}")
    depths = {member: member.count("/") for member in found}
    nearest_root = [member for member in found if depths[member] == min(depths.values())]
    if len(nearest_root) > 1:
        raise InputError(
            f"{' and '.join(nearest_root)} both list images: put them into one CSV with a column {SPLIT}, or set "
            "archive to the path of one of them"
        )
    return (nearest_root[0], found[nearest_root[0]]) if found else None


def _columns(data: bytes) -> list[str]:
    """The columns that the first line of a file names; none where it is no line of a CSV."""
    first = (data.splitlines() or [b""])[0].decode("utf-8-sig", "replace")
    try:
        return next(csv.reader([first]), [])
    except csv.Error:
        return []


def _rows(name: str, data: bytes) -> list[tuple[int, dict[str, str]]]:
    """The rows of a CSV with the lines on which they end.

    Raises:
        InputError: it is not UTF-8, or not a CSV.
    """
    try:
        text = data.decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""))
        return [(reader.line_num, row) for row in reader]
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{name}, line {line}: expected UTF-8, got the byte {data[error.start]:#04x}: save the file as UTF-8"
        ) from error
    except csv.Error as error:
        raise InputError(f"{name}, line {reader.line_num}: expected a CSV, got {error}") from error


def expected(classes: list[str]) -> str:
    """The files that the layout expects, in words."""
    return f"a CSV with columns {PATH} and {LABEL}, and rows with the label {some(classes, ' and ')}"


def example(classes: list[str]) -> dict[str, str]:
    """A small archive, see `Layout`."""
    paths = {f"{name}-{number}.jpg": name for name in classes for number in range(2)}
    rows = "".join(f"{path},{name}\n" for path, name in paths.items())
    return dict.fromkeys(paths, "") | {"labels.csv": f"{PATH},{LABEL}\n{rows}"}


CSV_FILE = Layout(read, expected, example)
