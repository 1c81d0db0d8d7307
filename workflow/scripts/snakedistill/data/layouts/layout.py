"""The type of a layout."""

from collections.abc import Callable
from dataclasses import dataclass

from snakedistill.core.errors import InputError


@dataclass(frozen=True)
class Layout:
    """Which file of an archive is which image of which class.

    Attributes:
        image: from the path of a file and the class names to the image's id and label; the label is the position of the
            class. It raises `InputError` with the reason for a file that is no image of a class.
        expected: from class names to the files that the layout expects, in words.
    """

    image: Callable[[str, list[str]], tuple[str, int]]
    expected: Callable[[list[str]], str]

    def is_image(self, member: str, classes: list[str]) -> bool:
        """Whether a file is an image of one of the classes."""
        try:
            self.image(member, classes)
        except InputError:
            return False
        return True
