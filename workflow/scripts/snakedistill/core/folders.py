"""The files below a folder that a user named."""

import os
import stat
from pathlib import Path


def files_below(folder: str | Path) -> tuple[dict[str, os.stat_result], list[tuple[str, str]]]:
    """List the regular files below a folder. Symbolic links to files and to folders are followed.

    Args:
        folder: path of the folder.

    Returns:
        The status of each file by its path below the folder, with `/` as separator; and (path, reason) of what is
        refused: links that lead to nothing or back to a folder above them, and special files.
    """
    found: dict[str, os.stat_result] = {}
    refused: list[tuple[str, str]] = []

    def visit(parent: str, prefix: str, above: set[tuple[int, int]]) -> None:
        with os.scandir(parent) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                relative = prefix + entry.name
                try:
                    status = entry.stat()
                except OSError as error:  # a link to nothing, or a circle of links
                    refused.append((relative, f"a symbolic link that cannot be followed: {error.strerror}"))
                    continue
                identity = (status.st_dev, status.st_ino)
                if stat.S_ISREG(status.st_mode):
                    found[relative] = status
                elif not stat.S_ISDIR(status.st_mode):
                    refused.append((relative, "a special file"))
                elif identity in above:
                    refused.append((relative, "a symbolic link to a folder above it"))
                else:
                    visit(entry.path, f"{relative}/", above | {identity})

    status = Path(folder).stat()
    visit(str(folder), "", {(status.st_dev, status.st_ino)})
    return found, refused
