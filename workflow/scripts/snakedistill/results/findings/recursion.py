"""Findings on what recursion does to logits and answers."""

from collections.abc import Iterator

import pandas as pd

from snakedistill.measures.comparison import SIGNIFICANCE
from snakedistill.results.findings.finding import (
    CONTRADICTED,
    OPEN,
    SUPPORTED,
    Finding,
    code,
    corrected,
    in_range,
    of_seeds,
    p_in_words,
)
from snakedistill.results.tables.table import by_seed, over_seeds


def recursion(table: pd.DataFrame, assigned: bool = False) -> Iterator[Finding]:
    """Shrinkage and drift of each chain, of its last generation against its first, with Holm's correction for all.

    The class of the drift is the one with the largest; as it is chosen after looking, its p-value counts once for each
    class (Bonferroni), of two classes once, for what one gains the other loses.

    Args:
        table: recursion.
        assigned: see `of_seeds`.
    """
    over, rows = of_seeds(by_seed(table)["seed"].nunique(), assigned), over_seeds(table)
    chains, p_values = [], []
    for _, of_family in rows[rows["spread_ratio_from_first"].notna()].groupby("family", sort=False):
        last = of_family[of_family["generation"] == of_family["generation"].max()]
        towards = last.loc[last["drift_from_first"].idxmax()]
        choices = len(last) if len(last) > 2 else 1
        chains.append((of_family, towards))
        p_values += [towards["spread_ratio_from_first_p"], min(1.0, towards["drift_from_first_p"] * choices)]
    tests = corrected(p_values)
    for number, (of_family, towards) in enumerate(chains):
        first = rows[(rows["family"] == towards["family"]) & (rows["generation"] == 0)]
        yield _shrinks(of_family, towards, first, tests[2 * number], len(tests), over)
        yield _drifts(towards, first, tests[2 * number + 1], len(tests), over)


def _shrinks(
    of_family: pd.DataFrame, last: pd.Series, first: pd.DataFrame, p_holm: float, tests: int, over: str
) -> Finding:
    ratio, low, high = (last[f"spread_ratio_from_first{end}"] for end in ("", "_low", "_high"))
    words = (
        f"the spread of the logits of {code(last['network'])} is {ratio:.3f} [{low:.3f}, {high:.3f}] times that of "
        f"{code(first['network'].iloc[0])}{over}, step by step {in_range(of_family['spread_ratio'])} times; "
        f"{p_in_words(p_holm, tests, 'recursion')}{_carried_on(of_family, last)}"
    )
    verdict = OPEN if p_holm >= SIGNIFICANCE else SUPPORTED if ratio < 1 else CONTRADICTED
    return Finding(verdict, f"along the recursion of {code(last['family'])} the logits shrink", words)


def _carried_on(of_family: pd.DataFrame, last: pd.Series) -> str:
    """How much of what the seeds have in common the last step carries on, where the interval does not hold 1."""
    slope, low, high = (last[f"slope_across_seeds{end}"] for end in ("", "_low", "_high"))
    if not (high < 1 or low > 1):
        return ""
    return (
        f"; of what the seeds of {code(last['source'])} have in common, {code(last['network'])} carries on "
        f"{slope:.3f} [{low:.3f}, {high:.3f}] times, whatever the noise of a training run"
    )


def _drifts(last: pd.Series, first: pd.DataFrame, p_holm: float, tests: int, over: str) -> Finding:
    drift, low, high = (last[f"drift_from_first{end}"] for end in ("", "_low", "_high"))
    answered = first.loc[first["class"] == last["class"], "answered"].iloc[0]
    words = (
        f"from {code(first['network'].iloc[0])} to {code(last['network'])} the mean logit of this class changes by "
        f"{drift:+.3f} [{low:+.3f}, {high:+.3f}]{over}, and the share of test images that get it as answer "
        f"goes from {answered:.3f} to {last['answered']:.3f}; {p_in_words(p_holm, tests, 'recursion')}"
    )
    statement = f"along the recursion of {code(last['family'])} the predictions drift towards {code(last['class'])}"
    return Finding(SUPPORTED if p_holm < SIGNIFICANCE and drift > 0 else OPEN, statement, words)
