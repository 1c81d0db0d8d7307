"""A finding, and the words that findings share."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

SUPPORTED, CONTRADICTED, OPEN = "supported", "contradicted", "cannot be told"


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
