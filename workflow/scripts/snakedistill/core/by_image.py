"""The files of labels and predictions: numbers of each image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from snakedistill.core.files import column_names, read_csv, write_csv, written_whole
from snakedistill.core.joins import join_one_to_one
from snakedistill.core.outputs import output_columns

MOST_CLASSES_AS_TEXT = 100
"""With more classes, files with columns for each class are NumPy archives."""


def suffix(classes: int) -> str:
    """The suffix of the files of labels and predictions for a number of classes."""
    return "csv" if classes <= MOST_CLASSES_AS_TEXT else "npz"


@dataclass(frozen=True)
class ByImage:
    """Numbers of n images.

    Attributes:
        image_id: text [n].
        values: arrays by name, [n] or [n, columns].
    """

    image_id: pd.Series
    values: Mapping[str, np.ndarray]

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[name]

    def in_order_of(self, image_id: pd.Series, name: str, own_name: str) -> "ByImage":
        """The same in another order of the images.

        Args:
            image_id: the same ids in that order.
            name: what they are of, for an error.
            own_name: what these numbers are, for an error.

        Raises:
            InputError: an id is repeated, or is on one side only.
        """
        own = pd.DataFrame({"image_id": self.image_id, "row": np.arange(len(self.image_id))})
        rows = join_one_to_one(image_id.to_frame("image_id"), own, name, own_name)["row"].to_numpy()
        if (rows == np.arange(len(rows))).all():
            return self
        return ByImage(image_id.reset_index(drop=True), {key: values[rows] for key, values in self.values.items()})


def write_by_image(
    path: str | Path, image_id: pd.Series, values: Mapping[str, np.ndarray], classes: Sequence[str]
) -> None:
    """Write numbers of images: a CSV with a column for each, or a NumPy archive, by the suffix.

    Args:
        path: file to write. The NumPy archive holds image_id, classes, and the arrays as they are.
        image_id: text [n].
        values: arrays by name: [n], or of each output of a network, [n, 1] or [n, K].
        classes: names; the position of a name is its label.
    """
    if Path(path).suffix == ".npz":
        with written_whole(path) as temporary:
            names = {"image_id": image_id.to_numpy(str), "classes": np.array(classes)}
            np.savez(temporary, allow_pickle=False, **names, **values)
        return
    frames = [image_id.reset_index(drop=True).to_frame("image_id")]
    frames += [
        pd.DataFrame(array, columns=[name] if array.ndim == 1 else output_columns(name, classes))
        for name, array in values.items()
    ]
    write_csv(pd.concat(frames, axis=1), path)


def read_by_image(path: str | Path) -> ByImage:
    """Read what `write_by_image` wrote. From a CSV logits and probabilities are float32, other floats are float64."""
    if Path(path).suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            found = dict(arrays)
        del found["classes"]
        return ByImage(pd.Series(found.pop("image_id"), name="image_id"), found)
    of_name: dict[str, list[str]] = {}
    for column in column_names(path):
        if column != "image_id":
            of_name.setdefault(column.partition(".")[0], []).append(column)
    precise = {column: np.float32 for name in ("logit", "probability") for column in of_name.get(name, ())}
    frame = read_csv(path, dtype=precise)
    one = {name: frame[name].to_numpy() for name in of_name if name in frame}
    several = {name: frame[group].to_numpy() for name, group in of_name.items() if name not in frame}
    return ByImage(frame["image_id"], {name: (one | several)[name] for name in of_name})
