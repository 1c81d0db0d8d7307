"""Markdown: cells, tables, pictures and pages."""

import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from snakedistill.core.files import write_text

SPACE = "\N{NO-BREAK SPACE}"


def markdown(head: list[str], rows: Iterable[list], align: str) -> str:
    """A table; `align` has an l for each column of text and an r for each of numbers."""
    rule = ["---" if letter == "l" else "---:" for letter in align]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in (head, rule, *rows))


def escaped(name: str) -> str:
    """A name that Markdown shows as it is."""
    return re.sub(r"[\\`*_\[\]<>|&]", r"\\\g<0>", name)


def picture(path: Path) -> str:
    """A picture in a folder beside the page."""
    return f"![{path.stem.replace('-', ' ')}]({path.parent.name}/{path.name})"


def write_markdown(paragraphs: Iterable[str], path: str) -> None:
    """Write a page; no line breaks between a number and its percent sign."""
    write_text("\n\n".join(paragraphs).replace(" %", f"{SPACE}%") + "\n", path)


def by(frame: pd.DataFrame, keys: list[str]) -> Iterator[tuple]:
    """The rows of all seeds for each value of the keys, in the order of the frame."""
    return iter(frame.groupby(keys[0] if len(keys) == 1 else keys, sort=False))


def reference_cells(of_seeds: pd.DataFrame, name: str, reference: str | None) -> list[str]:
    """A measured quantity; with reference numbers also these, and measured minus reference where the table has it."""
    cells = [measured(of_seeds, name)]
    if reference and f"{reference}_{name}" in of_seeds:
        difference = of_seeds[f"{name}_difference"].mean()
        cells += [number(of_seeds[f"{reference}_{name}"].iloc[0]), number(difference, sign="+")]
    return cells


def reference_heads(frame: pd.DataFrame, name: str, reference: str | None) -> list[str]:
    """The heads of the columns of `reference_cells`."""
    return [name, *([reference, "difference"] if reference and f"{reference}_{name}" in frame else [])]


def measured(of_seeds: pd.DataFrame, name: str, digits: int = 4) -> str:
    """A quantity with its interval where it has one; of several seeds the mean and the standard deviation."""
    values = of_seeds[name]
    if len(values) > 1:
        return spread(values.mean(), values.std(ddof=1), digits)
    if pd.api.types.is_integer_dtype(values) and f"{name}_low" not in of_seeds:  # a share may be 1 in every row
        return f"{values.iloc[0]:,}"
    row = of_seeds.iloc[0]
    low, high = (number(row.get(f"{name}_{end}"), digits) for end in ("low", "high"))
    return number(row[name], digits) + (f"{SPACE}[{low},{SPACE}{high}]" if low else "")


def spread(mean: float, deviation: float, digits: int = 4) -> str:
    """A mean and a standard deviation; nothing where there is no number."""
    return "" if pd.isna(mean) else f"{number(mean, digits)}{SPACE}±{SPACE}{number(deviation, digits)}"


def number(value: float | None, digits: int = 4, sign: str = "") -> str:
    """So many digits after the point, so that numbers of a column align; nothing where there is no number.

    What would be printed as zero and is not says on which side it lies.
    """
    if value is None or pd.isna(value):
        return ""
    if value and abs(value) < 0.5 * 10.0**-digits:
        return f"{'&lt;' if value > 0 else '&gt;-'}{10.0**-digits:.{digits}f}"
    return f"{value + 0.0:{sign},.{digits}f}"


def digits_for(values: Iterable[float], digits: int = 2) -> int:
    """Digits after the point with which the smallest of positive values has `digits` significant ones."""
    least = min((value for value in values if value > 0), default=1.0)
    return max(0, digits - 1 - math.floor(math.log10(least)))


def significant(value: float, digits: int = 3) -> str:
    """Significant digits, and all of those before the point."""
    text = f"{value:#.{digits}g}"
    return f"{value:,.0f}" if "e+" in text else text.rstrip(".").replace("e-0", "e-")
