"""A finding, and the words that findings share."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from snakedistill.measures.comparison import FEWEST_SEEDS, holm

SUPPORTED, CONTRADICTED, OPEN = "supported", "contradicted", "cannot be told"

AND_ASSIGNMENTS = " and assignments of images to parts"


@dataclass(frozen=True)
class Finding:
    """What a run says about a statement.

    Attributes:
        verdict: supported, contradicted or cannot be told.
        statement: on the networks of the run, in words.
        evidence: the numbers behind the verdict, and of an open one what would be needed, in words.
    """

    verdict: str
    statement: str
    evidence: str


def code(name: str) -> str:
    """A name that Markdown shows as it is."""
    return f"`{name.replace('`', chr(39))}`"


def in_range(values: pd.Series) -> str:
    """The smallest and the largest value, or the one that all have."""
    low, high = f"{values.min():.3f}", f"{values.max():.3f}"
    return low if low == high else f"{low} to {high}"


def rounded(number: float) -> str:
    """Two significant digits; larger numbers than a billion are not worth a number."""
    if not np.isfinite(number) or number > 1e9:
        return "a billion"
    digits = max(0, math.floor(math.log10(max(number, 1))) - 1)
    return f"{math.ceil(number / 10**digits) * 10**digits:,}"


def of_seeds(seeds: int, assigned: bool = False) -> str:
    """What an interval is over, beside the images of one seed.

    Args:
        seeds: their number.
        assigned: whether each seed had its own assignment of images to parts.
    """
    together = f" of {seeds} seeds together" if seeds < FEWEST_SEEDS else f" over {seeds} seeds"
    return "" if seeds == 1 else f"{together}{AND_ASSIGNMENTS if assigned and seeds >= FEWEST_SEEDS else ''}"


def corrected(p_values: list[float]) -> list[float]:
    """p-values with Holm's correction for those that are known."""
    known = [value for value in p_values if not np.isnan(value)]
    after = iter(holm(known))
    return [value if np.isnan(value) else next(after) for value in p_values]


def p_in_words(p_holm: float, tests: int, about: str) -> str:
    """A p-value after Holm's correction, with the statements that it is for."""
    value = "p < 1e-12" if p_holm < 1e-12 else f"p = {p_holm:.2g}"
    return f"{value} with Holm's correction for {tests} statements on {about}"


def points(share: float, sign: str = "") -> str:
    """A difference of shares in percentage points, one digit after the point or, of a smaller one, the first that is
    not 0."""
    value = 100 * share
    return f"{value:{sign}.1f}" if share == 0 or abs(value) >= 0.05 else f"{value:{sign}.1g}"


def margin_in_words(margin: float) -> str:
    """For example "1 point", "0.5 points"."""
    value = f"{100 * margin:g}"
    return f"{value} point{'' if value == '1' else 's'}"


def capital(sentence: str) -> str:
    """A sentence that begins with a capital letter."""
    return sentence[0].upper() + sentence[1:]
