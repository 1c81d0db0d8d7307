"""A contact sheet: small photos in a grid, each with its name and what the networks answer."""

import importlib.util
import math
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

PHOTO = 200  # pixels, the side of the square around a photo
MOST_WIDTH = 320  # of the lines below a photo, where a runner-up is shown
MARGIN = 10
LINE = 18
TEXT = 13
GAP = 8  # between two tiles
FEWEST_COLUMNS, MOST_COLUMNS = 3, 5
LONGEST_SHARE = " 100.0 %"
INK, GREY, PALE, STRIKING = "black", "#666666", "#d0d0d0", "#D55E00"


@dataclass(frozen=True)
class Tile:
    """A photo on the sheet.

    Attributes:
        name: name of the file.
        photo: RGB image, or None where the file cannot be decoded.
        reason: why it cannot.
        answers: for each network its id, and classes with their probabilities: its answer, and what else is shown.
    """

    name: str
    photo: Image.Image | None
    reason: str
    answers: list[tuple[str, list[tuple[str, float]]]]


def small(photo: Image.Image) -> Image.Image:
    """The photo at the size that it has on the sheet, its aspect ratio kept."""
    return ImageOps.contain(photo, (PHOTO, PHOTO))


def contact_sheet(tiles: list[Tile], notes: list[str]) -> Image.Image:
    """Lay out the tiles in rows, and the notes below them, each as a paragraph.

    A tile on which the networks disagree has a coloured frame and the word "disagree".
    """
    columns = max(FEWEST_COLUMNS, min(MOST_COLUMNS, len(tiles)))
    font = load_font("DejaVuSans", TEXT)
    width = _width_inside(tiles, font) + 2 * MARGIN
    height = PHOTO + 2 * MARGIN + LINE * (1 + max((len(_said(tile)) for tile in tiles), default=0))
    rows = -(-len(tiles) // columns)
    sheet_width = GAP + columns * (width + GAP)
    lines = [line for note in notes for line in wrapped(note, font, sheet_width - 2 * GAP)]
    below = GAP + rows * (height + GAP)
    sheet = Image.new("RGB", (sheet_width, below + LINE * len(lines) + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for number, tile in enumerate(tiles):
        left = GAP + (number % columns) * (width + GAP)
        top = GAP + (number // columns) * (height + GAP)
        _draw_tile(sheet, draw, tile, (left, top, left + width - 1, top + height - 1))
    for number, line in enumerate(lines):
        draw.text((GAP, below + LINE * number), line, GREY, font)
    return sheet


def _draw_tile(sheet: Image.Image, draw: ImageDraw.ImageDraw, tile: Tile, frame: tuple[int, int, int, int]) -> None:
    font, bold = load_font("DejaVuSans", TEXT), load_font("DejaVuSans-Bold", TEXT)
    left, top = frame[0] + MARGIN, frame[1] + MARGIN
    width = frame[2] + 1 - MARGIN - left
    disagree = len({shown[0][0] for _, shown in tile.answers}) > 1
    draw.rectangle(frame, outline=STRIKING if disagree else PALE, width=3 if disagree else 1)
    if tile.photo is None:
        draw.rectangle((left, top, left + width - 1, top + PHOTO - 1), outline=PALE)
        for number, line in enumerate(wrapped(tile.reason, font, width - 2 * MARGIN)[: PHOTO // LINE - 1]):
            draw.text((left + MARGIN, top + MARGIN + LINE * number), line, GREY, font)
    else:
        across, down = (width - tile.photo.width) // 2, (PHOTO - tile.photo.height) // 2
        sheet.paste(tile.photo, (left + across, top + down))
    if disagree:
        draw.rectangle((frame[0], frame[1], left + bold.getlength("disagree") + 6, top + LINE), STRIKING)
        draw.text((left, top), "disagree", "white", bold)
    under = top + PHOTO + 4
    draw.text((left, under), shortened(tile.name, bold, width), INK, bold)
    for number, (text, probability, colour) in enumerate(_said(tile), start=1):
        line = shortened(text, font, width - font.getlength(LONGEST_SHARE))
        draw.text((left, under + LINE * number), f"{line} {100 * probability:.1f} %", colour, font)


def _width_inside(tiles: list[Tile], font: ImageFont.FreeTypeFont) -> int:
    """Pixels between the margins of a tile: a photo's, or more for long names of classes where a runner-up is shown."""
    shown = [tile for tile in tiles if any(len(best) > 1 for _, best in tile.answers)]
    longest = max((font.getlength(_printable(text)) for tile in shown for text, _, _ in _said(tile)), default=0)
    return max(PHOTO, min(MOST_WIDTH, math.ceil(longest + font.getlength(LONGEST_SHARE))))


def _said(tile: Tile) -> list[tuple[str, float, str]]:
    """The lines below the photo's name: text, the probability that follows it, and colour."""
    lines = []
    for network, ((answer, probability), *others) in tile.answers:
        lines.append((f"{network}: {answer}", probability, INK))
        lines += [(f"then {other}", of_other, GREY) for other, of_other in others]
    return lines


def load_font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A font of those that come with Matplotlib, which takes too long to import for that.

    Args:
        name: of its file, without suffix.
        size: in pixels.
    """
    found = importlib.util.find_spec("matplotlib")
    assert found is not None and found.origin is not None
    folder = Path(found.origin).parent
    return ImageFont.truetype(folder / f"mpl-data/fonts/ttf/{name}.ttf", size)


def _printable(text: str) -> str:
    """The text in one line, with accents as one character each, and a sign for what no font shows."""
    text = unicodedata.normalize("NFC", text)
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def shortened(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """The text, or as much of its two ends as fits into a width in pixels, with an ellipsis between them."""
    text = _printable(text)
    kept = min(len(text), int(width))  # a character takes a pixel at least
    short = text
    while font.getlength(short) > width:
        kept -= 1
        short = f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"
    return short


def wrapped(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """The text's words in lines of a width in pixels."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if font.getlength(_printable(longer)) <= width:
            lines[-1] = _printable(longer)
        else:
            lines.append(shortened(word, font, width))
    return lines if lines[0] else lines[1:]
