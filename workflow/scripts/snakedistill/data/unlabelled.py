"""The images of an archive that have no label."""

import pandas as pd

from snakedistill.core.errors import InputError
from snakedistill.core.files import read_csv, write_csv
from snakedistill.core.parts import UNLABELLED
from snakedistill.core.pixels import Pixels
from snakedistill.core.threads import in_order
from snakedistill.data.archive import UNLABELLED_PART, open_archive
from snakedistill.data.decoding import DecodingError, decode
from snakedistill.data.images import write_arrays
from snakedistill.data.layouts.layout import NO_LABEL


def list_unlabelled(archive: str, unusable: str, listed: str, threads: int) -> None:
    """List the images that have no label.

    They are those of `test1.zip` in a zip of zips, those below a folder `test1` or `unlabelled`, or the rows of a CSV
    without a label. One that cannot be decoded is skipped, with a line in the log.

    Args:
        archive: path of the archive.
        unusable: CSV of the files that are no usable images: member, reason.
        listed: CSV to write: image_id (the name of the file in the archive), member, split (`unlabelled`).
        threads: images decoded at once.

    Raises:
        InputError: there is none.
    """
    members = _without_label(unusable)
    with open_archive(archive, _inner(members)) as opened:
        members = members or [member for member in opened.members if member.startswith(f"{UNLABELLED_PART}/")]

        def is_image(member: str) -> bool:
            try:
                decode(opened.read(member))
            except (DecodingError, InputError) as error:
                print(f"{member}: {error}; it is skipped")
                return False
            return True

        usable = [member for member, good in zip(members, in_order(is_image, members, threads), strict=True) if good]
    if not usable:
        raise InputError(
            f"{archive}: expected images without a label for a family with unlabelled: true, got none: put them into "
            "a folder unlabelled, or drop the key"
        )
    write_csv(pd.DataFrame({"image_id": usable, "member": usable, "split": UNLABELLED}), listed)


def write_unlabelled(archive: str, unusable: str, listed: str, pixels: Pixels, array: str, threads: int) -> None:
    """Write the images that have no label as an array.

    Args:
        archive: path of the archive.
        unusable: CSV of the files that are no usable images: member, reason.
        listed: CSV of the images, see `list_unlabelled`.
        pixels: the size of the images in the array, and how an image becomes so large.
        array: .npy file to write: uint8 [n, size, size, 3] RGB, in the order of `listed`.
        threads: images decoded at once.
    """
    write_arrays(archive, listed, listed, pixels, {UNLABELLED: array}, threads, _inner(_without_label(unusable)))


def _without_label(unusable: str) -> list[str]:
    rejected = read_csv(unusable)
    return rejected["member"][rejected["reason"] == NO_LABEL].tolist()


def _inner(members: list[str]) -> str:
    """The zip of a zip of zips that holds the images without a label: its own, where none are among the others."""
    return "train" if members else UNLABELLED_PART
