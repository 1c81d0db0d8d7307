"""What a client of the engine adds to tables, figures and the summary."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Presentation:
    """Numbers, headings and notes of a client, such as a paper; without a client all of them are empty.

    Attributes:
        numbers: number of a figure by the file name of its picture.
        headings: addition to the heading of a section, by the key of the section.
        notes: addition to the caption of a table or a figure, by its name.
        reference_rows: values of columns of the timing table where the figure of timing shows the reference numbers.
        about_reference: what the reference numbers are, in words.
    """

    numbers: Mapping[str, int] = field(default_factory=dict)
    headings: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    reference_rows: Mapping[str, str | int] = field(default_factory=dict)
    about_reference: str = ""

    def numbered(self, picture: str) -> str:
        """The file name of a picture, without suffix, with its number in front where it has one."""
        return f"{self.numbers[picture]}-{picture}" if picture in self.numbers else picture

    def titled(self, picture: str, title: str) -> str:
        """The title of a picture, with its number in front where it has one."""
        return f"{self.numbers[picture]}: {title}" if picture in self.numbers else title

    def headed(self, section: str, heading: str) -> str:
        """The heading of a section with its addition."""
        return f"{heading} ({self.headings[section]})" if section in self.headings else heading
