"""Findings on which network is more accurate."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from snakedistill.core.errors import listed
from snakedistill.results.findings.finding import (
    AND_ASSIGNMENTS,
    CONTRADICTED,
    OPEN,
    SUPPORTED,
    Finding,
    code,
    in_range,
    rounded,
)
from snakedistill.results.lines import ABOUT, change
from snakedistill.results.tables.comparisons import ALL_SEEDS, HIGHER, LOWER

MOST_OPEN = 6
"""More pairs of one kind that cannot be told apart are one finding: families make as many pairs as their square."""
_STATEMENTS = {
    "teacher": "{one} is less accurate than {other}",
    "independent": "{one} is more accurate than {other}, which learned without a teacher",
    "recursion": "recursion loses accuracy: {one} is less accurate than {other}",
    "retraining": "the chain loses more than as many training runs on manual labels: {one} is below {other}",
    "families": "{one} is {more} accurate than {other}, from the same teacher",
    "probe": "{one} is more accurate than {other}, the head alone on the same backbone",
    "networks": "{one} is {more} accurate than {other}",
}
_CLAIMED = {"teacher": LOWER, "recursion": LOWER, "retraining": LOWER}
_OF_EQUALS = ("families", "networks")
"""Of such pairs nobody expects one to be better: the statement is what was found."""


def accuracies(table: pd.DataFrame) -> Iterator[Finding]:
    """One finding for each kind of pair of first students, and of the last generation of each chain."""
    whole = table[table["seed"].astype(str) == ALL_SEEDS]
    rows = table if whole.empty else whole
    firsts = set(table["one"][table["about"].isin(["teacher", "probe", "networks"])])
    of_chains = rows["about"].isin(["recursion", "retraining"])
    last = rows[rows["about"] == "recursion"].groupby("other", sort=False)["one"].last()
    later = [*last, *(change(one, other) for other, one in last.items())]
    shown = (of_chains & rows["one"].isin(later)) | (~of_chains & rows["one"].isin(firsts))
    seeds = table["seed"].astype(str)[table["seed"].astype(str) != ALL_SEEDS].nunique()
    rows = rows.assign(
        found=rows["this_recipe"].astype(object).where(rows["this_recipe"].notna(), rows["these_networks"])
    )
    is_open = ~rows["found"].isin([HIGHER, LOWER])
    many = is_open & shown & (is_open & shown).groupby(rows["about"]).transform("sum").gt(MOST_OPEN)
    for row in rows[shown & ~many].to_dict("records"):
        claimed = _CLAIMED.get(row["about"], HIGHER)
        if row["about"] in _OF_EQUALS and row["found"] == LOWER:
            claimed = LOWER
        against = HIGHER if claimed == LOWER else LOWER
        verdict = {claimed: SUPPORTED, against: CONTRADICTED}.get(row["found"], OPEN)
        more = "less" if claimed == LOWER else "more"
        statement = _STATEMENTS[row["about"]].format(one=code(row["one"]), other=code(row["other"]), more=more)
        of_recipe = isinstance(row["this_recipe"], str)
        evidence = (_of_recipe if of_recipe else _of_networks)(row, seeds, len(rows))
        if verdict == OPEN:
            evidence += f". {_seeds_needed(row, seeds, len(rows)) if of_recipe else _images_needed(row, len(rows))}"
            evidence += f". Equal within {row['equal_within']:.4f}"
        yield Finding(verdict, statement, evidence)
    for about, of_kind in rows[many].groupby("about", sort=False):
        yield _many_open(about, of_kind, seeds)


def _many_open(about: str, rows: pd.DataFrame, seeds: int) -> Finding:
    """One finding for all pairs of a kind that cannot be told apart."""
    pairs = [f"{code(row.one)} and {code(row.other)} ({row.difference:+.4f})" for row in rows.itertuples()]
    shown = in_range(rows["smallest_difference"])
    words = (
        f"{rows['images'].iloc[0]:,} images show a difference of {shown} with one seed"
        if seeds > 1
        else (f"{rows['images'].iloc[0]:,} images show a difference of {shown}")
    )
    words += f"; each pair is equal within {in_range(rows['equal_within'])}; each is in `comparisons.csv`"
    return Finding(OPEN, f"which is more accurate, {ABOUT[about]}: {listed(pairs)}", words)


def _difference(row: dict) -> str:
    return (
        f"{row['accuracy_one']:.4f} against {row['accuracy_other']:.4f} on {row['images']:,} test images"
        f"{_own(row, ' of each seed')}, a difference of {row['difference']:+.4f} "
        f"[{row['difference_low']:+.4f}, {row['difference_high']:+.4f}]"
    )


def _own(row: dict, words: str) -> str:
    """Words for a row of seeds that each had an assignment of images to parts of its own; none for others."""
    return words if row["assignments"] > 1 else ""


def _of_networks(row: dict, seeds: int, tests: int) -> str:
    of_seeds = f", {seeds} seeds together" if seeds > 1 else ""
    return (
        f"{_difference(row)}{of_seeds}; {row['one_alone']:,} against {row['other_alone']:,} images that one of the two "
        f"alone gets right, p = {_p(row['p'])}{_corrected(row['p_holm'], tests)}"
    )


def _of_recipe(row: dict, seeds: int, tests: int) -> str:
    return (
        f"{_difference(row)} over {seeds} paired seeds{_own(row, AND_ASSIGNMENTS)}, p = {_p(row['p_recipe'])}"
        f"{_corrected(row['p_recipe_holm'], tests)}; higher in {row['wins']:.0f} of the seeds and lower in "
        f"{row['losses']:.0f}"
    )


def _corrected(p_holm: float, tests: int) -> str:
    return f", {_p(p_holm)} with Holm's correction for {tests} pairs" if tests > 1 else ""


def _for_pairs(tests: int) -> str:
    return f" with the correction for {tests} pairs" if tests > 1 else ""


def _images_needed(row: dict, tests: int) -> str:
    if not row["one_alone"] + row["other_alone"]:
        return "The two are right on the same images"
    shown = f"{row['images']:,} images show a difference of {row['smallest_difference']:.4f}"
    if not row["difference"]:
        return shown
    return f"{shown}; to show the measured one takes about {rounded(row['images_needed'])}{_for_pairs(tests)}"


def _seeds_needed(row: dict, seeds: int, tests: int) -> str:
    if not row["difference"]:
        return "The two are equally accurate on average of the seeds"
    if np.isfinite(row["seeds_needed"]):
        needed = f"about {rounded(row['seeds_needed'])}"
        return f"{seeds} seeds cannot show a difference of this size{_for_pairs(tests)}; {needed} would"
    needed = f"more than {rounded(max(row['images_needed'], row['images']))}"
    on = "with test parts of these images" if row["assignments"] > 1 else "on these images"
    return f"No number of seeds {on} shows a difference of this size{_for_pairs(tests)}; {needed} images would"


def _p(value: float) -> str:
    return f"{value:.2g}" if value < 0.995 else "1"
