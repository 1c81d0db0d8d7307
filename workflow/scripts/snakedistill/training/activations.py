"""What the frozen layers of a backbone make of the images, stored once for all networks that have them in common."""

import mmap
from dataclasses import dataclass

import numpy as np

from snakedistill.core.errors import InputError
from snakedistill.core.files import read_csv, written_whole
from snakedistill.data.images import images_of_part
from snakedistill.networks.classifier import build_network
from snakedistill.networks.frozen import STORED, cut
from snakedistill.networks.training_model import of_pixels
from snakedistill.training.forward import PREDICTION_BATCH_SIZE
from snakedistill.training.launches import forward_for


@dataclass(frozen=True, kw_only=True)
class FrozenLayers:
    """The layers of a backbone that stay as they are.

    Attributes:
        backbone: as in `build_network`.
        weights: file of the backbone's weights; None for those of a saved extractor.
        preprocessing: as in `build_network`.
        frozen: the last of them, see `cut`.
        mirrored: whether mirror images are looked at too.
    """

    backbone: str
    weights: str | None
    preprocessing: str
    frozen: str
    mirrored: bool


def write_activations(layers: FrozenLayers, arrays: dict[str, str], splits: str, activations: dict[str, str]) -> None:
    """Write what frozen layers make of the images of each part.

    Args:
        layers: which ones.
        arrays: path of the images by part.
        splits: CSV with the part of every image.
        activations: path of the .npy file to write by part: float16 [views, n, ...], the images as they are and, of
            `mirrored` layers, as in a mirror.

    Raises:
        InputError: the images do not match the split, the backbone has no such layer, or a number is too large.
    """
    split = read_csv(splits)["split"]
    images = {part: images_of_part(path, part, int((split == part).sum()), splits) for part, path in arrays.items()}
    size = next(iter(images.values())).shape[1]
    network = build_network("frozen", size, layers.backbone, layers.weights, layers.preprocessing)
    lower = cut(network, layers.frozen).lower
    forward = forward_for(of_pixels(lower))
    views = 1 + layers.mirrored
    for part, of_part in images.items():
        shape = (views, len(of_part), *lower.output.shape[1:])
        with written_whole(activations[part]) as temporary:
            stored = np.lib.format.open_memmap(temporary, "w+", STORED, shape)
            for start in range(0, len(of_part), PREDICTION_BATCH_SIZE):
                rows = slice(start, start + PREDICTION_BATCH_SIZE)
                seen = of_part.read(rows)
                for view in range(views):
                    (found,) = forward(seen[:, :, ::-1] if view else seen)
                    stored[view, rows] = found
                if not np.isfinite(stored[:, rows]).all():
                    raise InputError(
                        f"frozen: expected activations of {layers.frozen} that {STORED} can hold, got larger ones. "
                        "Name another layer"
                    )
            stored.flush()
        print(f"{part}: {shape}")


class StoredActivations:
    """Activations of images in one view each, mapped into memory, to read like `MappedImages`.

    Args:
        path: .npy file, see `write_activations`.
        rows: of the images, int [n]; None: all.
        view: of each image, int [n]; None: as it is.

    Attributes:
        shape: (images, ...).

    Raises:
        InputError: it is no whole file of activations.
    """

    def __init__(self, path: str, rows: np.ndarray | None = None, view: np.ndarray | None = None) -> None:
        try:
            self._views = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise InputError(f"{path} is not a whole array of activations ({error}): delete it, run again") from error
        self._path = path
        self._rows = np.arange(self._views.shape[1]) if rows is None else rows
        self._view = np.zeros(len(self._rows), int) if view is None else view
        self.shape = (len(self._rows), *self._views.shape[2:])

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, rows: np.ndarray | slice) -> np.ndarray:
        """Copy some rows: float16 [len(rows), ...]."""
        copied = self._views[self._view[rows], self._rows[rows]]
        # The pages stay in the system's cache, but no longer count as memory of this process.
        self._views._mmap.madvise(mmap.MADV_DONTNEED)
        return copied

    def selected(self, rows: np.ndarray) -> "StoredActivations":
        """Those of some images, int [m], as they are."""
        return StoredActivations(self._path, self._rows[rows])

    def mirrored(self, flip: np.ndarray) -> "StoredActivations":
        """The same, in a mirror where `flip`, float [n], is 1."""
        return StoredActivations(self._path, self._rows, (flip > 0.5).astype(int))
