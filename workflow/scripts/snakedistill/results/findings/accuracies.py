"""Findings on which network is more accurate."""

import math
from collections.abc import Iterator

import pandas as pd

from snakedistill.core.errors import listed
from snakedistill.measures import comparison
from snakedistill.results.findings.finding import CONTRADICTED, OPEN, SUPPORTED, Finding, code, in_range, rounded
from snakedistill.results.lines import ABOUT
from snakedistill.results.tables.comparisons import ALL_SEEDS, HIGHER, LOWER

MOST_SEEDS = 1000
MOST_OPEN = 6
"""More pairs of one kind that cannot be told apart are one finding: families make as many pairs as their square."""
_STATEMENTS = {
    "teacher": "{one} is less accurate than {other}",
    "independent": "{one} is more accurate than {other}, which learned without a teacher",
    "recursion": "recursion loses accuracy: {one} is less accurate than {other}",
    "families": "{one} is more accurate than {other}, from the same teacher",
    "probe": "{one} is more accurate than {other}, the head alone on the same backbone",
    "networks": "{one} is more accurate than {other}",
}
_CLAIMED = {"teacher": LOWER, "recursion": LOWER}


def accuracies(table: pd.DataFrame) -> Iterator[Finding]:
    """One finding for each kind of pair of first students, and of the last generation of each chain."""
    whole = table[table["seed"].astype(str) == ALL_SEEDS]
    rows = table if whole.empty else whole
    firsts = set(table["one"][table["about"].isin(["teacher", "probe", "networks"])])
    recursion = rows["about"] == "recursion"
    last = rows["one"][recursion].groupby(rows["other"], sort=False).last()
    shown = (recursion & rows["one"].isin(last)) | (~recursion & rows["one"].isin(firsts))
    tests, seeds = len(rows), table["seed"].astype(str)[table["seed"].astype(str) != ALL_SEEDS].nunique()
    rows = rows.assign(
        found=rows["this_recipe"].astype(object).where(rows["this_recipe"].notna(), rows["these_networks"])
    )
    is_open = ~rows["found"].isin([HIGHER, LOWER])
    many = is_open & shown & (is_open & shown).groupby(rows["about"]).transform("sum").gt(MOST_OPEN)
    for row in rows[shown & ~many].to_dict("records"):
        claimed = _CLAIMED.get(row["about"], HIGHER)
        against = HIGHER if claimed == LOWER else LOWER
        of_recipe = isinstance(row["this_recipe"], str)
        verdict = {claimed: SUPPORTED, against: CONTRADICTED}.get(row["found"], OPEN)
        statement = _STATEMENTS[row["about"]].format(one=code(row["one"]), other=code(row["other"]))
        evidence = _of_recipe(row, seeds) if of_recipe else _of_networks(row, seeds, tests)
        if verdict == OPEN:
            evidence += f". {_seeds_needed(row, seeds) if of_recipe else _images_needed(row, seeds)}"
        yield Finding(verdict, statement, evidence)
    for about, of_kind in rows[many].groupby("about", sort=False):
        yield _many_open(about, of_kind, seeds)


def _many_open(about: str, rows: pd.DataFrame, seeds: int) -> Finding:
    """One finding for all pairs of a kind that cannot be told apart."""
    pairs = [f"{code(row.one)} and {code(row.other)} ({row.difference:+.4f})" for row in rows.itertuples()]
    words = (
        f"{rows['images'].iloc[0]:,} images could have shown a difference of {in_range(rows['smallest_difference'])}"
    )
    if seeds > 1:
        words += f"; none of these pairs has the same sign of the difference in enough of {seeds} seeds"
    words += "; each pair is in `comparisons.csv`"
    return Finding(OPEN, f"which is more accurate, {ABOUT[about]}: {listed(pairs)}", words)


def _difference(row: dict) -> str:
    return (
        f"{row['accuracy_one']:.4f} against {row['accuracy_other']:.4f} on {row['images']:,} test images, a difference "
        f"of {row['difference']:+.4f} [{row['difference_low']:+.4f}, {row['difference_high']:+.4f}]"
    )


def _of_networks(row: dict, seeds: int, tests: int) -> str:
    of_seeds = f", {seeds} seeds together" if seeds > 1 else ""
    corrected = f", {_p(row['p_holm'])} with Holm's correction for {tests} pairs" if tests > 1 else ""
    return (
        f"{_difference(row)}{of_seeds}; {row['one_alone']:,} against {row['other_alone']:,} images that one of the two "
        f"alone gets right, p = {_p(row['p'])}{corrected}"
    )


def _of_recipe(row: dict, seeds: int) -> str:
    return (
        f"{_difference(row)} over {seeds} paired seeds; higher in {row['wins']:.0f} of them and lower in "
        f"{row['losses']:.0f}, P(higher) = {row['wins_share']:.2f} [{row['wins_low']:.2f}, {row['wins_high']:.2f}]"
    )


def _images_needed(row: dict, seeds: int) -> str:
    shown = f"{row['images']:,} images could have shown a difference of {row['smallest_difference']:.4f}"
    if not row["one_alone"] + row["other_alone"]:
        return "The two are right on the same images"
    if not row["difference"]:
        return shown
    discordant = (row["one_alone"] + row["other_alone"]) / row["images"] / seeds
    needed = comparison.images_needed(row["difference"], discordant)
    return f"{shown}; to show the measured one takes about {rounded(needed)}, before any correction"


def _seeds_needed(row: dict, seeds: int) -> str:
    share = max(row["wins"], row["losses"]) / seeds
    if share < comparison.LEAST_WINS:
        return f"At least {comparison.LEAST_WINS:.0%} of the seeds would have to agree; more seeds need not show it"
    for more in range(seeds + 1, MOST_SEEDS):
        if comparison.Wins(math.floor(share * more), 0, more).claimed:
            return f"With this share of wins about {more} seeds would show it"
    return "More seeds need not show it"


def _p(value: float) -> str:
    return f"{value:.2g}" if value < 0.995 else "1"
