"""How often verdicts are wrong where the truth is known: python benchmarks/verdicts.py [scenario ...]

Each scenario makes up answers of networks whose truth is known, asks the rules of a run what they say of them, and
counts how often that is false, how often they find what is there, and how often an interval covers the truth. The table
has these shares and where they should be. `tests/test_verdicts.py` runs every scenario with fewer runs.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

Shares = dict[str, float]
"""Shares of the simulated runs, by what was counted."""


@dataclass(frozen=True)
class Scenario:
    """A simulation with a known truth.

    Attributes:
        simulate: from a generator and the number of runs to shares of the runs.
        goals: least and greatest share that a right rule has, by what is counted.
        runs: simulated runs for the table.
        few: simulated runs for the test; a wrong rule misses its goal by more than their chance.
    """

    simulate: Callable[[np.random.Generator, int], Shares]
    goals: dict[str, tuple[float, float]]
    runs: int
    few: int


SCENARIOS: dict[str, Scenario] = {}


def scenario(runs: int, few: int, **goals: tuple[float, float]) -> Callable:
    """Register a simulation under the name of its function; goals by what is counted, `_` for a space."""

    def register(simulate: Callable[[np.random.Generator, int], Shares]) -> Callable:
        by_words = {name.replace("_", " "): ends for name, ends in goals.items()}
        SCENARIOS[simulate.__name__] = Scenario(simulate, by_words, runs, few)
        return simulate

    return register


def missed(share: float, goal: tuple[float, float], runs: int) -> bool:
    """Whether a share is further outside its goal than chance takes it: three standard errors at the goal's ends."""
    low, high = (3 * np.sqrt(max(end * (1 - end), 1 / runs) / runs) for end in goal)
    return not goal[0] - low <= share <= goal[1] + high


# Which of two networks is more accurate.


def right_answers(
    rng: np.random.Generator, easy: np.ndarray, seeds: int, images: int, of_seeds: float, of_images: float
) -> np.ndarray:
    """Where networks are right, int8 [seeds, recipes, images].

    A network is right where a sum is positive: of how easy images are for its recipe, float [recipes]; of what is of
    the image for all; of the image for this recipe and of the seed, with these standard deviations; and of noise.
    """
    image = rng.normal(0, 1, images) + rng.normal(0, of_images, (len(easy), images))
    shift = easy[:, None] + rng.normal(0, of_seeds, (seeds, len(easy), 1))
    return (shift + image + rng.normal(0, 1, (seeds, len(easy), images)) > 0).astype(np.int8)


def accuracy(easy: float, of_seeds: float, of_images: float) -> float:
    """Accuracy of a recipe over all seeds and images, see `right_answers`."""
    from scipy import special

    return float(special.ndtr(easy / np.sqrt(2 + of_seeds**2 + of_images**2)))


@scenario(runs=5000, few=1000, power=(0.74, 0.84))
def smallest_visible_difference(rng: np.random.Generator, runs: int) -> Shares:
    """Two networks of one seed, one better than the other by the smallest difference that is printed."""
    from snakedistill.measures.comparison import sign_permutation_p_value, smallest_difference

    images, discordant = 2800, 0.1
    difference = smallest_difference(discordant, images)
    shares = [(discordant + difference) / 2, (discordant - difference) / 2, 1 - discordant]
    counts = rng.multinomial(images, shares, runs)
    return {"power": float(np.mean([sign_permutation_p_value(np.repeat([1, -1, 0], one)) < 0.05 for one in counts]))}


@scenario(runs=1000, few=200, power=(0.76, 1.0))
def smallest_visible_difference_of_six_seeds(rng: np.random.Generator, runs: int) -> Shares:
    """Two networks of six seeds whose images matter by recipe; the true difference is what six seeds print."""
    from scipy import optimize

    from snakedistill.measures.comparison import compare, smallest_difference

    def differences(easy: float) -> np.ndarray:
        right = right_answers(rng, np.array([easy, 1.2]), 6, 1000, 0, 0.5)
        return right[:, 0] - right[:, 1]

    printed = smallest_difference(float(np.mean([(differences(1.2) ** 2).mean() for _ in range(20)])), 1000)
    other = accuracy(1.2, 0, 0.5)
    easy = optimize.brentq(lambda easy: accuracy(easy, 0, 0.5) - other - printed, 1.2, 3)
    seen = [compare(differences(easy), np.zeros(1000)).p_networks < 0.05 for _ in range(runs)]
    return {"power": float(np.mean(seen)), "printed difference": printed}


@scenario(runs=1000, few=200, false_alarms_2=(0, 0.05), false_alarms_3=(0, 0.05), false_alarms_4=(0, 0.05))
def few_seeds_of_equal_networks(rng: np.random.Generator, runs: int) -> Shares:
    """Two to four seeds of two networks that are equally accurate, where images matter by recipe."""
    from snakedistill.measures.comparison import compare

    found: Shares = {}
    for seeds in (2, 3, 4):
        alarms = 0
        for _ in range(runs):
            right = right_answers(rng, np.array([1.2, 1.2]), seeds, 1000, 0, 1.0)
            alarms += compare(right[:, 0] - right[:, 1], np.zeros(1000)).p_networks < 0.05
        found[f"false alarms {seeds}"] = alarms / runs
    return found


def _recipes(rng: np.random.Generator, runs: int, recipes: int, of_seeds: float, better: float = 0) -> list[list[str]]:
    """What `comparisons.csv` says of each pair of a run of recipes with six seeds, one of which may be better."""
    import itertools

    from snakedistill.results.lines import Pair
    from snakedistill.results.tables.comparisons import ALL_SEEDS, compared_rows

    names = [f"recipe {number}" for number in range(recipes)]
    pairs = [Pair(one, other, "networks") for other, one in itertools.combinations(names, 2)]
    easy = np.array([1.2] * (recipes - 1) + [1.2 + better])
    found = []
    for _ in range(runs):
        right = right_answers(rng, easy, 6, 400, of_seeds, 0.5)
        rows = compared_rows(pairs, names, right, np.zeros(400), ALL_SEEDS)
        found.append([row["this_recipe"] for row in rows])
    return found


@scenario(runs=1000, few=25, false_alarms=(0, 0.05))
def twelve_equal_recipes(rng: np.random.Generator, runs: int) -> Shares:
    """Twelve equal recipes of six seeds, which differ from seed to seed: whether any of 66 pairs is claimed."""
    said = _recipes(rng, runs, 12, 0.2)
    return {"false alarms": float(np.mean([set(pairs) != {"cannot be told"} for pairs in said]))}


@scenario(runs=400, few=10, false_alarms=(0, 0.05))
def a_hundred_pairs_of_equal_recipes(rng: np.random.Generator, runs: int) -> Shares:
    """Fifteen equal recipes of six seeds, 105 pairs."""
    said = _recipes(rng, runs, 15, 0.2)
    return {"false alarms": float(np.mean([set(pairs) != {"cannot be told"} for pairs in said]))}


@scenario(runs=1000, few=40, false_alarms=(0, 0.05), power=(0.7, 1.0))
def one_better_of_four_recipes(rng: np.random.Generator, runs: int) -> Shares:
    """Four recipes of six seeds, one better by 13 points: whether it is found, and whether others are told apart."""
    said = _recipes(rng, runs, 4, 0.1, better=1.0)
    better, others = [pairs[2:3] + pairs[4:] for pairs in said], [pairs[:2] + pairs[3:4] for pairs in said]
    return {
        "power": float(np.mean([[one == "higher" for one in of_run] for of_run in better])),
        "false alarms": float(np.mean([set(of_run) != {"cannot be told"} for of_run in others])),
    }


_DESIGNS = {
    "5 seeds": (5, 400, 1.2, 0.05),
    "6 seeds that differ": (6, 400, 1.2, 0.3),
    "6 seeds 60 images": (6, 60, 1.2, 0.2),
    "10 seeds 2800 images": (10, 2800, 1.5, 0.1),
}


@scenario(
    runs=1000,
    few=100,
    **{f"covered_{name.replace(' ', '_')}": (0.93, 0.97) for name in _DESIGNS},
)
def interval_of_recipes(rng: np.random.Generator, runs: int) -> Shares:
    """The difference of two recipes over all seeds and images."""
    from snakedistill.measures.comparison import compare

    found: Shares = {}
    for name, (seeds, images, easy, of_seeds) in _DESIGNS.items():
        better = np.array([easy + 0.2, easy])
        truth = accuracy(better[0], of_seeds, 0.5) - accuracy(better[1], of_seeds, 0.5)
        covered = 0
        for _ in range(runs):
            right = right_answers(rng, better, seeds, images, of_seeds, 0.5)
            low, high = compare(right[:, 0] - right[:, 1], np.arange(images) % 2).interval
            covered += low <= truth <= high
        found[f"covered {name}"] = covered / runs
    return found


@scenario(runs=5000, few=500, covered_many=(0.93, 0.97), covered_few=(0.93, 0.98), equal=(0.93, 1.0))
def interval_of_one_seed(rng: np.random.Generator, runs: int) -> Shares:
    """Two networks of one seed: with 15 % and with 1.6 % of discordant images, and the margin of their equality."""
    from snakedistill.measures.comparison import compare

    found: Shares = {}
    for name, shares in (("many", (0.1, 0.05)), ("few", (0.016, 0.0))):
        truth, covered, equal = shares[0] - shares[1], 0, 0
        for counts in rng.multinomial(256, [*shares, 1 - sum(shares)], runs):
            one = compare(np.repeat([1, -1, 0], counts)[None], np.zeros(256))
            covered += one.interval[0] <= truth <= one.interval[1]
            equal += truth <= one.equal_within
        found |= {f"covered {name}": covered / runs, "equal": equal / runs}
    return found


@scenario(runs=5000, few=1000, false_rejections=(0, 0.025), single=(0, 0.025))
def true_claim(rng: np.random.Generator, runs: int) -> Shares:
    """C10 of three steps and of one: soft is above hard by 0.1 points, 256 images, 1.6 % discordant."""
    from snakedistill.measures.comparison import paired_interval
    from snakedistill.paper.claims import corrected_level

    shares, steps = [0.0085, 0.0075, 0.984], 3
    rejected = np.zeros((runs, steps), bool)
    alone = np.zeros(runs, bool)
    for run in range(runs):
        for step, counts in enumerate(rng.multinomial(256, shares, steps)):
            differences = np.repeat([1, -1, 0], counts)
            rejected[run, step] = paired_interval(differences, corrected_level(steps))[1] < 0
        alone[run] = paired_interval(differences)[1] < 0
    return {"false rejections": float(rejected.any(axis=1).mean()), "single": float(alone.mean())}


@scenario(runs=2000, few=300, power=(0.74, 0.86))
def planned_seeds(rng: np.random.Generator, runs: int) -> Shares:
    """Two recipes of which one is better by 2 points, with as many seeds as are planned for that, among 5 pairs."""
    from scipy import stats

    from snakedistill.measures.comparison import compare
    from snakedistill.measures.power import LEVEL, components

    images, pairs, margin = 1500, 5, 0.02

    def differences(seeds: int, images: int) -> np.ndarray:
        easy = rng.normal(0, (0.45, 0.05), (images, 2)) + rng.normal(1.2, 1.0, (images, 1))
        of_seeds = rng.normal(0, 0.06, (seeds, 1, 2)) + np.array([shift, 0])
        right = rng.normal(0, 1, (seeds, images, 2)) < easy + of_seeds
        return right[..., 0].astype(np.float64) - right[..., 1]

    wide, other_wide = np.sqrt(2 + 0.06**2 + np.square([0.45, 0.05]))
    shift = stats.norm.ppf(stats.norm.cdf(1.2 / other_wide) + margin) * wide - 1.2
    known = components(differences(100, 20 * images), np.zeros(20 * images))
    seeds = known.seeds_needed(margin, images, pairs)
    seen = []
    for _ in range(runs):
        found = compare(differences(seeds, images).astype(int), np.zeros(images))
        seen.append(found.p_recipe is not None and found.p_recipe < LEVEL / pairs)
    return {"power": float(np.mean(seen)), "seeds": float(seeds)}


# What is inherited, what recursion does, and whether probabilities can be believed.


def main() -> None:
    """Simulate the scenarios and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenarios", nargs="*", default=list(SCENARIOS), metavar="scenario", help=" ".join(SCENARIOS))
    print("| scenario | counted | share | goal | runs | seconds |")
    print("|---|---|---:|---:|---:|---:|")
    for name in parser.parse_args().scenarios:
        one, start = SCENARIOS[name], time.perf_counter()
        shares = one.simulate(np.random.default_rng(0), one.runs)
        seconds = time.perf_counter() - start
        for counted, share in shares.items():
            goal = "{:g} to {:g}".format(*one.goals[counted]) if counted in one.goals else ""
            row = f"| {name.replace('_', ' ')} | {counted} | {share:.3f} | {goal} | {one.runs:,} | {seconds:.0f} |"
            print(row, flush=True)


if __name__ == "__main__":
    main()
