"""Whether distilling pays: the chosen student against the same network with manual labels."""

import numpy as np
import pandas as pd

from snakedistill.measures.choice import YES
from snakedistill.measures.comparison import SIGNIFICANCE
from snakedistill.measures.power import POWER
from snakedistill.results.findings.finding import (
    CONTRADICTED,
    OPEN,
    SUPPORTED,
    Finding,
    code,
    margin_in_words,
    of_seeds,
    points,
    rounded,
)
from snakedistill.results.tables.comparisons import HIGHER, LOWER
from snakedistill.results.tables.table import by_seed, over_seeds


def distilling(comparisons: pd.DataFrame, frontier: pd.DataFrame, margin: float) -> Finding | None:
    """Whether the chosen student is better than its independent student, worse, or equal within the margin.

    Better and worse are what `comparisons` says, with its correction for all pairs. Where the chosen one learned from
    manual labels, the first student that it is compared with is judged; where it is in no such pair, the first pair.

    Args:
        comparisons: the table.
        frontier: the table.
        margin: difference of accuracies that does not matter, `choose.margin`.

    Returns:
        None where the run has no such pair.
    """
    chosen = frontier["network"][frontier["chosen"] == YES]
    pairs = comparisons[comparisons["about"] == "independent"]
    compared = over_seeds(pairs)
    if compared.empty:
        return None
    of_chosen = compared[compared["one"].isin(chosen) | compared["other"].isin(chosen)]
    row = (compared if of_chosen.empty else of_chosen).iloc[0].to_dict()
    without = f"{code(row['other'])}, the same network with manual labels"
    both = f"{code(row['one'])} and {without}"
    answer = row["this_recipe"] if isinstance(row["this_recipe"], str) else row["these_networks"]
    within = margin_in_words(margin)
    if answer in (HIGHER, LOWER):
        verdict, pays, word = (
            (SUPPORTED, "pays", "above") if answer == HIGHER else (CONTRADICTED, "costs accuracy", "below")
        )
        statement = f"distilling {pays}: {code(row['one'])} is {word} {without}"
    elif row["equal_within"] <= margin:
        verdict, statement = SUPPORTED, f"distilling changes nothing that matters: {both}, are equal within {within}"
    else:
        verdict, statement = OPEN, f"whether distilling pays cannot be told from {both}"
    seeds = by_seed(pairs)["seed"].astype(str).nunique()
    evidence = _evidence(row, seeds, verdict, margin)
    if of_chosen.empty and not chosen.empty:
        evidence += f"; of {code(chosen.iloc[0])}, the chosen student, it is not known: no family has its recipe and "
        evidence += "`labels: manual`"
    return Finding(verdict, statement, evidence)


def _evidence(row: dict, seeds: int, verdict: str, margin: float) -> str:
    low, high = (points(row[f"difference_{end}"], "+") for end in ("low", "high"))
    assigned = row["assignments"] > 1
    over = of_seeds(seeds, assigned)
    words = f"{points(row['difference'], '+')} points [{low}, {high}]{over} on {row['images']:,} test images"
    words += " of each seed" if assigned else ""
    if verdict != OPEN:
        return words
    needed = images_needed(row, margin)
    recipe = isinstance(row["this_recipe"], str)
    if row["difference_low"] > 0 or row["difference_high"] < 0:
        p = row["p_recipe_holm" if recipe else "p_holm"]
        words += f", but p is {p:.2g} with the correction for all comparisons of the run"
    if recipe and np.isfinite(row["seeds_needed"]):
        return f"{words}; about {rounded(row['seeds_needed'])} seeds would tell"
    if recipe or needed is None:
        return f"{words}; no number of {'seeds on these' if recipe else 'such'} images would tell"
    return f"{words}; about {rounded(needed)} test images would tell, if the measured difference is the true one"


def images_needed(row: dict, margin: float) -> float | None:
    """The images that show the measured difference, or that it is within the margin, whichever are fewer.

    Two one-sided tests show two equal networks to be equal with a power of 80 % where the standard errors between the
    difference and the margin are the sum of the standard normal quantiles of 0.95 and 0.9 (Schuirmann 1987).

    Args:
        row: of `comparisons`.
        margin: difference of accuracies that does not matter.

    Returns:
        None where no number of images shows either.
    """
    from scipy import special  # slow to import

    distance, one_sided = margin - abs(row["difference"]), special.ndtri(1 - SIGNIFICANCE)
    error = (row["equal_within"] - abs(row["difference"])) / one_sided
    ways = [row["images_needed"]] if pd.notna(row["images_needed"]) else []
    if distance > 0:
        ways.append(row["images"] * ((one_sided + special.ndtri((1 + POWER) / 2)) * error / distance) ** 2)
    return min(ways, default=None)
