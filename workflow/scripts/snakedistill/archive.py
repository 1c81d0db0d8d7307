"""Reading Kaggle's archive: an outer zip with train.zip inside, or the same things as folders."""

import contextlib
import hashlib
import io
import os
import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TypeVar

import imagehash
import pandas as pd
from PIL import Image, ImageOps

from snakedistill.errors import InputError, no_room
from snakedistill.files import write_csv

KAGGLE_COMMAND = "kaggle competitions download -c dogs-vs-cats"
REJECTED_COLUMNS = ["member", "reason"]
INDEX_COLUMNS = ["image_id", "member", "label", "width", "height", "sha256", "perceptual_hash"]
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP")
# Brands in the `ftyp` box of ISO/IEC 23008-12 and of AV1 Image File Format; the more telling ones first.
BRANDS = {"avif": "AVIF", "avis": "AVIF", "heic": "HEIC", "heix": "HEIC", "mif1": "HEIF", "msf1": "HEIF"}
LEAST_SIDE = 8  # pixels
MAX_PIXELS = 50_000_000
MAX_SCANS = 100  # of a progressive JPEG; ten are usual, and each costs a pass over all pixels
MAX_BYTES = 64 << 20  # of one image file
MAX_GROWTH = 20  # of train.zip when it is unpacked; photographs hardly grow at all
WINDOWS_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)

Item = TypeVar("Item")
Result = TypeVar("Result")


class Archive:
    """The members of one part of an archive, and a function that reads one.

    Attributes:
        members: names in natural order, as they stand in the zip or below the folder.
        refused: members that are not read, with the reason.
    """

    def __init__(self, members: list[str], refused: list[tuple[str, str]], read: Callable[[str], bytes]) -> None:
        self.members = sorted(members, key=_natural)
        self.refused = sorted(refused)
        self._read = read

    def read(self, member: str) -> bytes:
        """The bytes of a member.

        Raises:
            InputError: it is damaged.
        """
        try:
            return self._read(member)
        except InputError:
            raise
        except Exception as error:  # zipfile and its decompressors raise BadZipFile, zlib.error, EOFError and others
            raise InputError(f"cannot be read: {error or type(error).__name__}") from error


@contextlib.contextmanager
def open_archive(path: str | Path, part: str = "train") -> Iterator[Archive]:
    """Open the labelled (`train`) or the unlabelled (`test1`) images of an archive for reading.

    Taken are: Kaggle's zip with `train.zip` and `test1.zip` inside; `train.zip` itself, or any zip of labelled images;
    a folder that holds these zips, folders of their names, or the labelled images. Where only labelled images are,
    the part `test1` is empty. Nothing is unpacked to a file with a name: a zip inside the zip goes to a nameless
    temporary file, images to memory.

    Raises:
        InputError: nothing is there, it is neither a zip nor a folder, or it is no honest zip.
    """
    path = Path(path)
    with contextlib.ExitStack() as stack:
        if path.is_dir():
            if (path / f"{part}.zip").is_file():
                yield _from_zip(stack.enter_context(_zip(path / f"{part}.zip", path)), part, stack)
            elif (path / part).is_dir():
                yield _from_folder(path / part)
            else:
                yield _from_folder(path) if part == "train" else Archive([], [], _nothing)
        elif path.is_file():
            yield _from_zip(stack.enter_context(_zip(path, path)), part, stack)
        else:
            raise InputError(
                f"There is no archive at {path.absolute()}. Set `archive:` to Kaggle's zip or a folder with its "
                f"content (get it with `{KAGGLE_COMMAND}`), or to null for the built-in drawings."
            )


def image_name(classes: list[str]) -> re.Pattern:
    """The pattern of the file name of a labelled image, for example `cat.0.jpg`."""
    return re.compile(rf"({'|'.join(map(re.escape, classes))})\.\d+\.jpe?g", re.IGNORECASE)


def names_of_images(path: Path) -> list[str] | None:
    """The file names, without folders, of an archive's labelled part; None where they are in a zip inside a zip.

    Raises:
        InputError: it is no readable zip.
    """
    if path.is_dir():
        if (path / "train.zip").is_file():
            return names_of_images(path / "train.zip")
        folder = path / "train" if (path / "train").is_dir() else path
        return [name for _, _, names in os.walk(folder) for name in names]
    with _zip(path, path) as zipped:
        names = [Path(member.filename).name for member in zipped.infolist() if not member.is_dir()]
    return None if "train.zip" in names else names


def sample_submission(path: str | Path) -> list[int] | None:
    """The ids of `sampleSubmission.csv`, in its order; None where the archive has none.

    Raises:
        InputError: the file has no column of whole numbers named id.
    """
    name = "sampleSubmission.csv"
    path = Path(path)
    try:
        if path.is_dir():
            if not (path / name).is_file():
                return None
            content = (path / name).read_bytes()
        else:
            with _zip(path, path) as outer:
                found = [member for member in outer.infolist() if Path(member.filename).name == name]
                if not found:
                    return None
                content = _unpacked(outer, found[0])
        return pd.read_csv(io.BytesIO(content))["id"].astype("int64").tolist()
    except Exception as error:  # of pandas, zipfile and its decompressors
        raise InputError(f"{name} of {path}: a column id of whole numbers is needed; {error}") from error


def _zip(source: Path | IO[bytes], path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except Exception as error:  # a damaged directory raises BadZipFile, UnicodeDecodeError, struct.error and others
        raise InputError(
            f"{path} is not a readable zip file ({error}). Download it again: `{KAGGLE_COMMAND}`"
        ) from error


def _from_zip(outer: zipfile.ZipFile, part: str, stack: contextlib.ExitStack) -> Archive:
    inner = [member for member in outer.infolist() if Path(member.filename).name == f"{part}.zip"]
    if inner:
        outer = stack.enter_context(_inner_zip(outer, inner[0], stack))
    members = [member for member in outer.infolist() if not member.is_dir()]
    of_part = [member for member in members if member.filename.startswith(f"{part}/")]
    chosen = of_part or (members if part == "train" or inner else [])
    by_name: dict[str, zipfile.ZipInfo] = {}
    refused = []
    overlapping = _overlapping(outer)
    for member in chosen:
        reason = _dishonest(member, MAX_BYTES) or (
            "overlaps another member" if member.header_offset in overlapping else ""
        )
        if not reason and member.filename in by_name:
            reason = "a second member of this name"
        if reason:
            refused.append((_printable(member.filename), reason))
        else:
            by_name[member.filename] = member
    return Archive(list(by_name), refused, lambda name: _unpacked(outer, by_name[name]))


def _inner_zip(outer: zipfile.ZipFile, member: zipfile.ZipInfo, stack: contextlib.ExitStack) -> zipfile.ZipFile:
    """Open a zip inside a zip; it cannot be read there at random places, so it is copied out first."""
    path = Path(outer.filename or "archive") / member.filename
    reason = _dishonest(member, MAX_GROWTH * max(member.compress_size, 1 << 20))
    if reason:
        raise InputError(f"{path}: {reason}. Download it again: `{KAGGLE_COMMAND}`")
    copy = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115, the stack closes it
    try:
        with outer.open(member) as source:
            shutil.copyfileobj(source, copy, 1 << 20)
    except Exception as error:  # as in Archive.read
        if (words := no_room(error)) is not None:
            raise InputError(
                f"{path} found no room in {tempfile.gettempdir()}: {words}. Make room there, or set TMPDIR to a folder "
                "that has it."
            ) from error
        raise InputError(f"{path} cannot be read: {error}. Download it again: `{KAGGLE_COMMAND}`") from error
    return _zip(copy, path)


def _dishonest(member: zipfile.ZipInfo, most: int) -> str:
    """Why a member is not read, or an empty text."""
    parts = member.filename.replace("\\", "/").split("/")
    if ".." in parts or parts[0] == "" or ":" in parts[0] or any(map(WINDOWS_DEVICES.fullmatch, parts)):
        return "its path leads out of the archive"
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return "a symbolic link or a special file"
    if member.flag_bits & 1:
        return "encrypted"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"packed with method {member.compress_type}; stored and deflated members are read"
    if member.file_size > most:
        return f"{member.file_size:,} bytes when unpacked, more than {most:,} are not read"
    return ""


def _overlapping(outer: zipfile.ZipFile) -> set[int]:
    """Header offsets of members that share bytes with another one, as in zip bombs."""
    found: set[int] = set()
    last_start, last_end = -1, 0
    for member in sorted(outer.infolist(), key=lambda member: member.header_offset):
        start = member.header_offset
        if start < last_end:
            found |= {start, last_start}
        # A header has 30 bytes before the name, and perhaps more after it.
        end = start + 30 + len(member.orig_filename.encode("utf-8", "surrogateescape")) + member.compress_size
        if end > last_end:
            last_start, last_end = start, end
    return found


def _unpacked(outer: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Bytes of a member, never more than it declares; if it has fewer or others, the checksum or the length tells."""
    with outer.open(member) as source:
        data = source.read(member.file_size)
    if len(data) != member.file_size:
        raise InputError(f"cannot be read: {len(data):,} bytes where {member.file_size:,} were declared")
    return data


def _from_folder(folder: Path) -> Archive:
    members, refused = [], []
    for parent, folders, names in os.walk(folder):
        for name in [*names, *(one for one in folders if Path(parent, one).is_symlink())]:
            path = Path(parent, name)
            relative = path.relative_to(folder).as_posix()
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                refused.append((_printable(relative), "a symbolic link or a special file"))
            elif status.st_size > MAX_BYTES:
                refused.append(
                    (_printable(relative), f"{status.st_size:,} bytes, more than {MAX_BYTES:,} are not read")
                )
            elif relative != _printable(relative):
                refused.append((_printable(relative), "its name is not UTF-8"))
            else:
                members.append(relative)
    return Archive(members, refused, lambda name: (folder / name).read_bytes())


def _nothing(name: str) -> bytes:
    raise KeyError(name)


def _printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def _natural(name: str) -> list[int | str]:
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def decode(data: bytes) -> Image.Image:
    """Decode the bytes of one image file to an RGB image, whatever its name says it is.

    Taken are JPEG, PNG, GIF, WebP and BMP. Greyscale, palette and CMYK become RGB; what is transparent becomes white;
    of several frames the first is taken; an image that lies on its side by its EXIF orientation is turned upright.

    Raises:
        InputError: the bytes are not a whole image of these kinds, or it has more than 8 bits a channel, less than
            `LEAST_SIDE` pixels on a side, or more than `MAX_PIXELS` in all.
    """
    try:
        if kind := _heif(data):
            raise InputError(f"{kind} is not supported: convert the photo to JPEG or PNG")
        scans = data.count(b"\xff\xda")
        if scans > MAX_SCANS and data.startswith(b"\xff\xd8"):
            raise InputError(f"a JPEG of {scans} scans, more than {MAX_SCANS} are not decoded")
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise InputError(f"{image.width} x {image.height} pixels, more than {MAX_PIXELS:,} are not decoded")
        if min(image.size) < LEAST_SIDE:
            raise InputError(f"{image.width} x {image.height} pixels, less than {LEAST_SIDE} on a side")
        if image.mode.startswith(("I", "F")):
            raise InputError("more than 8 bits a channel")
        return _upright(_opaque(image))
    except InputError:
        raise
    except Exception as error:  # Pillow's decoders raise many kinds, SyntaxError and struct.error among them
        reason = str(error) or type(error).__name__
        reason = reason.split(" <_io.BytesIO")[0]
        raise InputError(f"cannot be decoded: {reason}") from error


def _heif(data: bytes) -> str:
    """HEIC, HEIF or AVIF where the bytes begin as such a file, else an empty text."""
    if data[4:8] != b"ftyp":
        return ""
    box = data[8 : int.from_bytes(data[:4], "big")]
    brands = {box[start : start + 4].decode("latin-1") for start in range(0, len(box), 4)}
    return next((kind for brand, kind in BRANDS.items() if brand in brands), "")


def _opaque(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    white = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(white, layer).convert("RGB")


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF data say nothing about the pixels
        return image


def write_index(archive: str | Path, classes: list[str], index: str | Path, unusable: str | Path, threads: int) -> None:
    """Decode every image of `archive` once and list the usable ones and the others.

    Args:
        archive: path of the archive, see `open_archive`.
        classes: names; the position of a name is its label; an image of class `cat` is a file named
            `cat.<number>.jpg`.
        index: CSV to write: image_id, member, label, width, height (pixels), sha256 of the file's bytes,
            perceptual_hash (64 bits in hexadecimal, alike for pictures that look alike); ordered by label, then by
            number.
        unusable: CSV to write: member, reason.
        threads: images decoded at once.

    Raises:
        InputError: there is no archive, or it has no usable image of a class; the counts are given.
    """
    pattern = image_name(classes)
    usable: list[dict] = []
    with open_archive(archive) as opened:
        left_out = [{"member": member, "reason": reason} for member, reason in opened.refused]
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
                picture = decode(data)
            except InputError as error:
                return {"member": member, "reason": str(error)}
            return {
                "image_id": image_id,
                "member": member,
                "label": classes.index(image_id.split(".")[0]),
                "width": picture.width,
                "height": picture.height,
                "sha256": hashlib.sha256(data).hexdigest(),
                "perceptual_hash": str(imagehash.dhash(picture)),
            }

        for row in in_order(examine, wanted, threads):
            (left_out if "reason" in row else usable).append(row)

    counts = {name: sum(row["label"] == label for row in usable) for label, name in enumerate(classes)}
    if not all(counts.values()):
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise InputError(
            f"{archive} lacks usable images of a class: {listed}; {len(left_out)} members were rejected"
            + (f", the first, {left_out[0]['member']}, because {left_out[0]['reason']}" if left_out else "")
            + f". Expected images named like {' and '.join(f'{name}.0.jpg' for name in classes)}, see `classes:`."
        )
    usable.sort(key=lambda row: (row["label"], _natural(row["image_id"])))
    write_csv(pd.DataFrame(left_out, columns=REJECTED_COLUMNS), unusable)
    write_csv(pd.DataFrame(usable, columns=INDEX_COLUMNS), index)
    sizes = [row["width"] * row["height"] for row in usable]
    print(f"{len(usable)} usable images, {sum(sizes) / len(sizes) / 1e6:.3f} megapixel on average; {counts}")
    print(f"{len(left_out)} members rejected")


def in_order(function: Callable[[Item], Result], items: list[Item], threads: int, block: int = 256) -> Iterator[Result]:
    """Apply `function` to `items` on `threads` threads and yield the results in order, a block in memory at a time."""
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(items), block):
            yield from pool.map(function, items[start : start + block])
