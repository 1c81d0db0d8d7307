"""Digests of content: of bytes, of a file, of an archive."""

import csv
import hashlib
import zipfile
from pathlib import Path

from snakedistill.core.folders import files_below


def fingerprint_of_bytes(data: bytes) -> str:
    """SHA-256 of bytes, 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def fingerprint_of_file(path: str | Path) -> str:
    """SHA-256 of a file's content, 64 hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint_of_archive(path: str | Path) -> str:
    """A digest of an archive's content that costs no reading of it: names, sizes and checksums in a zip's directory.

    Of a folder, whose files have no checksums, names, sizes and times of modification count instead; of a CSV that
    lists images, its content and the same of the files in its column `path`.

    Returns:
        64 hexadecimal digits; of what is no readable zip, those of its size.
    """
    path = Path(path)
    entries: list[tuple[str, int, object]]
    if path.is_dir():
        files, _ = files_below(path)
        entries = [(name, status.st_size, status.st_mtime_ns) for name, status in files.items()]
    elif path.suffix.lower() == ".csv":
        entries = [("", path.stat().st_size, fingerprint_of_file(path))]
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
            listed = [path.parent / (row.get("path") or "") for row in csv.DictReader(lines)]
        statuses = [(str(file), file.stat()) for file in listed if file.is_file()]
        entries += [(name, status.st_size, status.st_mtime_ns) for name, status in statuses]
    else:
        try:
            with zipfile.ZipFile(path) as zipped:
                entries = [(member.filename, member.file_size, member.CRC) for member in zipped.infolist()]
        except Exception:  # it is refused with a reason when it is read
            entries = [("", path.stat().st_size, 0)]
    return fingerprint_of_bytes(repr(entries).encode())
