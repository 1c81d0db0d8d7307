"""Images as arrays on disk: decoded and resized once, then mapped into memory by every training run."""

import contextlib
import mmap
from dataclasses import asdict
from typing import Protocol

import numpy as np

from snakedistill.core.errors import InputError
from snakedistill.core.files import read_csv, written_whole
from snakedistill.core.joins import join_one_to_one
from snakedistill.core.pixels import Pixels
from snakedistill.core.threads import in_order
from snakedistill.data.archive import open_archive
from snakedistill.data.decoding import DecodingError, decode, resized


def write_arrays(
    archive: str,
    index: str,
    splits: str,
    pixels: Pixels,
    arrays: dict[str, str],
    threads: int,
    inner: str = "train",
) -> None:
    """Decode the images of every part and write them as arrays.

    Each image is resized to a square, see `resized_pixels`.

    Args:
        archive: path of the archive.
        index: CSV with image_id and member.
        splits: CSV with image_id and split.
        pixels: the size of the square, and how an image becomes it.
        arrays: path of the .npy file to write by part: uint8 [n, size, size, 3] RGB, rows in the order of
            `splits`.
        threads: images decoded at once.
        inner: which zip of a zip of zips, see `open_archive`.
    """
    members = read_csv(index)
    parts = read_csv(splits)[["image_id", "split"]]
    members = members[members["image_id"].isin(parts["image_id"])]
    joined = join_one_to_one(parts, members[["image_id", "member"]], splits, index)
    with open_archive(archive, inner) as opened, contextlib.ExitStack() as stack:

        def resized_member(member: str) -> np.ndarray:
            return resized_pixels(opened.read(member), pixels)

        for part, path in arrays.items():
            of_part = joined["member"][joined["split"] == part].tolist()
            shape = (len(of_part), pixels.size, pixels.size, 3)
            file = stack.enter_context(stack.enter_context(written_whole(path)).open("wb"))
            header = {"descr": np.lib.format.dtype_to_descr(np.dtype("uint8")), "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            for image in in_order(resized_member, of_part, threads):
                file.write(image.tobytes())
            print(f"{part}: {shape}")


def resized_pixels(data: bytes, pixels: Pixels) -> np.ndarray:
    """Decode the bytes of an image file and resize it, see `decode` and `resized`.

    Returns:
        uint8 [size, size, 3], RGB.

    Raises:
        InputError: it cannot be decoded.
    """
    try:
        return resized(decode(data), **asdict(pixels))
    except DecodingError as error:
        raise InputError(str(error)) from error


class Images(Protocol):
    """Images uint8 [n, height, width, channels], of which some are read at a time.

    Attributes:
        shape: (images, height, width, channels).
    """

    shape: tuple[int, ...]

    def __len__(self) -> int: ...

    def read(self, rows: np.ndarray | slice) -> np.ndarray:
        """Copy some rows: uint8 [len(rows), height, width, channels]."""


class MappedImages:
    """A .npy file of images, mapped into memory; what is read does not stay in memory.

    Attributes:
        shape: (images, height, width, channels).
    """

    def __init__(self, path: str) -> None:
        try:
            self._array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise InputError(f"{path} is not a whole array of images ({error}): delete it and run again") from error
        if self._array.dtype != np.uint8 or self._array.ndim != 4:
            raise InputError(
                f"{path}: expected uint8 [n, height, width, 3], got {self._array.dtype} {list(self._array.shape)}"
            )
        self.shape = self._array.shape

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, rows: np.ndarray | slice) -> np.ndarray:
        """Copy some rows: uint8 [len(rows), height, width, channels]."""
        copied = np.array(self._array[rows])
        # The pages stay in the system's cache, but no longer count as memory of this process.
        self._array._mmap.madvise(mmap.MADV_DONTNEED)
        return copied

    def selected(self, rows: np.ndarray) -> "SelectedImages":
        """Some of the images, int [m]."""
        return SelectedImages(self, rows)


def images_of_part(array: str, part: str, count: int, listed: str) -> MappedImages:
    """The images of a part.

    Args:
        array: path of the .npy file.
        part: its name.
        count: images that the list has of it.
        listed: path of the list, for the message.

    Raises:
        InputError: they are not as many.
    """
    images = MappedImages(array)
    if len(images) != count:
        raise InputError(
            f"{array}: expected the {count} images of {part} in {listed}, got {len(images)}: make both again"
        )
    return images


class SelectedImages:
    """Some images of an array, to read like `MappedImages`.

    Attributes:
        shape: (images, height, width, channels).

    Args:
        images: all images.
        rows: those that are selected, int [n].
    """

    def __init__(self, images: Images, rows: np.ndarray) -> None:
        self._images, self._rows = images, rows
        self.shape = (len(rows), *images.shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, rows: np.ndarray | slice) -> np.ndarray:
        """Copy some rows: uint8 [len(rows), height, width, channels]."""
        return self._images.read(self._rows[rows])


class JoinedImages:
    """Images of several arrays, one after the other, to read like `MappedImages`.

    Attributes:
        shape: (images, height, width, channels).
    """

    def __init__(self, *arrays: Images) -> None:
        self._arrays = arrays
        self.shape = (sum(map(len, arrays)), *arrays[0].shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, rows: np.ndarray | slice) -> np.ndarray:
        """Copy some rows: uint8 [len(rows), height, width, channels]."""
        rows = np.arange(len(self))[rows]
        found = np.empty((len(rows), *self.shape[1:]), np.uint8)
        start = 0
        for array in self._arrays:
            inside = (start <= rows) & (rows < start + len(array))
            found[inside] = array.read(rows[inside] - start)
            start += len(array)
        return found
