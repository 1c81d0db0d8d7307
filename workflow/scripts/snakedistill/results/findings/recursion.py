"""Findings on what recursion does to logits and answers."""

from collections.abc import Iterator

import pandas as pd

from snakedistill.measures.intervals import NORMAL
from snakedistill.results.findings.finding import CONTRADICTED, OPEN, SUPPORTED, Finding, code, in_range
from snakedistill.results.tables.comparisons import HIGHER, LOWER


def recursion(table: pd.DataFrame) -> Iterator[Finding]:
    """Shrinkage and drift of each chain, from the intervals of all steps together (Bonferroni)."""
    steps = table[table["slope"].notna()]
    for family, of_family in steps.groupby("family", sort=False):
        of_steps = of_family.drop_duplicates(["seed", "network"])
        slopes, ratios = in_range(of_steps["slope"]), in_range(of_steps["slope"] / of_steps["correlation"])
        words = f"the slope b is {slopes}, and the ratio of the spreads, which noise widens, {ratios}"
        statement = f"along the recursion of {code(family)} the logits shrink in some steps and grow in none"
        yield _sided(of_steps, "slope", 1, statement, words, LOWER)
        towards = _most_answered(table[table["family"] == family])
        of_class = of_family[of_family["class"] == towards[0]]
        words = (
            f"the share of test images that get this answer goes from {towards[1]:.3f} to {towards[2]:.3f}; the drift "
            f"a is {in_range(of_class['drift'])}"
        )
        statement = (
            f"along the recursion of {code(family)} the answers drift towards {code(towards[0])} in some steps and "
            "away from it in none"
        )
        yield _sided(of_class, "drift", 0, statement, words, HIGHER)


def _sided(rows: pd.DataFrame, name: str, bound: float, statement: str, words: str, claimed: str) -> Finding:
    """Supported where some steps lie on the claimed side of the bound and none on the other."""
    from scipy import stats  # slow to import

    widened = stats.norm.isf(0.025 / len(rows)) / NORMAL
    above = int((rows[name] - (rows[name] - rows[f"{name}_low"]) * widened > bound).sum())
    below = int((rows[name] + (rows[f"{name}_high"] - rows[name]) * widened < bound).sum())
    on_side, against = (below, above) if claimed == LOWER else (above, below)
    verdict = SUPPORTED if on_side and not against else CONTRADICTED if against and not on_side else OPEN
    counts = f"the interval is above {bound:g} in {above} of {_steps(len(rows))} and below {bound:g} in {below}"
    return Finding(verdict, statement, f"{words}; {counts}")


def _most_answered(of_family: pd.DataFrame) -> tuple[str, float, float]:
    """The class whose share of the answers grows most from the first generation to the last, and the two shares."""
    shares = of_family.groupby(["class", "generation"], sort=False)["answered"].mean().unstack("generation")
    first, last = shares[shares.columns.min()], shares[shares.columns.max()]
    name = (last - first).idxmax()
    return name, float(first[name]), float(last[name])


def _steps(number: int) -> str:
    return f"{number} step{'s' if number > 1 else ''}"
