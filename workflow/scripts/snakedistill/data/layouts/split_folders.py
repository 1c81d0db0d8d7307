"""Images that are already split: `train/bees/1.jpg`, `val/bees/2.jpg` and `test/bees/3.jpg`."""

from collections.abc import Iterable

from snakedistill.core.errors import some
from snakedistill.core.parts import TEST, TRAIN, VALIDATION
from snakedistill.data.archive import Archive
from snakedistill.data.layouts.class_folders import class_of, labelled_paths, not_in_a_folder
from snakedistill.data.layouts.layout import NO_LABEL, ClassNames, Image, Layout, Reading

PART_NAMES = {TRAIN: TRAIN, "val": VALIDATION, VALIDATION: VALIDATION, TEST: TEST}


def read(archive: Archive, classes: list[str] | None) -> Reading | None:
    """The images below the class folders of every part, see `Layout`.

    The archive has this layout if a folder `train` stands beside one of another part, and holds class folders. Images
    directly in the folder of a part have no label. The id of an image is its path from the folder of the part on.
    """
    paths, rejected = labelled_paths(archive)
    depth = _depth_of_parts(paths.values())
    if depth is None:
        return None
    names = ClassNames(classes)
    images = []
    for member, path in paths.items():
        part = PART_NAMES.get(path[depth].casefold()) if len(path) > depth + 1 else None
        class_name = part and class_of(path[depth + 1 : -1], names, classes)
        if class_name:
            images.append(Image(member, "/".join(path[depth:]), class_name, part))
        elif part and len(path) == depth + 2:
            rejected.append((member, NO_LABEL))
        else:
            rejected.append((member, not_in_a_folder(classes) if part else "not in a folder of a part"))
    return Reading(images, rejected) if images else None


def _depth_of_parts(paths: Iterable[list[str]]) -> int | None:
    """How many folders stand above those of the parts; None if there are no such folders."""
    depth = 0
    while True:
        paths = [path for path in paths if len(path) > depth + 1]
        folders = {path[depth].casefold() for path in paths}
        parts = {PART_NAMES[folder] for folder in folders if folder in PART_NAMES}
        if TRAIN in parts and len(parts) > 1:
            in_class_folders = any(path[depth].casefold() == TRAIN and len(path) > depth + 2 for path in paths)
            return depth if in_class_folders else None
        if len(folders) != 1:
            return None
        depth += 1


def expected(classes: list[str]) -> str:
    """The files that the layout expects, in words."""
    return f"images in folders named {some((f'{TRAIN}/{name}' for name in classes), ' and ')}"


def example(classes: list[str]) -> dict[str, str]:
    """A small archive, see `Layout`."""
    return {f"{part}/{name}/1.jpg": "" for part in PART_NAMES for name in classes}


SPLIT_FOLDERS = Layout(read, expected, example)
