"""What a run supports, what it contradicts, and what it cannot tell: statements on distillation, from the tables."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from snakedistill.core.errors import listed
from snakedistill.core.parts import TEST
from snakedistill.measures import comparison
from snakedistill.measures.intervals import NORMAL
from snakedistill.results.lines import ABOUT
from snakedistill.results.tables.calibration import AS_TRAINED
from snakedistill.results.tables.comparisons import ALL_SEEDS, HIGHER, LOWER

SUPPORTED, CONTRADICTED, OPEN = "supported", "contradicted", "cannot be told"
MOST_SEEDS = 1000
MOST_OPEN = 6
"""More pairs of one kind that cannot be told apart are one finding: families make as many pairs as their square."""


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


def findings(tables: Mapping[str, pd.DataFrame]) -> list[Finding]:
    """The findings of a run or an audit.

    Args:
        tables: inheritance, calibration, comparisons and recursion.
    """
    return [
        *_accuracies(tables["comparisons"]),
        *_inherited(tables["inheritance"]),
        *_recursion(tables["recursion"]),
        *_calibration(tables["calibration"]),
    ]


_STATEMENTS = {
    "teacher": "{one} is less accurate than {other}",
    "independent": "{one} is more accurate than {other}, which learned without a teacher",
    "recursion": "recursion loses accuracy: {one} is less accurate than {other}",
    "families": "{one} is more accurate than {other}, from the same teacher",
    "networks": "{one} is more accurate than {other}",
}
_CLAIMED = {"teacher": LOWER, "recursion": LOWER}


def _accuracies(table: pd.DataFrame) -> Iterator[Finding]:
    """One finding for each kind of pair of first students, and of the last generation of each chain."""
    whole = table[table["seed"].astype(str) == ALL_SEEDS]
    rows = table if whole.empty else whole
    firsts = set(table["one"][table["about"].isin(["teacher", "networks"])])
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
        statement = _STATEMENTS[row["about"]].format(one=_code(row["one"]), other=_code(row["other"]))
        evidence = _of_recipe(row, seeds) if of_recipe else _of_networks(row, seeds, tests)
        if verdict == OPEN:
            evidence += f". {_seeds_needed(row, seeds) if of_recipe else _images_needed(row, seeds)}"
        yield Finding(verdict, statement, evidence)
    for about, of_kind in rows[many].groupby("about", sort=False):
        yield _many_open(about, of_kind, seeds)


def _many_open(about: str, rows: pd.DataFrame, seeds: int) -> Finding:
    """One finding for all pairs of a kind that cannot be told apart."""
    pairs = [f"{_code(row.one)} and {_code(row.other)} ({row.difference:+.4f})" for row in rows.itertuples()]
    words = f"{rows['images'].iloc[0]:,} images could have shown a difference of {_range(rows['smallest_difference'])}"
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
    return f"{shown}; to show the measured one takes about {_rounded(needed)}, before any correction"


def _seeds_needed(row: dict, seeds: int) -> str:
    share = max(row["wins"], row["losses"]) / seeds
    if share < comparison.LEAST_WINS:
        return f"At least {comparison.LEAST_WINS:.0%} of the seeds would have to agree; more seeds need not show it"
    for more in range(seeds + 1, MOST_SEEDS):
        if comparison.Wins(math.floor(share * more), 0, more).claimed:
            return f"With this share of wins about {more} seeds would show it"
    return "More seeds need not show it"


_INHERITED = {
    "agreement_inherited": "{network} agrees with {teacher} more than {independent} does",
    "errors_inherited": "{network} inherits errors: it is wrong more often than {independent} where {teacher} is wrong",
    "negative_transfer": "{network} inherits the errors of {teacher} more than its right answers",
}


def _inherited(table: pd.DataFrame) -> Iterator[Finding]:
    """One finding for each first student and quantity; an interval of every seed must lie on one side of 0."""
    frame = table[(table["split"] == TEST) & (table["class"] == "") & (table["independent"] != "")]
    frame = frame[~frame["taught_by"].isin(frame["network"])]
    frame = frame[~frame["network"].isin(_later(table))]
    for (network, teacher, independent), of_seeds in frame.groupby(["network", "taught_by", "independent"], sort=False):
        for name, words in _INHERITED.items():
            low, high = of_seeds[f"{name}_low"], of_seeds[f"{name}_high"]
            statement = words.format(network=_code(network), teacher=_code(teacher), independent=_code(independent))
            verdict = SUPPORTED if (low > 0).all() else CONTRADICTED if (high < 0).all() else OPEN
            yield Finding(verdict, statement, _inherited_in_words(of_seeds, name, verdict))


def _later(table: pd.DataFrame) -> set[str]:
    """Students of students: they have a row for their source and one for the teacher at the head of the chain."""
    teachers = table.groupby("network", sort=False)["taught_by"].nunique()
    return set(teachers.index[teachers > 1])


def _inherited_in_words(of_seeds: pd.DataFrame, name: str, verdict: str) -> str:
    values, low, high = (of_seeds[f"{name}{end}"] for end in ("", "_low", "_high"))
    if values.isna().any() or low.isna().any():
        return "The teacher makes too few errors on the test part to say"
    if len(of_seeds) > 1:
        words = (
            f"{values.mean():+.4f} on average of {len(of_seeds)} seeds; the interval is above 0 in {(low > 0).sum()} "
            f"of them and below 0 in {(high < 0).sum()}"
        )
    else:
        words = f"{values.iloc[0]:+.4f} [{low.iloc[0]:+.4f}, {high.iloc[0]:+.4f}]"
    if verdict == OPEN and len(of_seeds) == 1 and values.iloc[0]:
        error = (high.iloc[0] - low.iloc[0]) / 2 / NORMAL
        needed = of_seeds["images"].iloc[0] * (comparison.ERRORS_SEEN * error / values.iloc[0]) ** 2
        words += f". To show the measured value takes about {_rounded(needed)} images"
    return words


def _recursion(table: pd.DataFrame) -> Iterator[Finding]:
    """Shrinkage and drift of each chain, from the intervals of all steps together (Bonferroni)."""
    steps = table[table["slope"].notna()]
    for family, of_family in steps.groupby("family", sort=False):
        of_steps = of_family.drop_duplicates(["seed", "network"])
        slopes, ratios = _range(of_steps["slope"]), _range(of_steps["slope"] / of_steps["correlation"])
        words = f"the slope b is {slopes}, and the ratio of the spreads, which noise widens, {ratios}"
        statement = f"along the recursion of {_code(family)} the logits shrink in some steps and grow in none"
        yield _sided(of_steps, "slope", 1, statement, words, LOWER)
        towards = _most_answered(table[table["family"] == family])
        of_class = of_family[of_family["class"] == towards[0]]
        words = (
            f"the share of test images that get this answer goes from {towards[1]:.3f} to {towards[2]:.3f}; the drift "
            f"a is {_range(of_class['drift'])}"
        )
        statement = (
            f"along the recursion of {_code(family)} the answers drift towards {_code(towards[0])} in some steps and "
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


def _calibration(table: pd.DataFrame) -> Iterator[Finding]:
    """Whether the networks' probabilities may be taken at their word; only those that may not are certain."""
    frame = table[table["scaled"] == AS_TRAINED]
    beyond = frame["confidence_error"] > frame["confidence_error_likely"]
    shares = beyond.groupby(frame["network"], sort=False).mean()
    every, one = (" in every seed", " in at least one seed") if frame["seed"].nunique() > 1 else ("", "")
    for verdict, of_networks, compared in (
        (CONTRADICTED, shares.index[shares == 1], f"above what 95 % of perfectly calibrated networks show{every}"),
        (OPEN, shares.index[shares < 1], f"within what 95 % of perfectly calibrated networks show{one}"),
    ):
        rows = frame[frame["network"].isin(of_networks)]
        if rows.empty:
            continue
        statement = f"the probabilities of {listed(map(_code, of_networks))} say how often the answer is right"
        words = f"the expected calibration error is {_range(rows['confidence_error'])}, {compared} on so many images"
        expected = _range(rows["confidence_error_expected"])
        yield Finding(verdict, statement, f"{words}; the mean of such networks is {expected}")


def _code(name: str) -> str:
    """A name that Markdown shows as it is."""
    return f"`{name.replace('`', chr(39))}`"


def _steps(number: int) -> str:
    return f"{number} step{'s' if number > 1 else ''}"


def _range(values: pd.Series) -> str:
    low, high = f"{values.min():.3f}", f"{values.max():.3f}"
    return low if low == high else f"{low} to {high}"


def _p(value: float) -> str:
    return f"{value:.2g}" if value < 0.995 else "1"


def _rounded(number: float) -> str:
    """Two significant digits; larger numbers than a billion are not worth a number."""
    if not np.isfinite(number) or number > 1e9:
        return "a billion"
    digits = max(0, math.floor(math.log10(max(number, 1))) - 1)
    return f"{math.ceil(number / 10**digits) * 10**digits:,}"
