"""Layouts: which file of an archive is which image of which class, one layout a file."""

from collections.abc import Iterable

from snakedistill.data.layouts import kaggle
from snakedistill.data.layouts.layout import Layout

LAYOUTS: dict[str, Layout] = {
    "kaggle": kaggle.LAYOUT,
}
"""The layouts by name, in the order in which they are tried."""


def classes_without_images(layout: str, members: Iterable[str], classes: list[str]) -> list[str]:
    """The classes of which no file is an image in a layout."""
    described = LAYOUTS[layout]
    return [name for name in classes if not any(described.is_image(member, [name]) for member in members)]


def layout_of(members: Iterable[str] | None, classes: list[str]) -> str:
    """The first layout in which every class has an image.

    Args:
        members: paths of the files; None if they are not known, as in a zip inside a zip.
        classes: class names.

    Returns:
        A key of `LAYOUTS`, the first one if no layout fits.
    """
    fitting = [name for name in LAYOUTS if members is not None and not classes_without_images(name, members, classes)]
    return (fitting or list(LAYOUTS))[0]
