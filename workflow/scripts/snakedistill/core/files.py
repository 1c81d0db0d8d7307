"""Files appear under their final names only when they are whole."""

import contextlib
import csv
import glob
import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
import yaml


@contextlib.contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; move it there when the block ends well, delete it when it does not.

    The temporary name keeps the suffix of `path`, because some writers choose their format by it. What a killed process
    left of an earlier try is deleted; a file has one writer at a time.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{glob.escape(path.stem)}.*{path.suffix}"):
        left.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())  # or a power cut could leave the final name with nothing behind it
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def copy_whole(source: str | Path, target: str | Path) -> None:
    """Copy a file's content; the target is whole or as it was."""
    with written_whole(target) as temporary:
        shutil.copyfile(source, temporary)


def name_of_folder(folder: str) -> str:
    """A name for what is made from a folder: the last 60 characters of its path, with hyphens for unsafe ones.

    8 digits of the path's SHA-256 follow where the name differs from the path, so that no two paths have one name.
    """
    path = Path(folder).as_posix()
    name = re.sub(r"[^\w.-]+", "-", path).strip("-.")[-60:]
    return name if name == path else f"{name}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"


_FLOAT_FORMAT = "%.9g"


def as_written(numbers: pd.Series) -> pd.Series:
    """Numbers with the digits that `write_csv` keeps of them."""
    return numbers.map(lambda number: float(_FLOAT_FORMAT % number), na_action="ignore").astype(float)


def write_csv(frame: pd.DataFrame, path: str | Path) -> None:
    """Write `frame` as CSV without its index.

    Floats keep 9 significant digits, enough to restore any float32. The bytes of a file name that is not UTF-8 are
    written as escapes.
    """
    with written_whole(path) as temporary:
        frame.to_csv(temporary, index=False, float_format=_FLOAT_FORMAT, lineterminator="\n", errors="backslashreplace")


_TEXT_COLUMNS = (
    *("image_id", "member", "class", "answer", "network", "family"),
    *("source", "taught_by", "independent", "one", "other"),
    *("form", "backbone"),
)
_NO_NUMBER = ["", "NA", "NaN", "nan"]


def read_csv(path: str | Path, dtype: Mapping[str, type] | None = None) -> pd.DataFrame:
    """Read a CSV with pandas. Ids, names of members, classes and networks stay the text that they are.

    A class may be named 3, an image 007, and a file NA. An empty name is an empty text.

    Args:
        path: CSV with a header.
        dtype: types of further columns by name.
    """
    columns = column_names(path)
    types = dict.fromkeys(set(columns) & set(_TEXT_COLUMNS), str) | dict(dtype or {})
    empty = {column: [] if column in _TEXT_COLUMNS else _NO_NUMBER for column in columns}
    return pd.read_csv(path, dtype=types, keep_default_na=False, na_values=empty)


def column_names(path: str | Path) -> list[str]:
    """The names in the header of a CSV, none of an empty file; pandas takes ten times as long for many columns."""
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        return next(filter(None, csv.reader(file)), [])


def write_text(text: str, path: str | Path) -> None:
    """Write `text` as UTF-8."""
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_yaml(data: dict, path: str | Path) -> None:
    """Write `data` as YAML, keys in their order."""
    write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), path)
