"""The section of the summary on the choice of a student."""

from collections.abc import Callable

import pandas as pd

from snakedistill.measures.choice import OPEN
from snakedistill.results.summary.cells import SPACE, escaped, markdown, number, significant
from snakedistill.results.summary.contents import Contents, threads_in_words

_HEADS = ["network", "backbone", "pixels", "form", "accuracy", "minus teacher", "not worse", "ms an image"]
_HEADS += ["times faster", "MB", "million multiply-adds", "on frontier", "chosen"]


def frontier_section(contents: Contents, pictures: list[str]) -> list[str]:
    """Every file of the teacher and of the candidates: how accurate, fast and large it is."""
    frame = contents.tables["frontier"]
    rows = [
        [
            row["network"],
            escaped(str(row["backbone"])),
            _shown(row["image_size"], "{:.0f}".format),
            f"{row['form']} {row['precision']}" if row["form"] else "none",
            _interval(row, "accuracy", number),
            _interval(row, "difference", _signed),
            "" if pd.isna(row["not_worse"]) else "cannot be told" if row["not_worse"] == OPEN else row["not_worse"],
            _interval(row, "milliseconds", significant),
            _interval(row, "times_faster", significant),
            _shown(row["megabytes"], significant),
            _shown(row["multiply_adds"] / 1e6, significant),
            row["on_frontier"],
            row["chosen"],
        ]
        for row in frame.to_dict("records")
    ]
    words = (
        "Every exported student of generation 0, in every form and precision, beside the teacher. *Accuracy* is the "
        "file's own on the test part, with its exact 95 % interval; *minus teacher* is the paired difference (Tango's "
        "interval). *Not worse* tells, one-sidedly at 95 %, whether it is worse by more than `choose.margin`. *ms an "
        f"image* is the median for one image at a time on {threads_in_words(contents.threads)}, without decoding. *On "
        "the frontier* is a file where no other student's is as accurate on test and as fast. Validation chooses: the "
        "fastest of those that are about as accurate as the best one. `tables/frontier.csv` has bounds, memory, and "
        "the number of images that would tell."
    )
    return [*pictures, words, markdown(_HEADS, rows, "llrlrrlrrrrll")]


def _interval(row: dict, name: str, written: Callable[[float], str]) -> str:
    value, low, high = (_shown(row[f"{name}{end}"], written) for end in ("", "_low", "_high"))
    return f"{value}{SPACE}[{low},{SPACE}{high}]" if low else value


def _shown(value: float, written: Callable[[float], str]) -> str:
    return "" if pd.isna(value) else written(value)


def _signed(value: float) -> str:
    return number(value, sign="+")
