"""The pixels that a network takes."""

from dataclasses import dataclass
from typing import Literal

Fit = Literal["squash", "crop"]
Resample = Literal["nearest", "antialias"]


@dataclass(frozen=True)
class Pixels:
    """How an image becomes the square that a network takes.

    Attributes:
        size: side of the square in pixels.
        fit: `squash`: the whole image, its aspect ratio is not kept; `crop`: its middle square.
        resample: `nearest` neighbour, or `antialias`: every pixel of the image counts.
    """

    size: int
    fit: Fit = "squash"
    resample: Resample = "nearest"

    @property
    def folder(self) -> str:
        """Name of the folder of arrays with these pixels, for example `32-squash-nearest`."""
        return f"{self.size}-{self.fit}-{self.resample}"

    @property
    def in_words(self) -> str:
        """For example `224 pixels, cropped and antialiased`; what is neutral is not said."""
        ways = [
            word
            for word, used in (("cropped", self.fit == "crop"), ("antialiased", self.resample != "nearest"))
            if used
        ]
        return ", ".join([f"{self.size} pixels", *([" and ".join(ways)] if ways else [])])
