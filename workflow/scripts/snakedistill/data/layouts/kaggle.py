"""Files named by class and number, as in Kaggle's Dogs vs. Cats: `cat.0.jpg`, in any folder."""

import re

from snakedistill.core.errors import some
from snakedistill.core.parts import TRAIN
from snakedistill.data.archive import Archive
from snakedistill.data.layouts.layout import NO_LABEL, UNLABELLED_FOLDERS, Image, Layout, Reading, key

_NAME = re.compile(r"(.+)\.\d+\.jpe?g", re.IGNORECASE)


def read(archive: Archive, classes: list[str] | None) -> Reading | None:
    """The images of the folder `train` where there is one, else of all folders, see `Layout`.

    Case does not matter: the id of an image is its file name in lower case, without suffix.
    """
    given = None if classes is None else {key(name): name for name in classes}
    among = "" if classes is None else f" with a class of {some(classes)}"
    has_folder = any(member.startswith(f"{TRAIN}/") for member in archive.members)
    images: dict[str, Image] = {}
    rejected = []
    for member in archive.members:
        folder, _, name = member.rpartition("/")
        found = _NAME.fullmatch(name)
        class_name = None if found is None else key(found[1]) if given is None else given.get(key(found[1]))
        image_id = name.rpartition(".")[0].lower()
        if folder.partition("/")[0] in UNLABELLED_FOLDERS:
            rejected.append((member, NO_LABEL))
        elif has_folder and not member.startswith(f"{TRAIN}/"):
            rejected.append((member, f"not in the folder {TRAIN}"))
        elif class_name is None:
            rejected.append((member, f"not named <class>.<number>.jpg{among}"))
        elif image_id in images:
            rejected.append((member, f"a second image named {image_id}"))
        else:
            images[image_id] = Image(member, image_id, class_name)
    return Reading(list(images.values()), rejected) if images else None


def expected(classes: list[str]) -> str:
    """The files that the layout expects, in words."""
    return f"images named {some((f'{name}.<number>.jpg' for name in classes), ' and ')}"


def example(classes: list[str]) -> dict[str, str]:
    """A small archive, see `Layout`."""
    return {f"{name}.{number}.jpg": "" for name in classes for number in range(2)}


KAGGLE = Layout(read, expected, example)
