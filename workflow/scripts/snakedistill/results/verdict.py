"""Which student was chosen, and how good, small and fast it is beside its teacher: one sentence.

The sentence says that something differs only where an interval does: times that cannot be told apart, or that belong to
the same work, are not called faster.
"""

import pandas as pd

from snakedistill.core.errors import listed
from snakedistill.measures.choice import NO, YES
from snakedistill.results.findings.finding import margin_in_words, points, rounded
from snakedistill.results.summary.cells import significant
from snakedistill.results.tables.frontier import CANDIDATE, TEACHER


def verdict(frontier: pd.DataFrame, margin: float, ms: float | None = None, mb: float | None = None) -> str:
    """The choice of a run in a sentence.

    Args:
        frontier: the table of that name.
        margin: difference of accuracies that does not matter, `choose.margin`.
        ms: limit of the milliseconds of an image, `choose.ms`.
        mb: limit of the megabytes of the file, `choose.mb`.

    Returns:
        For example "soft-0 at 128 pixels in int8: 0.4 points below the teacher [-1.1, +0.3], not worse by more than 1
        point; 4.1 MB instead of 20; 3.1 ms instead of 24 [x 7.2 to 8.3]."
    """
    candidates = frontier[frontier["role"] == CANDIDATE]
    if candidates.empty:
        return "No student was exported, so none is chosen."
    chosen = candidates[candidates["chosen"] == YES]
    if chosen.empty:
        return f"{_none_within(candidates, ms, mb)}."
    row = chosen.iloc[0]
    teacher = teacher_of(frontier, row)
    parts = [
        f"{name_of(row, candidates)}: {accuracy_in_words(row, margin)}",
        _cost_of_int8(candidates, row, margin),
        _size(row, teacher),
        _time(row, teacher),
    ]
    return f"{'; '.join(part for part in parts if part)}."


def name_of(row: pd.Series, candidates: pd.DataFrame) -> str:
    """Network, pixels, precision, and the form where candidates have several: soft-0 at 128 pixels in int8 (LiteRT)."""
    pixels = "" if pd.isna(row["image_size"]) else f" at {row['image_size']:.0f} pixels"
    form = f" ({row['form']})" if candidates["form"].nunique() > 1 else ""
    return f"{row['network']}{pixels} in {row['precision']}{form}"


def accuracy_in_words(row: pd.Series, margin: float) -> str:
    """The difference to the teacher with its interval, and whether it is worse by more than the margin."""
    difference, low, high = row["difference"], row["difference_low"], row["difference_high"]
    if pd.isna(difference):
        return f"an accuracy of {row['accuracy']:.3f}"
    interval = f"[{points(low, '+')}, {points(high, '+')}]"
    if difference:
        said = f"{points(abs(difference))} points {'above' if difference > 0 else 'below'} the teacher {interval}"
    else:
        said = f"as accurate as the teacher on the test images {interval}"
    within = margin_in_words(margin)
    if low > 0:
        return f"{said}, better than it"
    if row["not_worse"] == YES:
        return f"{said}, not worse by more than {within}"
    if row["not_worse"] == NO:
        return f"{said}, worse by more than {within}"
    needed = row["images_needed"]
    more = "at this difference no number would" if pd.isna(needed) else f"about {rounded(needed)} would"
    return (
        f"{said}, and {row['images']:,.0f} test images cannot tell whether it is worse by more than {within} ({more})"
    )


def teacher_of(frontier: pd.DataFrame, row: pd.Series) -> pd.Series | None:
    """The teacher's float32 file of the same form, if there is one."""
    same = (frontier["role"] == TEACHER) & (frontier["form"] == row["form"]) & (frontier["precision"] == "float32")
    return frontier[same].iloc[0] if same.any() else None


def _cost_of_int8(candidates: pd.DataFrame, row: pd.Series, margin: float) -> str:
    """What int8 takes from the accuracy on the test images, where it is half the margin or more."""
    if row["precision"] == "float32":
        return ""
    same = (candidates["network"] == row["network"]) & (candidates["form"] == row["form"])
    of_float32 = candidates["accuracy"][same & (candidates["precision"] == "float32")]
    lost = of_float32.iloc[0] - row["accuracy"] if len(of_float32) else 0
    return f"{points(lost)} points below its own float32 file on these images" if lost >= margin / 2 else ""


def _size(row: pd.Series, teacher: pd.Series | None) -> str:
    size = significant(row["megabytes"], 2)
    if teacher is None or pd.isna(teacher["megabytes"]):
        return f"{size} MB"
    of_teacher = significant(teacher["megabytes"], 2)
    return f"{size} MB, as large as the teacher" if size == of_teacher else f"{size} MB instead of {of_teacher}"


def _time(row: pd.Series, teacher: pd.Series | None) -> str:
    if pd.isna(row["milliseconds"]):
        return ""
    time, low, high = significant(row["milliseconds"], 2), row["times_faster_low"], row["times_faster_high"]
    if teacher is None or pd.isna(low):
        return f"{time} ms an image"
    of_teacher = significant(teacher["milliseconds"], 2)
    if _same_work(row, teacher):
        return f"{time} ms for the same multiply-adds as the teacher, which takes {of_teacher}"
    if low > 1:
        return f"{time} ms instead of {of_teacher} [x {_times(low)} to {_times(high)}]"
    if high < 1:
        return f"{time} ms, slower than the teacher's {of_teacher} [x {_times(1 / high)} to {_times(1 / low)}]"
    return f"{time} ms, not to be told from the teacher's {of_teacher} [x {_times(low)} to {_times(high)}]"


def _same_work(row: pd.Series, teacher: pd.Series) -> bool:
    """Whether two files have the same precision and multiply-adds, and sizes that differ by 2 % at most."""
    sizes = abs(row["megabytes"] - teacher["megabytes"]) <= 0.02 * teacher["megabytes"]
    same = row["precision"] == teacher["precision"] and row["multiply_adds"] == teacher["multiply_adds"]
    return bool(same and sizes)


def _times(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 2 else significant(ratio, 2)


def _none_within(candidates: pd.DataFrame, ms: float | None, mb: float | None) -> str:
    """That no candidate is within the limits, and the one that exceeds them by the smallest factor."""
    given = {name: limit for name, limit in (("milliseconds", ms), ("megabytes", mb)) if limit is not None}
    units = {"milliseconds": "ms", "megabytes": "MB"}
    limits = listed([f"{limit:g} {units[name]}" for name, limit in given.items()])
    nearest = candidates[candidates["nearest"] == YES].iloc[0]
    if nearest[list(given)].isna().any():
        return f"No student is known to be within {limits}, because none was timed: none is chosen"
    measured = listed([f"{significant(nearest[name], 2)} {units[name]}" for name in given])
    return (
        f"No student is within {limits}, so none is chosen; the nearest, {name_of(nearest, candidates)}, has {measured}"
    )
