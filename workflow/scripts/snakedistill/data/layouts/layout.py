"""The type of a layout."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from snakedistill.core.errors import InputError
from snakedistill.data.archive import Archive, natural

NO_LABEL = "no label"
UNLABELLED_FOLDERS = frozenset(("test1", "unlabelled"))
HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Image:
    """An image file of an archive, as a layout reads it.

    Attributes:
        member: name of the file in the archive.
        image_id: unique among the images.
        class_name: name of its class.
        part: `train`, `validation` or `test` where the layout gives the split, else None.
    """

    member: str
    image_id: str
    class_name: str
    part: str | None = None


@dataclass(frozen=True)
class Reading:
    """What a layout says of the files of an archive.

    Attributes:
        images: the images of the classes.
        rejected: (member, reason) of every other file.
        warnings: sentences, without a full stop, on what may not be meant.
    """

    images: list[Image]
    rejected: list[tuple[str, str]]
    warnings: list[str] = field(default_factory=list)

    def class_names(self) -> list[str]:
        """The names of the classes that have an image, in natural order whatever their case."""
        return sorted({image.class_name for image in self.images}, key=lambda name: natural(key(name)))


@dataclass(frozen=True)
class Layout:
    """Which file of an archive is which image of which class.

    Attributes:
        read: from an open archive and class names to the images of these classes; all classes are read where the names
            are None. The result is None for an archive that has no such layout. It raises `InputError` for an archive
            that has it with an error.
        expected: from class names to the files that the layout expects, in words.
        example: from class names to a small archive of it: file names, and the content of those that are no image.
    """

    read: Callable[[Archive, list[str] | None], Reading | None]
    expected: Callable[[list[str]], str]
    example: Callable[[list[str]], dict[str, str]]


def key(name: str) -> str:
    """What names have in common that differ only by case, or by how Unicode writes the same letters."""
    return unicodedata.normalize("NFC", name).casefold()


class ClassNames:
    """The names of classes as an archive spells them.

    Args:
        classes: names of the configuration, or None where the archive names the classes.
    """

    def __init__(self, classes: list[str] | None) -> None:
        self._given = None if classes is None else {key(name): name for name in classes}
        self._spelled: dict[str, str] = {}
        self._known: dict[str, str | None] = {}

    def name(self, spelled: str) -> str | None:
        """The class of a name in the archive, or None if it is none of the given classes.

        Raises:
            InputError: another name in the archive differs from it only by case.
        """
        if spelled not in self._known:
            self._known[spelled] = self._class_of(spelled)
        return self._known[spelled]

    def _class_of(self, spelled: str) -> str | None:
        common = key(spelled)
        if self._given is not None and common not in self._given:
            return None
        if (before := self._spelled.setdefault(common, spelled)) != spelled:
            raise InputError(f"the class names {before} and {spelled} differ only by case: rename one of them")
        return unicodedata.normalize("NFC", spelled) if self._given is None else self._given[common]
