"""The contact sheet of your own photos, looked at by its pixels."""

import math
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

from snakedistill.export.contact_sheet import (
    FEWEST_COLUMNS,
    GAP,
    GREY,
    LINE,
    MARGIN,
    MOST_WIDTH,
    PHOTO,
    STRIKING,
    TEXT,
    Tile,
    contact_sheet,
    load_font,
    shortened,
    small,
    wrapped,
)

BLUE = small(Image.new("RGB", (640, 480), "blue"))
WIDTH = PHOTO + 2 * MARGIN
DESCRIPTION = "Run tiny: 40 photographs of archive.zip (28 to train, 6 to validate, 6 to test) at 32 pixels; seed 0."


def tile(name="a.jpg", student="cat") -> Tile:
    return Tile(name, BLUE, "", [("teacher", [("cat", 0.999)]), ("soft-0", [(student, 0.6)])])


def pixels_of(sheet: Image.Image, colour: str) -> np.ndarray:
    return (np.asarray(sheet) == np.asarray(Image.new("RGB", (1, 1), colour))).all(axis=2)


@pytest.mark.parametrize(("photos", "columns", "rows"), [(0, 3, 0), (1, 3, 1), (3, 3, 1), (7, 5, 2), (23, 5, 5)])
def test_photos_stand_in_rows_of_five_above_the_description(photos, columns, rows):
    sheet = contact_sheet([tile() for _ in range(photos)], [DESCRIPTION])
    assert sheet.width == GAP + columns * (WIDTH + GAP)
    # The photos are there whole, one in each place.
    assert pixels_of(sheet, "blue").sum() == photos * BLUE.width * BLUE.height
    starts = pixels_of(sheet, "blue").any(axis=1).astype(int)
    assert (np.diff(starts) == 1).sum() == rows
    # The description is below them, and no line of it is cut off.
    without = contact_sheet([tile() for _ in range(photos)], [])
    below = np.asarray(sheet)[without.height - GAP :]
    np.testing.assert_array_equal(np.asarray(sheet)[: without.height - GAP], np.asarray(without)[:-GAP])
    said = (below < 255).any(axis=2)
    assert said.sum() > 1000
    assert not said[-GAP + 4 :].any()
    assert not said[:, -GAP:].any()


def test_only_a_disagreement_is_framed_in_colour():
    agreed, disagreed = (contact_sheet([tile(student=answer)], []) for answer in ("cat", "dog"))
    assert not pixels_of(agreed, STRIKING).any()
    frame = pixels_of(disagreed, STRIKING)
    height = disagreed.height - 3 * GAP
    assert frame[GAP : GAP + height, [GAP, GAP + 2, GAP + WIDTH - 3, GAP + WIDTH - 1]].all()
    assert frame[[GAP, GAP + 2, GAP + height - 3, GAP + height - 1], GAP : GAP + WIDTH].all()
    # The word stands in white on the same colour.
    word = np.asarray(disagreed)[GAP + 3 : GAP + 3 + TEXT + MARGIN, GAP + MARGIN : GAP + MARGIN + 60]
    assert (word == 255).all(axis=2).sum() > 100


def test_the_runner_up_stands_in_grey_below_each_answer():
    def of_three(runner_up):
        best = [("cat", 0.6), (runner_up, 0.3)]
        return Tile("a.jpg", BLUE, "", [("teacher", best), ("soft-0", [("cat", 0.7), ("dog", 0.2)])])

    sheet, other, without = (contact_sheet([one], []) for one in (of_three("dog"), of_three("owl"), tile()))
    assert sheet.height == without.height + 2 * LINE
    below = GAP + MARGIN + PHOTO + 4
    said, black = (np.asarray(sheet) < 200).all(axis=2), pixels_of(sheet, "black")
    for line, ink in enumerate([True, True, False, True, False]):
        rows = np.s_[below + LINE * line : below + LINE * (line + 1)]
        assert said[rows].sum() > 100
        assert black[rows].any() == ink
    # Two networks that differ in the runner-up alone do not disagree.
    assert not pixels_of(other, STRIKING).any()


@pytest.mark.parametrize(
    ("name", "width"), [("owl", PHOTO), ("staffordshire bull terrier", None), ("x" * 99, MOST_WIDTH)]
)
def test_tiles_are_wider_for_long_names_of_classes(name, width):
    tiles = [Tile("a.jpg", BLUE, "", [("teacher", [("cat", 0.6), (name, 0.3)])]), Tile("b.jpg", None, "torn", [])]
    sheet = contact_sheet(tiles, [])
    inside = (sheet.width - GAP) // FEWEST_COLUMNS - GAP - 2 * MARGIN
    assert inside == (width or math.ceil(load_font("DejaVuSans", TEXT).getlength(f"then {name} 100.0 %")))
    assert pixels_of(sheet, "blue").sum() == BLUE.width * BLUE.height
    of_two = contact_sheet([Tile("a.jpg", BLUE, "", [("teacher", [(name, 0.6)])])], [])
    assert of_two.width == GAP + FEWEST_COLUMNS * (WIDTH + GAP)


def test_a_broken_file_is_an_empty_frame_with_the_reason():
    broken = Tile("a.jpg", None, "cannot be decoded: " + "a reason of many words " * 100, [])
    sheet = contact_sheet([broken], [])
    inside = np.s_[GAP + MARGIN : GAP + MARGIN + PHOTO, GAP + MARGIN : GAP + MARGIN + PHOTO]
    said = pixels_of(sheet, GREY)
    assert said[inside].sum() > 500
    assert said.sum() == said[inside].sum()


def test_a_long_name_is_shortened_in_its_middle():
    font = load_font("DejaVuSans", TEXT)
    assert shortened("short.jpg", font, PHOTO) == "short.jpg"
    name = "holiday/" + "a" * 500 + "/IMG_1234.jpg"
    short = shortened(name, font, PHOTO)
    head, tail = short.split("…")
    assert name.startswith(head)
    assert name.endswith(tail)
    assert abs(len(head) - len(tail)) <= 1
    assert PHOTO - 12 < font.getlength(short) <= PHOTO


def test_every_name_can_be_shown():
    names = ["two\nlines.jpg", "\udcff.jpg", "猫.jpg", "", "e\u0301te\u0301.jpg", "\u202eright to left"]
    contact_sheet([tile(name=name) for name in names], ["", *names])
    font = load_font("DejaVuSans", TEXT)
    assert shortened(names[0], font, PHOTO) == "two\N{REPLACEMENT CHARACTER}lines.jpg"
    assert shortened(names[4], font, PHOTO) == "\u00e9t\u00e9.jpg"


def test_lines_are_as_long_as_fits():
    font = load_font("DejaVuSans", TEXT)
    lines = wrapped(DESCRIPTION, font, 300)
    assert " ".join(lines) == DESCRIPTION
    assert all(font.getlength(line) <= 300 for line in lines)
    nexts = [line.split()[0] for line in lines[1:]]
    assert all(font.getlength(f"{line} {word}") > 300 for line, word in zip(lines, nexts, strict=False))
    assert font.getlength(wrapped("x" * 1000, font, 300)[0]) <= 300


def test_the_font_has_accents_and_costs_no_import_of_matplotlib():
    code = (
        "import sys; from snakedistill.export import contact_sheet as c; font = c.load_font('DejaVuSans', 13); "
        "none = font.getmask('\\uffff'); "
        "assert all(bytes(font.getmask(one)) != bytes(none) for one in 'éÄøñžłğ…'); "
        "assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT / "workflow/scripts", check=True)
