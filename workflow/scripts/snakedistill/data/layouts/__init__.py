"""Layouts: which file of an archive is which image of which class, one layout a file."""

from snakedistill.data.archive import Archive
from snakedistill.data.layouts.class_folders import CLASS_FOLDERS
from snakedistill.data.layouts.csv_file import CSV_FILE
from snakedistill.data.layouts.kaggle import KAGGLE
from snakedistill.data.layouts.layout import Layout, Reading
from snakedistill.data.layouts.split_folders import SPLIT_FOLDERS

LAYOUTS: dict[str, Layout] = {
    "csv": CSV_FILE,
    "split_folders": SPLIT_FOLDERS,
    "class_folders": CLASS_FOLDERS,
    "kaggle": KAGGLE,
}
"""The layouts by name, in the order in which they are tried."""

ZIP_OF_ZIPS = "kaggle"
"""The layout of an archive whose files cannot be listed while planning, and of the built-in sample."""


def layout_of(archive: Archive, classes: list[str] | None) -> tuple[str, Reading] | None:
    """The first layout in which every class has an image, or two or more classes have one where none are given.

    Args:
        archive: the open archive.
        classes: class names, or None.

    Returns:
        A key of `LAYOUTS` and what the layout reads. If no layout fits, the one with the most images; None if no layout
        finds an image.

    Raises:
        InputError: the archive has a layout with an error in it.
    """
    best = None
    for name, layout in LAYOUTS.items():
        reading = layout.read(archive, classes)
        if reading is None:
            continue
        found = reading.class_names()
        if len(found) > 1 if classes is None else not set(classes) - set(found):
            return name, reading
        if best is None or len(reading.images) > len(best[1].images):
            best = name, reading
    return best
