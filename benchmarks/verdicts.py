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


@scenario(runs=5000, few=1000, power=(0.74, 0.84))
def smallest_visible_difference(rng: np.random.Generator, runs: int) -> Shares:
    """One network better than another by the smallest difference that is printed for one seed."""
    from snakedistill.measures.comparison import Discordance

    images, discordant = 2800, 0.1
    one = round(discordant * images / 2)
    difference = Discordance(one, one, images).smallest_difference
    shares = [(discordant + difference) / 2, (discordant - difference) / 2, 1 - discordant]
    counts = rng.multinomial(images, shares, runs)
    return {"power": float(np.mean([Discordance(one, other, images).p_value < 0.05 for one, other, _ in counts]))}


@scenario(runs=2000, few=300, power=(0.74, 0.86))
def planned_seeds(rng: np.random.Generator, runs: int) -> Shares:
    """Two recipes of which one is better by 2 points, with as many seeds as are planned for that, among 5 pairs."""
    from scipy import stats

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
        values = differences(seeds, images)
        error, freedom = components(values, np.zeros(images)).error(seeds, images)
        seen.append(2 * stats.t.sf(abs(values.mean()) / error, freedom) < LEVEL / pairs)
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
