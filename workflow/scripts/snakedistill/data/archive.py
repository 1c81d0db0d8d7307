"""Safe reading of an archive: a zip, a zip of zips, a folder, or a CSV that lists images."""

import contextlib
import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from snakedistill.core.errors import InputError, no_room
from snakedistill.core.folders import files_below

MAX_BYTES = 64 << 20  # of one image file
UNLABELLED_PART = "test1"
"""The part of a zip of zips whose images have no label."""
MAX_GROWTH = 20  # of train.zip when it is unpacked; photographs hardly grow at all


class Archive:
    """The members of an archive, and a function that reads one.

    Attributes:
        members: names in natural order, as they stand in the zip or below the folder; of a CSV its own name alone.
        refused: members that are not read, with the reason.
        of_csv: whether the archive is given as a CSV, which lists the images.
    """

    def __init__(
        self,
        members: list[str],
        refused: list[tuple[str, str]],
        read: Callable[[str], bytes],
        listed: Callable[[str], bool] | None = None,
    ) -> None:
        self.members = sorted(members, key=natural)
        self.refused = sorted(refused)
        self.of_csv = listed is not None
        self._read = read
        self._has = listed or set(members).__contains__

    def __contains__(self, member: str) -> bool:
        """Whether there is a file to read."""
        return self._has(member)

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
    """Open an archive of images for reading.

    An archive is a folder, a zip, or a CSV that lists images. A folder or a zip that holds `train.zip` stands for it,
    and for `test1.zip` where the part is `test1`; the members of such a zip are then those of a folder of its name.
    Nothing is unpacked to a file with a name: a zip inside a zip goes to a nameless temporary file, and images go to
    memory.

    Args:
        path: path of the archive.
        part: which zip of a zip of zips, `train` or `test1`.

    Raises:
        InputError: there is nothing at the path, it is neither a zip nor a folder nor a CSV, or the zip is damaged or a
            zip bomb.
    """
    path = Path(path)
    with contextlib.ExitStack() as stack:
        if path.is_dir():
            zipped = path / f"{part}.zip"
            if zipped.is_file():
                yield _from_zip(stack.enter_context(_zip(zipped, path)), part)
            else:
                yield _from_folder(path)
        elif is_csv(path):
            folder = path.parent
            yield Archive([path.name], [], lambda name: _file(folder / name), lambda name: (folder / name).is_file())
        elif path.is_file():
            outer = stack.enter_context(_zip(path, path))
            if inner := _member_named(f"{part}.zip", outer):
                yield _from_zip(stack.enter_context(_inner_zip(outer, inner, stack)), part)
            else:
                yield _from_zip(outer)
        else:
            raise InputError(
                f"There is no archive at {path.absolute()}. Set `archive:` to the path of a zip, of a folder or of a "
                "CSV, or to null for the built-in drawings."
            )


def is_csv(path: Path) -> bool:
    """Whether an archive is a CSV that lists images."""
    return path.suffix.lower() == ".csv" and path.is_file()


def is_zip_of_zips(path: Path) -> bool:
    """Whether an archive is a zip that holds `train.zip`, whose members are not known without unpacking it.

    Raises:
        InputError: it is no readable zip.
    """
    if path.is_dir() or is_csv(path):
        return False
    with _zip(path, path) as zipped:
        return _member_named("train.zip", zipped) is not None


def content_of_member(path: Path, name: str) -> bytes | None:
    """The bytes of a file beside the parts of an archive; None if the archive has no such file.

    Raises:
        InputError: the archive is no readable zip, or the member is damaged.
    """
    if path.is_dir():
        return (path / name).read_bytes() if (path / name).is_file() else None
    if is_csv(path):
        return None
    with _zip(path, path) as outer:
        found = _member_named(name, outer)
        return _unpacked(outer, found) if found else None


def _member_named(name: str, zipped: zipfile.ZipFile) -> zipfile.ZipInfo | None:
    """The first member of this name, in any folder of the zip."""
    return next((member for member in zipped.infolist() if Path(member.filename).name == name), None)


def _zip(source: Path | IO[bytes], path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except Exception as error:  # a damaged directory raises BadZipFile, UnicodeDecodeError, struct.error and others
        raise InputError(f"{path} is not a readable zip file ({error}). Get the file again.") from error


def _from_zip(zipped: zipfile.ZipFile, part: str | None = None) -> Archive:
    """The members of a zip; of one that stands for a part, as members of a folder of its name."""
    by_name: dict[str, zipfile.ZipInfo] = {}
    refused = []
    overlapping = _overlapping(zipped)
    for member in zipped.infolist():
        if member.is_dir():
            continue
        name = member.filename
        if part is not None and not name.startswith(f"{part}/"):
            name = f"{part}/{name}"
        reason = _dishonest(member, MAX_BYTES) or (
            "overlaps another member" if member.header_offset in overlapping else ""
        )
        if not reason and name in by_name:
            reason = "a second member of this name"
        if reason:
            refused.append((_printable(name), reason))
        else:
            by_name[name] = member
    return Archive(list(by_name), refused, lambda name: _unpacked(zipped, by_name[name]))


def _inner_zip(outer: zipfile.ZipFile, member: zipfile.ZipInfo, stack: contextlib.ExitStack) -> zipfile.ZipFile:
    """Open a zip inside a zip; it cannot be read there at random places, so it is copied out first."""
    path = Path(outer.filename or "archive") / member.filename
    reason = _dishonest(member, MAX_GROWTH * max(member.compress_size, 1 << 20))
    if reason:
        raise InputError(f"{path}: {reason}. Get the file again.")
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
        raise InputError(f"{path} cannot be read: {error}. Get the file again.") from error
    return _zip(copy, path)


def _dishonest(member: zipfile.ZipInfo, most: int) -> str:
    """Why a member is not read, or an empty text."""
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
    files, refused = files_below(folder)
    members = []
    for name, status in files.items():
        if status.st_size > MAX_BYTES:
            refused.append((name, _too_large(status.st_size)))
        elif name != _printable(name):
            refused.append((name, "its name is not UTF-8"))
        else:
            members.append(name)
    refused = [(_printable(name), reason) for name, reason in refused]
    return Archive(members, refused, lambda name: (folder / name).read_bytes())


def _file(path: Path) -> bytes:
    """The bytes of a file that a CSV lists."""
    if (size := path.stat().st_size) > MAX_BYTES:
        raise InputError(_too_large(size))
    return path.read_bytes()


def _too_large(size: int) -> str:
    return f"{size:,} bytes, more than {MAX_BYTES:,} are not read"


def _printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def natural(name: str) -> list[int | str]:
    """A key that sorts names by the numbers in them: a.2 before a.10."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]
