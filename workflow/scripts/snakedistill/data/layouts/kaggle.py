"""Files named by class and number, as in Kaggle's Dogs vs. Cats: `cat.0.jpg`, in any folder."""

import re
from pathlib import PurePosixPath

from snakedistill.core.errors import InputError
from snakedistill.data.layouts.layout import Layout


def image(member: str, classes: list[str]) -> tuple[str, int]:
    """The id and the label of an image, see `Layout`."""
    name = PurePosixPath(member).name
    found = re.fullmatch(rf"({'|'.join(map(re.escape, classes))})\.\d+\.jpe?g", name, re.IGNORECASE)
    if found is None:
        raise InputError(f"not named <class>.<number>.jpg with a class of {', '.join(classes)}")
    return name.rsplit(".", 1)[0].lower(), classes.index(found[1].lower())


def expected(classes: list[str]) -> str:
    """The files that the layout expects, in words."""
    return f"images named {' and '.join(f'{name}.<number>.jpg' for name in classes)}"


LAYOUT = Layout(image, expected)
