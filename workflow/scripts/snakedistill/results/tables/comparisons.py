"""Which of two networks is more accurate on the test part, and how sure that is."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from snakedistill.core.parts import TEST
from snakedistill.measures import comparison
from snakedistill.results.lines import Pair, pairs
from snakedistill.results.run import Run
from snakedistill.results.tables.table import Table

ALL_SEEDS = "all"
HIGHER, LOWER, OPEN = "higher", "lower", "cannot be told"
SIGNIFICANT = 0.05


def rows(run: Run) -> pd.DataFrame:
    """Accuracies of pairs of networks on the test part, see `lines.pairs`, seed by seed and of all seeds together.

    Returns:
        one, other, about (key of `lines.ABOUT`), seed (or `all`), images, accuracy_one, accuracy_other, difference with
        the ends of its 95 % interval (difference_low, difference_high) and, of several seeds, its standard deviation
        over seeds (difference_sd); one_alone and other_alone (images that one network alone gets right, of all seeds
        the sum), p (exact McNemar), p_holm (with Holm's correction over all pairs of this seed, or of all seeds),
        smallest_difference (that these images would show); these_networks (higher, lower or cannot be told); and of all
        seeds wins, losses, wins_share with its exact 95 % interval (wins_low, wins_high), and this_recipe, where there
        are at least `comparison.FEWEST_SEEDS` seeds.
    """
    compared = pairs(run.sources, run.independent, run.teachers, run.probes)
    right, label = right_of_networks(run)
    means = comparison.resampled_means(right, label) if compared else np.empty((0, *right.shape[:2]))
    found = []
    for number, seed in enumerate(run.seeds):
        one = slice(number, number + 1)
        found += _tested(compared, run.networks, right[one], means[:, one], label, str(seed))
    if len(run.seeds) > 1:
        found += _tested(compared, run.networks, right, means, label, ALL_SEEDS)
    frame = pd.DataFrame(found, columns=_COLUMNS)
    order = {(pair.one, pair.other): number for number, pair in enumerate(compared)}
    places = [order[pair] for pair in zip(frame["one"], frame["other"], strict=True)]
    return frame.iloc[np.argsort(places, kind="stable")]


_COLUMNS = ["one", "other", "about", "seed", "images", "accuracy_one", "accuracy_other", "difference"]
_COLUMNS += ["difference_low", "difference_high", "difference_sd", "one_alone", "other_alone", "p", "p_holm"]
_COLUMNS += ["smallest_difference", "these_networks", "wins", "losses", "wins_share", "wins_low", "wins_high"]
_COLUMNS += ["this_recipe"]


def right_of_networks(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Where each network is right on the test part, bool [seeds, networks, n], and the labels, [n]."""
    found: dict[tuple[int, str], np.ndarray] = {}
    label = np.empty(0, np.int64)
    for given in run.answers((TEST,)):
        label = given.label
        found[given.seed, given.network] = given.answer == label
    return np.array([[found[seed, network] for network in run.networks] for seed in run.seeds]), label


def _tested(
    compared: Sequence[Pair],
    networks: list[str],
    right: np.ndarray,
    means: np.ndarray,
    label: np.ndarray,
    seed: str,
) -> list[dict]:
    """A row of each pair, from bool [seeds, networks, n], and the means of resamples of them."""
    if not compared:
        return []
    number = {network: place for place, network in enumerate(networks)}
    places = [(number[pair.one], number[pair.other]) for pair in compared]
    intervals = comparison.difference_intervals(right, places, label, means)
    discordances = [comparison.discordance(right[:, one], right[:, other]) for one, other in places]
    p_values = [of_pair.p_value for of_pair in discordances]
    found = []
    for pair, (one, other), (low, high), of_pair, p, p_holm in zip(
        compared, places, intervals, discordances, p_values, comparison.holm(p_values), strict=True
    ):
        of_seeds = right[:, one].mean(axis=1) - right[:, other].mean(axis=1)
        row = {"one": pair.one, "other": pair.other, "about": pair.about, "seed": seed, "images": right.shape[2]}
        row |= {"accuracy_one": right[:, one].mean(), "accuracy_other": right[:, other].mean()}
        row |= {"difference": of_seeds.mean(), "difference_low": low, "difference_high": high}
        row |= {"one_alone": of_pair.one, "other_alone": of_pair.other, "p": p, "p_holm": p_holm}
        row |= {"smallest_difference": of_pair.smallest_difference}
        significant = p_holm < SIGNIFICANT
        row["these_networks"] = _sign_in_words(significant * np.sign(of_pair.one - of_pair.other))
        if len(right) > 1:
            wins = comparison.wins(of_seeds)
            row |= {"difference_sd": of_seeds.std(ddof=1), "wins": wins.wins, "losses": wins.losses}
            row |= dict(zip(("wins_low", "wins_high"), wins.interval, strict=True)) | {"wins_share": wins.share}
            if len(right) >= comparison.FEWEST_SEEDS:
                row["this_recipe"] = _sign_in_words(wins.claimed)
        found.append(row)
    return found


def _sign_in_words(sign: int) -> str:
    return HIGHER if sign > 0 else LOWER if sign < 0 else OPEN


COMPARISONS = Table(
    rows,
    needs=("test", "splits"),
    keys=("one", "other", "seed"),
    values=("difference",),
    section="comparisons",
    title="comparisons",
    caption="""Which of two networks is more accurate on the test part. Both see the same images, so only those count
that one of the two alone gets right: the exact McNemar test asks whether they are shared out evenly. With many pairs,
some small p-values come by chance; Holm's correction keeps the probability of any false alarm at 5 %. The smallest
difference is what this number of images could have shown with a power of 80 %. *These networks* is a statement on the
networks that were trained here: another training run may differ. *This recipe* needs at least 5 paired seeds, whose
wins are counted: a difference is claimed when at least 75 % of the seeds show it and the exact interval of that
share is above one half. In rows of all seeds, counts are sums over seeds: the same image counts once for each, so the
p-value takes them as independent. The interval of the difference is by bootstrap over images, with 5 seeds or more
over seeds and images.""",
)
