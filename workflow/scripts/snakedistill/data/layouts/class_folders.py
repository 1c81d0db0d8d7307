"""A folder for each class: `bees/IMG_2024 (3).jpeg`, with any file names, and any folders above and below."""

from collections.abc import Iterable

from snakedistill.core.errors import some
from snakedistill.data.archive import Archive
from snakedistill.data.layouts.layout import (
    HIDDEN,
    NO_LABEL,
    UNLABELLED_FOLDERS,
    ClassNames,
    Image,
    Layout,
    Reading,
)


def read(archive: Archive, classes: list[str] | None) -> Reading | None:
    """The images below the class folders, see `Layout`.

    The id of an image is its path without the folders that all images have in common. Where no classes are given, the
    class folders are those below these folders; else they are the first in a path that have the name of a class.
    """
    paths, rejected = labelled_paths(archive)
    depth = common_depth(paths.values())
    names = ClassNames(classes)
    images = []
    for member, path in paths.items():
        class_name = class_of(path[depth:-1], names, classes)
        if class_name is None:
            rejected.append((member, not_in_a_folder(classes)))
        else:
            images.append(Image(member, "/".join(path[depth:]), class_name))
    return Reading(images, rejected) if images else None


def labelled_paths(archive: Archive) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """The path of every file as a list of names, and (member, reason) of those that are hidden or have no label."""
    paths, rejected = {}, []
    for member in archive.members:
        path = member.split("/")
        if "/." in f"/{member}" or "__MACOSX" in path:
            rejected.append((member, HIDDEN))
        elif not UNLABELLED_FOLDERS.isdisjoint(member.casefold().split("/")[:-1]):
            rejected.append((member, NO_LABEL))
        else:
            paths[member] = path
    return paths, rejected


def common_depth(paths: Iterable[list[str]]) -> int:
    """How many folders lie one in the other, with no second folder beside them; files beside them do not count."""
    depth = 0
    while True:
        paths = [path for path in paths if len(path) > depth + 1]
        if len({path[depth] for path in paths}) != 1:
            return depth
        depth += 1


def class_of(folders: list[str], names: ClassNames, classes: list[str] | None) -> str | None:
    """The class of an image in these folders, or None."""
    candidates = folders[:1] if classes is None else folders
    return next((name for folder in candidates if (name := names.name(folder)) is not None), None)


def not_in_a_folder(classes: list[str] | None) -> str:
    """Why a file is rejected that no class folder holds."""
    return "not in a folder of a class" if classes is None else f"not in a folder of a class of {some(classes)}"


def expected(classes: list[str]) -> str:
    """The files that the layout expects, in words."""
    return f"images in folders named {some(classes, ' and ')}"


def example(classes: list[str]) -> dict[str, str]:
    """A small archive, see `Layout`."""
    return {f"{name}/{number}.jpg": "" for name in classes for number in range(2)}


CLASS_FOLDERS = Layout(read, expected, example)
