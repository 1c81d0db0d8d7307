"""How often verdicts are wrong where the truth is known: python benchmarks/verdicts.py [scenario ...]

Each scenario makes up answers of networks whose truth is known, asks the rules of a run what they say of them, and
counts how often that is false, how often they find what is there, and how often an interval covers the truth. The table
has these shares and where they should be. `tests/test_verdicts.py` runs every scenario with fewer runs.
"""

import argparse
import itertools
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

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


COVERED = (0.93, 0.97)
SELDOM = (0.0, 0.05)

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


@scenario(runs=10_000, few=500, false_alarms_2=(0, 0.05), false_alarms_3=(0, 0.05), false_alarms_4=(0, 0.05))
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


@scenario(runs=1000, few=40, false_alarms=(0, 0.05), power=(0.65, 0.85))
def one_better_of_four_recipes(rng: np.random.Generator, runs: int) -> Shares:
    """Four recipes of six seeds, one better by 7 points: whether it is found, and whether others are told apart."""
    said = _recipes(rng, runs, 4, 0.1, better=0.4)
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


_ASSIGNED = {  # seeds, test images of a seed, images of the archive, deviations of seeds and of images by recipe
    "5 seeds 60 of 400": (5, 60, 400, 0.1, 0.5),
    "6 seeds 420 of 2800": (6, 420, 2800, 0.3, 0.5),
    "6 seeds 500 of 1000": (6, 500, 1000, 0.0, 1.0),
    "10 seeds 150 of 1000": (10, 150, 1000, 0.1, 0.0),
}


def assigned_answers(
    rng: np.random.Generator, easy: np.ndarray, design: tuple, of_training: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Where recipes are right whose seeds each sample a test part of an archive, int8 [seeds, recipes, images].

    As `right_answers`, but each seed is measured on its own test images, bool [seeds, images], and trains on 70 % of
    the archive. Each image shifts a recipe that trains on it; all that it trains on do so with this deviation.
    """
    seeds, images, archive, of_seeds, of_images = design
    train = min(round(0.7 * archive), archive - images)
    image = rng.normal(0, 1, archive) + rng.normal(0, of_images, (len(easy), archive))
    shifts = rng.normal(0, of_training / np.sqrt(train), (len(easy), archive))
    right = np.zeros((seeds, len(easy), archive), np.int8)
    present = np.zeros((seeds, archive), bool)
    for of_seed, there in zip(right, present, strict=True):
        order = rng.permutation(archive)
        there[order[:images]] = True
        shift = easy + rng.normal(0, of_seeds, len(easy)) + shifts[:, order[-train:]].sum(axis=1)
        noise = rng.normal(0, 1, (len(easy), images))
        of_seed[:, there] = shift[:, None] + image[:, there] + noise > 0
    return right, present


@scenario(runs=1000, few=100, **{f"covered_{name.replace(' ', '_')}": (0.93, 0.97) for name in _ASSIGNED})
def interval_of_recipes_with_an_assignment_for_each_seed(rng: np.random.Generator, runs: int) -> Shares:
    """The difference of two recipes, where each seed assigns the images of the archive to parts anew.

    Training samples of one archive overlap, so what they do cannot be seen: the last share is of recipes whose training
    samples matter as much as their seeds, and has no goal.
    """
    from snakedistill.measures.comparison import compare

    found: Shares = {}
    designs = [(name, design, 0.0) for name, design in _ASSIGNED.items()]
    designs.append(("where training samples matter", _ASSIGNED["5 seeds 60 of 400"], 0.1))
    for name, design, of_training in designs:
        *_, archive, of_seeds, of_images = design
        easy = np.array([1.4, 1.2])
        spread = np.hypot(of_seeds, of_training)
        truth = accuracy(easy[0], spread, of_images) - accuracy(easy[1], spread, of_images)
        covered = 0
        for _ in range(runs):
            right, present = assigned_answers(rng, easy, design, of_training)
            low, high = compare(right[:, 0] - right[:, 1], np.arange(archive) % 2, present).interval
            covered += low <= truth <= high
        found[f"covered {name}"] = covered / runs
    return found


@scenario(runs=1000, few=20, false_alarms=(0, 0.05), power=(0.85, 1))
def recipes_with_an_assignment_for_each_seed(rng: np.random.Generator, runs: int) -> Shares:
    """Four equal recipes of six seeds, each with 150 test images of its own among 1,000; and one better by 8 points."""
    from snakedistill.results.lines import Pair
    from snakedistill.results.tables.comparisons import ALL_SEEDS, compared_rows

    names = [f"recipe {number}" for number in range(4)]
    pairs = [Pair(one, other, "networks") for other, one in itertools.combinations(names, 2)]
    said: dict[str, list[set[str]]] = {"false alarms": [], "power": []}
    for counted, better in (("false alarms", 0.0), ("power", 0.5)):
        for _ in range(runs):
            easy = np.array([1.2, 1.2, 1.2, 1.2 + better])
            right, present = assigned_answers(rng, easy, (6, 150, 1000, 0.1, 0.5))
            rows = compared_rows(pairs, names, right, np.zeros(1000), ALL_SEEDS, present)
            said[counted].append({row["this_recipe"] for row in rows})
    return {
        counted: float(np.mean([of_run != {"cannot be told"} for of_run in runs])) for counted, runs in said.items()
    }


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

    from snakedistill.measures.comparison import SIGNIFICANCE, compare
    from snakedistill.measures.power import components

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
        seen.append(found.p_recipe is not None and found.p_recipe < SIGNIFICANCE / pairs)
    return {"power": float(np.mean(seen)), "seeds": float(seeds)}


# Which student is chosen, and whether it is not worse by more than the margin.

_PARTS = (40, 150, 300, 2800)
"""Images of the test part, and of the validation part."""
_MARGIN = 0.01
_LADDER = np.array([0.0, 0.002, 0.004, 0.006, 0.008, 0.015, 0.02, 0.03, 0.05, 0.08])
"""How far ten candidates are below the teacher; each is smaller than the ones before it."""


def _chosen(rng: np.random.Generator, below: np.ndarray, images: int) -> tuple[int, str]:
    """The candidate that is chosen on validation, and what is said of it on test.

    Of the teacher 95 % of the answers are right, and about 5 % of its answers and a candidate's are discordant.

    Args:
        rng: random numbers.
        below: how far the accuracy of each candidate is below the teacher's, float [candidates].
        images: of each of the two parts.
    """
    from scipy import special

    from snakedistill.measures.choice import choose, non_inferiority

    of_network = 0.5
    easy = special.ndtri(0.95 - np.append(0.0, below)) * np.sqrt(1 + of_network**2)
    noise = rng.normal(0, of_network, (len(easy), 2 * images))
    right = noise + rng.normal(0, 1, 2 * images) < easy[:, None]
    validation, test = right[1:, :images], right[:, images:]
    count = len(below)
    sizes, names = np.arange(count, 0, -1), [str(number) for number in range(count)]
    row = choose(validation, np.ones(count, bool), [np.empty(0)] * count, sizes, names, _MARGIN)
    assert row is not None
    teacher, chosen = test[0], test[1 + row]
    counts = int((chosen & ~teacher).sum()), int((teacher & ~chosen).sum())
    return row, non_inferiority(*counts, images, _MARGIN).not_worse


def _choices(rng: np.random.Generator, runs: int, below: np.ndarray) -> Shares:
    """What is chosen and said, by the images of each part, see `_chosen`."""
    found: Shares = {}
    cheapest = int(np.flatnonzero(below <= _MARGIN).max())
    for images in _PARTS:
        chosen = [_chosen(rng, below, images) for _ in range(runs)]
        for word in ("yes", "no", "open"):
            found[f"{word} {images}"] = float(np.mean([said == word for _, said in chosen]))
        worse = [below[row] >= _MARGIN for row, _ in chosen]
        false = {"yes": worse, "no": [below[row] <= _MARGIN for row, _ in chosen]}
        for word, wrong in false.items():
            both = [one and said == word for one, (_, said) in zip(wrong, chosen, strict=True)]
            found[f"false {word} {images}"] = float(np.mean(both))
        found[f"cheapest within {images}"] = float(np.mean([row == cheapest for row, _ in chosen]))
        found[f"points below {images}"] = 100 * float(np.mean([below[row] for row, _ in chosen]))
    return found


_FALSE = {f"false_{word}_{images}": SELDOM for word in ("yes", "no") for images in _PARTS}


@scenario(runs=1000, few=60, **_FALSE)
def choice_among_ten_candidates(rng: np.random.Generator, runs: int) -> Shares:
    """A ladder of ten candidates, half of them within the margin."""
    return _choices(rng, runs, _LADDER)


@scenario(runs=10_000, few=200, **_FALSE)
def choice_among_ten_candidates_at_the_margin(rng: np.random.Generator, runs: int) -> Shares:
    """Ten candidates that are all exactly one margin below the teacher, of which yes and no are both false."""
    return _choices(rng, runs, np.full(10, _MARGIN))


@scenario(runs=1000, few=60, yes_2800=(0.7, 0.9), **_FALSE)
def choice_among_ten_candidates_like_the_teacher(rng: np.random.Generator, runs: int) -> Shares:
    """Ten candidates that are as accurate as the teacher."""
    return _choices(rng, runs, np.zeros(10))


@scenario(runs=2000, few=300, **{f"power_{seeds}": (0.77, 0.83) for seeds in (5, 6, 8, 12)})
def planned_difference_among_28_pairs(rng: np.random.Generator, runs: int) -> Shares:
    """Recipes that differ by what is planned to be seen, half of whose variance comes from seeds; 1,000 images."""
    from snakedistill.measures.comparison import SIGNIFICANCE
    from snakedistill.measures.crossed import Crossed
    from snakedistill.measures.power import Components

    found, images, pairs = {}, 1000, 28
    for seeds in (5, 6, 8, 12):
        of_seeds, of_images = 2e-4 * seeds * images / 2, 2e-4 * images / 2
        design = Components((of_seeds - 0.02) / images, of_images, 0.02)
        planned = design.smallest_difference(seeds, images, pairs)
        seen = 0
        for _ in range(runs):
            measured = of_seeds * rng.chisquare(seeds - 1) / (seeds - 1)
            mean = rng.normal(planned, np.sqrt(2e-4))
            one = Crossed(mean, measured, of_images, 0.02, seeds, images, images - 1)
            seen += mean > 0 and one.p_value() < SIGNIFICANCE / pairs
        found[f"power {seeds}"] = seen / runs
    return found


# What is inherited, what recursion does, and whether probabilities can be believed.


@dataclass(frozen=True)
class MadeUpAnswers:
    """Logits of networks by seed and network, float [n, K], and the labels of the images, in place of predictions.

    Where each seed has images of its own, labels are those of all, and `places` says which a seed has, int [n].
    """

    logits: dict[tuple[int, str], np.ndarray]
    label: np.ndarray
    places: dict[int, np.ndarray] | None = None

    def answers(self, parts: tuple[str, ...] | None = None) -> Iterator:
        """The answers of every network on the test part."""
        from snakedistill.core.outputs import softmax
        from snakedistill.core.parts import TEST
        from snakedistill.results.answers import Answers

        ids = pd.Series(np.arange(len(self.label)).astype(str))
        for (seed, network), logit in self.logits.items():
            place = slice(None) if self.places is None else self.places[seed]
            yield Answers(seed, TEST, network, ids[place], self.label[place], logit, softmax(logit))


def verdicts(
    table: str, logits: dict, label: np.ndarray, sources: dict, places: dict[int, np.ndarray] | None = None
) -> tuple[pd.DataFrame, list]:
    """A table of made-up networks, and its findings; `alone` is the independent student of all others."""
    from snakedistill.results import findings
    from snakedistill.results.run import Run
    from snakedistill.results.tables import TABLES

    classes = [f"class {number}" for number in range(next(iter(logits.values())).shape[1])]
    taught = [network for network, source in sources.items() if source]
    independent = {network: ["alone"] for network in taught} if "alone" in sources else {}
    answers = MadeUpAnswers(logits, label, places)
    run = Run(
        list(logits), classes, {}, teachers=["teacher"], sources=sources, independent=independent, audited=answers
    )
    frame = TABLES[table].rows(run)
    rule = {"inheritance": findings.inherited, "recursion": findings.recursion, "calibration": findings.calibration}
    return frame, list(rule[table](frame))


def told(found: list, words: str = "") -> bool:
    """Whether a finding with these words in its statement is supported or contradicted."""
    return any(words in one.statement and one.verdict != "cannot be told" for one in found)


def wrong_at_random(difficulty: np.ndarray, label: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Logits of a network of two classes that gets each image wrong with its difficulty, float [n, 2]."""
    answer = np.where(rng.random(len(label)) < difficulty, 1 - label, label)
    return 4.0 * np.eye(2)[answer]


def taught(
    copied: float,
    flipped: float,
    seeds: int,
    families: int,
    images: int,
    rng: np.random.Generator,
    of_a_seed: int | None = None,
) -> tuple:
    """Logits, labels, sources and places of students that copy a share of the teacher's errors, or flip answers.

    Every seed is on all images, or on a sample of so many.
    """
    label = np.arange(images) % 2
    places = None
    if of_a_seed is not None:
        places = {seed: np.sort(rng.permutation(images)[:of_a_seed]) for seed in range(seeds)}
    difficulty, logits = rng.beta(0.6, 3.4, images), {}  # 15 % wrong, 32 % where another network is wrong
    students = [f"student-{number}" for number in range(families)]
    for seed in range(seeds):
        of_seed = {name: wrong_at_random(difficulty, label, rng) for name in ["teacher", "alone", *students]}
        wrong = of_seed["teacher"].argmax(axis=1) != label
        for name in students:
            copies, flips = wrong & (rng.random(images) < copied), rng.random(images) < flipped
            own = np.where(flips[:, None], of_seed[name][:, ::-1], of_seed[name])
            of_seed[name] = np.where(copies[:, None], of_seed["teacher"], own)
        logits |= {(seed, name): logit for name, logit in of_seed.items()}
    sources = {"teacher": None, "alone": None} | dict.fromkeys(students, "teacher")
    if places is not None:
        logits = {(seed, name): logit[places[seed]] for (seed, name), logit in logits.items()}
    return logits, label, sources, places


WRONG_WHERE_ANOTHER_IS = 1.6 / 5
"""Second moment of the difficulty, divided by the first: Beta(0.6, 3.4)."""


def inheritance(
    rng: np.random.Generator,
    runs: int,
    seeds: int,
    copied: float = 0.0,
    flipped: float = 0.0,
    families: int = 1,
    images: tuple[int, int | None] = (300, None),
) -> Shares:
    """Shares of runs in which something is told of inheritance, and of intervals that cover the truth."""
    counts: dict[str, list[bool]] = {"any told": [], "errors told": [], "covered": []}
    own = WRONG_WHERE_ANOTHER_IS
    truth = copied + (1 - copied) * (own + flipped * (1 - 2 * own)) - own
    for _ in range(runs):
        frame, found = verdicts("inheritance", *taught(copied, flipped, seeds, families, images[0], rng, images[1]))
        whole = frame[(frame["seed"].astype(str) == ("all" if seeds > 1 else "0")) & (frame["class"] == "")]
        counts["any told"].append(told(found))
        counts["errors told"].append(told(found, "inherits errors"))
        low, high = whole["errors_inherited_low"], whole["errors_inherited_high"]
        counts["covered"] += ((low <= truth) & (truth <= high)).tolist()
    return {name: float(np.mean(values)) for name, values in counts.items()}


@scenario(runs=1000, few=60, any_told=SELDOM, covered=COVERED)
def nothing_inherited_by_four_students_one_seed(rng: np.random.Generator, runs: int) -> Shares:
    """Four students whose errors have nothing to do with the teacher's, but that some images are difficult."""
    return inheritance(rng, runs, seeds=1, families=4)


@scenario(runs=1000, few=60, any_told=SELDOM, covered=COVERED)
def nothing_inherited_by_four_students_three_seeds(rng: np.random.Generator, runs: int) -> Shares:
    """The same with three seeds."""
    return inheritance(rng, runs, seeds=3, families=4)


@scenario(runs=1000, few=60, any_told=SELDOM, covered=COVERED)
def nothing_inherited_by_four_students_six_seeds(rng: np.random.Generator, runs: int) -> Shares:
    """The same with six seeds."""
    return inheritance(rng, runs, seeds=6, families=4)


@scenario(runs=1000, few=60, errors_told=(0.92, 1), covered=COVERED)
def copies_of_30_percent_of_the_errors_six_seeds(rng: np.random.Generator, runs: int) -> Shares:
    """Students that copy 30 % of the teacher's errors, 6 seeds, 300 images."""
    return inheritance(rng, runs, seeds=6, copied=0.3)


@scenario(runs=1000, few=60, any_told=SELDOM, covered=COVERED)
def nothing_inherited_with_an_assignment_for_each_seed(rng: np.random.Generator, runs: int) -> Shares:
    """Four students that inherit nothing, 6 seeds, each with its own 300 test images of 1,000."""
    return inheritance(rng, runs, seeds=6, families=4, images=(1000, 300))


@scenario(runs=1000, few=60, errors_told=(0.92, 1), covered=COVERED)
def copies_of_30_percent_with_an_assignment_for_each_seed(rng: np.random.Generator, runs: int) -> Shares:
    """Students that copy 30 % of the teacher's errors, 6 seeds, each with its own 300 test images of 1,000."""
    return inheritance(rng, runs, seeds=6, copied=0.3, images=(1000, 300))


@scenario(runs=1000, few=60, errors_told=SELDOM)
def flips_of_7_percent_of_the_answers_six_seeds(rng: np.random.Generator, runs: int) -> Shares:
    """Students that copy nothing and flip 7 % of their answers: their accuracy explains what they seem to inherit."""
    return inheritance(rng, runs, seeds=6, flipped=0.07)


def means_of_strata(rng: np.random.Generator, runs: int, classes: int, of_class: int) -> Shares:
    """Coverage of the bootstrap interval of a difference of shares, of classes that differ."""
    from snakedistill.measures.intervals import bootstrap_means, percentile_intervals

    strata, covered = np.repeat(np.arange(classes), of_class), 0
    above, below = np.linspace(0.05, 0.2, classes)[strata], 0.1
    for number in range(runs):
        uniform = rng.random(len(strata))
        values = ((uniform < above).astype(float) - (uniform > 1 - below))[:, None]
        means = bootstrap_means(values, strata, seed=number, resamples=1000)
        ((low, high),) = percentile_intervals(means, values, strata)
        covered += int(low <= above.mean() - below <= high)
    return {"covered": float(covered / runs)}


@scenario(runs=2000, few=300, covered=COVERED)
def bootstrap_of_20_classes_of_3_images(rng: np.random.Generator, runs: int) -> Shares:
    """The bootstrap over images within each class, of small classes."""
    return means_of_strata(rng, runs, 20, 3)


@scenario(runs=2000, few=300, covered=COVERED)
def bootstrap_of_100_classes_of_2_images(rng: np.random.Generator, runs: int) -> Shares:
    """The same of more and smaller classes."""
    return means_of_strata(rng, runs, 100, 2)


def chains(
    rng: np.random.Generator, runs: int, seeds: int, images: int, classes: int = 2, kept: float = 0.8, falls: float = 1
) -> Shares:
    """Shares of runs in which shrinkage or drift is told of one of two chains of three steps.

    Args:
        rng: random numbers.
        runs: their number.
        seeds: of each run.
        images: of the test part.
        classes: their number.
        kept: correlation of a generation with the one before; the rest is noise of its own training.
        falls: spread of a generation, divided by that of the one before.
    """
    counts: dict[str, list[bool]] = {"shrinks told": [], "drift told": [], "covered": [], "slope covered": []}
    label, mean = np.arange(images) % classes, np.append(0.5, np.zeros(classes - 1))
    sources: dict[str, str | None] = {"teacher": None}
    for name in ("soft", "hard"):
        sources |= {f"{name}-{step}": f"{name}-{step - 1}" if step else "teacher" for step in range(4)}
    for _ in range(runs):
        common, logits = rng.normal(0, 2, (images, classes)), {}
        for seed, network in itertools.product(range(seeds), sources):
            noise, source = rng.normal(0, 2, (images, classes)), sources[network]
            own = np.sqrt(kept) * common + np.sqrt(1 - kept) * noise
            if source not in (None, "teacher"):
                new = np.sqrt(1 - kept**2) * falls ** int(source[-1]) * noise
                own = falls * (kept * (logits[seed, source] - mean) + new)
            logits[seed, network] = mean + own
        frame, found = verdicts("recursion", logits, label, sources)
        last = frame[(frame["generation"] == 3) & (frame["seed"].astype(str) == ("all" if seeds > 1 else "0"))]
        last = last.drop_duplicates("network")
        low, high = last["spread_ratio_from_first_low"], last["spread_ratio_from_first_high"]
        counts["covered"] += ((low <= falls**3) & (falls**3 <= high)).tolist()
        low, high = last["slope_across_seeds_low"], last["slope_across_seeds_high"]
        counts["slope covered"] += ((low <= kept * falls) & (kept * falls <= high))[low.notna()].tolist()
        counts["shrinks told"].append(told(found, "shrink"))
        counts["drift told"].append(told(found, "drift"))
    return {name: float(np.mean(values)) for name, values in counts.items() if values}


NO_MOVEMENT = {"shrinks_told": SELDOM, "drift_told": SELDOM, "covered": COVERED}


@scenario(runs=1000, few=60, **NO_MOVEMENT)
def chains_of_constant_spread_one_seed(rng: np.random.Generator, runs: int) -> Shares:
    """Chains of constant spread and mean, with noise of each training run, r = 0.8."""
    return chains(rng, runs, seeds=1, images=400)


@scenario(runs=500, few=40, **NO_MOVEMENT, slope_covered=COVERED)
def chains_of_constant_spread_two_seeds(rng: np.random.Generator, runs: int) -> Shares:
    """The same with two seeds."""
    return chains(rng, runs, seeds=2, images=400)


@scenario(runs=500, few=40, **NO_MOVEMENT, slope_covered=COVERED)
def chains_of_constant_spread_three_seeds_10_classes(rng: np.random.Generator, runs: int) -> Shares:
    """The same with three seeds, 10 classes and 100 images."""
    return chains(rng, runs, seeds=3, images=100, classes=10)


@scenario(runs=500, few=40, **NO_MOVEMENT, slope_covered=COVERED)
def chains_of_constant_spread_six_seeds(rng: np.random.Generator, runs: int) -> Shares:
    """The same with six seeds."""
    return chains(rng, runs, seeds=6, images=400)


@scenario(runs=1000, few=60, **NO_MOVEMENT)
def chains_of_noise_20_classes_60_images(rng: np.random.Generator, runs: int) -> Shares:
    """Generations that have nothing to do with one another."""
    return chains(rng, runs, seeds=1, images=60, classes=20, kept=0.0)


@scenario(runs=500, few=40, shrinks_told=(0.9, 1), drift_told=SELDOM, covered=COVERED)
def chains_that_fall_by_10_percent_a_step_one_seed(rng: np.random.Generator, runs: int) -> Shares:
    """Chains whose spread falls by 10 % a step, three steps, 300 images."""
    return chains(rng, runs, seeds=1, images=300, falls=0.9)


@scenario(runs=500, few=40, shrinks_told=(0.9, 1), drift_told=SELDOM, covered=COVERED, slope_covered=COVERED)
def chains_that_fall_by_10_percent_a_step_six_seeds(rng: np.random.Generator, runs: int) -> Shares:
    """The same with six seeds."""
    return chains(rng, runs, seeds=6, images=300, falls=0.9)


def forecasts(off: float, images: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Logits of class 1, float [n, 2], and labels of images of which the probability of the answer is too large."""
    sure, side = rng.beta(4, 1, images) * (0.5 - off) + 0.5 + off, rng.integers(2, size=images)
    label = np.where(rng.random(images) < sure - off, side, 1 - side)
    logit = np.log(sure / (1 - sure)) * (2 * side - 1)
    return np.stack([-logit / 2, logit / 2], axis=1), label


@scenario(runs=1000, few=12, any_told=SELDOM)
def calibrated_networks_24(rng: np.random.Generator, runs: int) -> Shares:
    """24 calibrated networks on the same 1,000 images: is one of them called uncalibrated?"""
    return {"any told": float(np.mean([_calibration_told(0.0, 24, rng) for _ in range(runs)]))}


@scenario(runs=300, few=5, any_told=(0.9, 1))
def uncalibrated_networks_24(rng: np.random.Generator, runs: int) -> Shares:
    """24 networks whose answers are right 5 percentage points less often than they say."""
    return {"any told": float(np.mean([_calibration_told(0.05, 24, rng) for _ in range(runs)]))}


def _calibration_told(off: float, networks: int, rng: np.random.Generator) -> bool:
    from snakedistill.core.outputs import softmax
    from snakedistill.measures import calibration
    from snakedistill.results import findings

    rows = []
    for number in range(networks):
        logit, label = forecasts(off, 1000, rng)
        probability = softmax(logit)
        answer = probability.argmax(axis=1)
        error = calibration.calibration_errors(probability, answer, label)[0]
        p_value = calibration.likely_error(probability.max(axis=1), error.error)[1]
        rows.append({"seed": 0, "network": f"n{number}", "scaled": "no", "confidence_error": error.error})
        rows[-1] |= {"confidence_error_expected": error.expected, "confidence_error_p": p_value}
    return told(list(findings.calibration(pd.DataFrame(rows))))


@scenario(runs=1000, few=200, bias_of_squared_error=(-0.00005, 0.00005), bias_of_null=(-0.00005, 0.00005))
def debiased_calibration_error(rng: np.random.Generator, runs: int) -> Shares:
    """Mean deviations at a true calibration error of 0.025 with 2,800 images, and of the null of a calibrated network.

    The squared error is 0.025^2 = 0.000625; an error minus its chance is here what was called excess.
    """
    from snakedistill.core.outputs import softmax
    from snakedistill.measures import calibration

    found = []
    for _ in range(runs):
        logit, label = forecasts(0.025, 2800, rng)
        probability = softmax(logit)
        error = calibration.calibration_errors(probability, probability.argmax(axis=1), label)[0]
        logit, label = forecasts(0.0, 2800, rng)
        score = calibration.brier(softmax(logit), label)
        null = score.reliability - score.reliability_expected
        found.append([error.squared - 0.025**2, error.error - error.expected, null, score.reliability_debiased])
    squared, excess, null, debiased = np.mean(found, axis=0).tolist()
    return {
        "bias of squared error": squared, "error minus expected": excess, "bias of null": null,
        "reliability debiased": debiased,
    }  # fmt: skip


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
