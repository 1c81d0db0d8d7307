"""The section of the summary on the choice of a student."""

import pandas as pd

from snakedistill.measures.choice import OPEN, YES
from snakedistill.results.summary.cells import SPACE, digits_for, escaped, markdown, number
from snakedistill.results.summary.contents import Contents, threads_in_words
from snakedistill.results.tables.frontier import TEACHER
from snakedistill.results.verdict import teacher_of

_HEADS = ["network", "backbone", "pixels", "form", "accuracy", "minus teacher", "not worse", "ms an image"]
_HEADS += ["times faster", "MB", "million multiply-adds", "on frontier", "chosen"]
_NOT_MEASURED = "\N{EN DASH}"


def teacher_and_chosen(frontier: pd.DataFrame) -> list[str]:
    """The teacher and the chosen student side by side, for a reader with ten seconds; nothing where none was chosen.

    Args:
        frontier: the table of that name.
    """
    chosen = frontier[frontier["chosen"] == YES]
    if chosen.empty:
        return []
    student = chosen.iloc[0]
    of_same_form = teacher_of(frontier, student)
    teacher = frontier[frontier["role"] == TEACHER].iloc[0] if of_same_form is None else of_same_form
    both = pd.DataFrame([teacher, student])
    digits = {name: digits_for(both[name].dropna()) for name in ("milliseconds", "megabytes")}
    rows = [
        [
            name,
            _interval(row, "accuracy", 3),
            number(row["megabytes"], digits["megabytes"]) or _NOT_MEASURED,
            _interval(row, "milliseconds", digits["milliseconds"]) or _NOT_MEASURED,
        ]
        for name, row in zip(("teacher", "chosen student"), both.to_dict("records"), strict=True)
    ]
    heads = [f"on {student['images']:,.0f} test images", "accuracy", "MB", "ms an image"]
    return [markdown(heads, rows, "lrrr")]


def frontier_section(contents: Contents, pictures: list[str]) -> list[str]:
    """Every file of the teacher and of the candidates: how accurate, fast and large it is."""
    frame = contents.tables["frontier"]
    frame = frame.assign(multiply_adds=frame["multiply_adds"] / 1e6)
    costs = ("milliseconds", "times_faster", "megabytes", "multiply_adds")
    digits = {name: digits_for(frame[name].dropna()) for name in costs}
    rows = [
        [
            row["network"],
            escaped(str(row["backbone"])),
            number(row["image_size"], 0),
            f"{row['form']} {row['precision']}" if row["form"] else "none",
            _interval(row, "accuracy", 4),
            _interval(row, "difference", 4, "+"),
            "" if pd.isna(row["not_worse"]) else "cannot be told" if row["not_worse"] == OPEN else row["not_worse"],
            *(_interval(row, name, digits[name]) for name in ("milliseconds", "times_faster")),
            *(number(row[name], digits[name]) for name in ("megabytes", "multiply_adds")),
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


def _interval(row: dict, name: str, digits: int, sign: str = "") -> str:
    value, low, high = (number(row[f"{name}{end}"], digits, sign) for end in ("", "_low", "_high"))
    return f"{value}{SPACE}[{low},{SPACE}{high}]" if low else value
