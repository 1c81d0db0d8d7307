"""Reading Kaggle's archive: an outer zip with train.zip inside, or the same things as folders."""

import contextlib
import hashlib
import io
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pandas as pd
from PIL import Image

from snakedistill.errors import InputError
from snakedistill.files import write_csv

KAGGLE_COMMAND = "kaggle competitions download -c dogs-vs-cats"
INDEX_COLUMNS = ["image_id", "member", "label", "width", "height", "sha256"]
MAX_PIXELS = 100_000_000

Item = TypeVar("Item")
Result = TypeVar("Result")


class Archive:
    """The members of one part of an archive: their names, and a function that reads one.

    Attributes:
        members: names in natural order, as they stand in the zip or below the folder.
    """

    def __init__(self, members: list[str], read: Callable[[str], bytes]) -> None:
        self.members = sorted(members, key=_natural)
        self.read = read


@contextlib.contextmanager
def open_archive(path: str | Path, part: str = "train") -> Iterator[Archive]:
    """Open the labelled (`train`) or the unlabelled (`test1`) images of an archive for reading.

    Taken are: Kaggle's zip with `train.zip` and `test1.zip` inside; `train.zip` itself, or any zip of labelled images;
    a folder that holds these zips, folders of their names, or the labelled images. Where only labelled images are,
    the part `test1` is empty.

    Raises:
        InputError: nothing is there, or it is neither a zip nor a folder.
    """
    path = Path(path)
    with contextlib.ExitStack() as stack:
        if path.is_dir():
            if (path / f"{part}.zip").is_file():
                yield _from_zip(stack.enter_context(_zip(path / f"{part}.zip", path)), part, stack)
            elif (path / part).is_dir():
                yield _from_folder(path / part)
            else:
                yield _from_folder(path) if part == "train" else Archive([], path.joinpath)
        elif path.is_file():
            yield _from_zip(stack.enter_context(_zip(path, path)), part, stack)
        else:
            raise InputError(
                f"There is no archive at {path.absolute()}. Set `archive:` to Kaggle's zip or a folder with its "
                f"content (get it with `{KAGGLE_COMMAND}`), or to null for the built-in drawings."
            )


def sample_submission(path: str | Path) -> list[int] | None:
    """The ids of `sampleSubmission.csv`, in its order; None where the archive has none.

    Raises:
        InputError: the file has no column of whole numbers named id.
    """
    name = "sampleSubmission.csv"
    path = Path(path)
    if path.is_dir():
        if not (path / name).is_file():
            return None
        content = (path / name).read_bytes()
    else:
        with _zip(path, path) as outer:
            found = [member for member in outer.namelist() if Path(member).name == name]
            if not found:
                return None
            content = outer.read(found[0])
    try:
        return pd.read_csv(io.BytesIO(content))["id"].astype("int64").tolist()
    except (KeyError, ValueError) as error:
        raise InputError(f"{name} of {path}: a column id of whole numbers is needed; {error}") from error


def _zip(source: Path | io.IOBase, path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except zipfile.BadZipFile as error:
        raise InputError(
            f"{path} is not a readable zip file ({error}). Download it again: `{KAGGLE_COMMAND}`"
        ) from error


def _from_zip(outer: zipfile.ZipFile, part: str, stack: contextlib.ExitStack) -> Archive:
    inner = [name for name in outer.namelist() if Path(name).name == f"{part}.zip"]
    if inner:
        # A zip member cannot be read at random places, so the inner zip is copied out first.
        copy = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115, the stack closes it
        with outer.open(inner[0]) as source:
            shutil.copyfileobj(source, copy, 1 << 20)
        outer = stack.enter_context(_zip(copy, Path(outer.filename or "archive") / inner[0]))
    names = [name for name in outer.namelist() if not name.endswith("/")]
    of_part = [name for name in names if name.startswith(f"{part}/")]
    return Archive(of_part or (names if part == "train" or inner else []), outer.read)


def _from_folder(folder: Path) -> Archive:
    names = [file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()]
    return Archive(names, lambda name: (folder / name).read_bytes())


def _natural(name: str) -> list[int | str]:
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def decode(data: bytes) -> Image.Image:
    """Decode the bytes of one image file to an RGB image.

    Raises:
        InputError: the bytes are not a whole image, or it has more than `MAX_PIXELS` pixels.
    """
    try:
        image = Image.open(io.BytesIO(data))
        if image.width * image.height > MAX_PIXELS:
            raise InputError(f"{image.width} x {image.height} pixels, more than {MAX_PIXELS:,} are not decoded")
        return image.convert("RGB")
    except InputError:
        raise
    except Exception as error:  # Pillow's decoders raise many kinds, SyntaxError and struct.error among them
        reason = str(error) or type(error).__name__
        reason = reason.split(" <_io.BytesIO")[0]
        raise InputError(f"cannot be decoded: {reason}") from error


def write_index(
    archive: str | Path, classes: dict[str, int], index: str | Path, rejected: str | Path, threads: int
) -> None:
    """Decode every image of `archive` once and list the usable ones and the others.

    Args:
        archive: path of the archive, see `open_archive`.
        classes: label by class name; an image of class `cat` is a file named `cat.<number>.jpg`.
        index: CSV to write: image_id, member, label, width, height (pixels), sha256 of the file's bytes;
            ordered by label, then by number.
        rejected: CSV to write: member, reason.
        threads: images decoded at once.

    Raises:
        InputError: there is no archive, or it has no usable image of a class; the counts are given.
    """
    pattern = re.compile(rf"({'|'.join(map(re.escape, classes))})\.\d+\.jpe?g", re.IGNORECASE)
    usable: list[dict] = []
    left_out: list[dict] = []
    with open_archive(archive) as opened:
        wanted = []
        seen: set[str] = set()
        for member in opened.members:
            name = Path(member).name
            image_id = name.rsplit(".", 1)[0].lower()
            if not pattern.fullmatch(name):
                reason = f"not named <class>.<number>.jpg with a class of {', '.join(classes)}"
                left_out.append({"member": member, "reason": reason})
            elif image_id in seen:
                left_out.append({"member": member, "reason": f"a second image named {image_id}"})
            else:
                seen.add(image_id)
                wanted.append((member, image_id))

        def examine(member_and_id: tuple[str, str]) -> dict:
            member, image_id = member_and_id
            try:
                data = opened.read(member)
            except Exception as error:  # a damaged member: zipfile raises BadZipFile, zlib.error, EOFError, ...
                return {"member": member, "reason": f"cannot be read: {error or type(error).__name__}"}
            try:
                width, height = decode(data).size
            except InputError as error:
                return {"member": member, "reason": str(error)}
            return {
                "image_id": image_id,
                "member": member,
                "label": classes[image_id.split(".")[0]],
                "width": width,
                "height": height,
                "sha256": hashlib.sha256(data).hexdigest(),
            }

        for row in in_order(examine, wanted, threads):
            (left_out if "reason" in row else usable).append(row)

    counts = {name: sum(row["label"] == label for row in usable) for name, label in classes.items()}
    if not all(counts.values()):
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise InputError(
            f"{archive} lacks usable images of a class: {listed}; {len(left_out)} members were rejected"
            + (f", the first, {left_out[0]['member']}, because {left_out[0]['reason']}" if left_out else "")
            + ". Images must be named like cat.0.jpg and dog.0.jpg, see `classes:`."
        )
    usable.sort(key=lambda row: (row["label"], _natural(row["image_id"])))
    write_csv(pd.DataFrame(left_out, columns=["member", "reason"]), rejected)
    write_csv(pd.DataFrame(usable, columns=INDEX_COLUMNS), index)
    sizes = [row["width"] * row["height"] for row in usable]
    print(f"{len(usable)} usable images, {sum(sizes) / len(sizes) / 1e6:.3f} megapixel on average; {counts}")
    print(f"{len(left_out)} members rejected")


def in_order(function: Callable[[Item], Result], items: list[Item], threads: int, block: int = 256) -> Iterator[Result]:
    """Apply `function` to `items` on `threads` threads and yield the results in order, a block in memory at a time."""
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(items), block):
            yield from pool.map(function, items[start : start + block])
