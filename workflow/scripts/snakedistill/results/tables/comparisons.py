"""Which of two networks is more accurate on the test part, and how sure that is."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from snakedistill.core.parts import TEST
from snakedistill.measures import comparison
from snakedistill.measures.comparison import SIGNIFICANCE, Comparison
from snakedistill.measures.crossed import mean_of, means_of_images, means_of_seeds
from snakedistill.measures.power import MOST_SEEDS, components
from snakedistill.results.answers import ImagesOfSeeds, images_of_seeds
from snakedistill.results.lines import Pair, pairs
from snakedistill.results.run import Run
from snakedistill.results.tables.table import ALL_SEEDS, Table

HIGHER, LOWER, OPEN = "higher", "lower", "cannot be told"


def rows(run: Run) -> pd.DataFrame:
    """Accuracies of pairs of networks on the test part, see `lines.pairs`, seed by seed and of all seeds together.

    Returns:
        one, other, about (key of `lines.ABOUT`), seed (or `all`), images (of a seed), assignments
        (of images to parts: 1, or as many as seeds where each has its own), accuracy_one, accuracy_other (or changes of
        accuracy), difference with the ends of its 95 % interval (difference_low, difference_high, see
        `comparison.compare`) and, of several seeds, its standard deviation over seeds (difference_sd); equal_within
        (the margin within which the two are shown to be equal); one_alone and other_alone (images that one network
        alone gets right, of all seeds the sum), p (exact, by images), p_holm (with Holm's correction over all pairs of
        this seed, or of all seeds), smallest_difference (that these images show), images_needed (to show the measured
        difference, see `measures.power`; of a recipe with unlimited seeds; empty where no number would); these_networks
        (higher, lower or cannot be told); of all seeds wins and losses, and, where there are at least
        `comparison.FEWEST_SEEDS` seeds, p_recipe, p_recipe_holm, seeds_needed (on these images) and this_recipe.
    """
    compared = pairs(run.sources, run.independent, run.teachers, run.probes)
    of_seeds, images = right_of_networks(run)
    found: list[dict] = []
    for number, (seed, right) in enumerate(zip(run.seeds, of_seeds, strict=True)):
        found += compared_rows(compared, run.networks, right.T[None], images.of_seed(number), str(seed))
    if len(run.seeds) > 1:
        right = images.laid_out(of_seeds).transpose(0, 2, 1)
        found += compared_rows(compared, run.networks, right, images.label, ALL_SEEDS, images.present)
    frame = pd.DataFrame(found, columns=_COLUMNS)
    frame["assignments"] = np.where(frame["seed"] == ALL_SEEDS, len(run.seeds) if run.splits_by_seed else 1, 1)
    order = {pair.names: number for number, pair in enumerate(compared)}
    places = [order[names] for names in zip(frame["one"], frame["other"], strict=True)]
    return frame.iloc[np.argsort(places, kind="stable")]


_COLUMNS = ["one", "other", "about", "seed", "images", "assignments", "accuracy_one", "accuracy_other", "difference"]
_COLUMNS += ["difference_low", "difference_high", "difference_sd", "equal_within", "one_alone", "other_alone"]
_COLUMNS += ["p", "p_holm", "smallest_difference", "images_needed", "these_networks", "wins", "losses"]
_COLUMNS += ["p_recipe", "p_recipe_holm", "seeds_needed", "this_recipe"]


def right_of_networks(run: Run) -> tuple[list[np.ndarray], ImagesOfSeeds]:
    """Where each network is right on the test part, int8 [n, networks] of each seed, and the images."""
    found: dict[int, dict[str, np.ndarray]] = {seed: {} for seed in run.seeds}
    images: dict[int, tuple[pd.Series, np.ndarray]] = {}
    for given in run.answers((TEST,)):
        images.setdefault(given.seed, (given.image_id, given.label))
        found[given.seed][given.network] = given.answer == given.label
    of_seeds = [np.array([of_seed[network] for network in run.networks], np.int8).T for of_seed in found.values()]
    return of_seeds, images_of_seeds(*zip(*images.values(), strict=True))


def compared_rows(
    compared: Sequence[Pair],
    networks: list[str],
    right: np.ndarray,
    label: np.ndarray,
    seed: str,
    present: np.ndarray | None = None,
) -> list[dict]:
    """A row of each pair of networks, whose p-values are corrected together.

    Args:
        compared: the pairs.
        networks: ids, in the order of the networks.
        right: where each is right, int8 [seeds, networks, n]; 0 where a seed does not have the image.
        label: manual labels, [n]; the strata.
        seed: number of the seed, or `ALL_SEEDS`.
        present: bool [seeds, n], which images a seed has; None where all seeds have all.
    """
    found: list[dict] = []
    comparisons = []
    for pair in compared:
        one, other = sides(pair, right, networks)
        comparisons.append(comparison.compare(one - other, label, present))
        named = {"one": pair.names[0], "other": pair.names[1], "about": pair.about, "seed": seed}
        needed = _needed(one - other, label, present, comparisons[-1], len(compared))
        found.append(named | _of_pair(one, other, present, comparisons[-1]) | needed)
    for kind, p_values in (
        ("these_networks", [of_pair.p_networks for of_pair in comparisons]),
        ("this_recipe", [of_pair.p_recipe for of_pair in comparisons if of_pair.p_recipe is not None]),
    ):
        p = {"these_networks": "p", "this_recipe": "p_recipe"}[kind]
        for row, p_value, p_holm in zip(found, p_values, comparison.holm(p_values), strict=False):
            row |= {p: p_value, f"{p}_holm": p_holm}
            row[kind] = _sign_in_words((p_holm < SIGNIFICANCE) * np.sign(row["difference"]))
    return found


def sides(pair: Pair, right: np.ndarray, networks: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Where both sides of a pair are right, or the changes of that, int8 [seeds, n] each.

    Args:
        pair: the pair.
        right: int8 [seeds, networks, n].
        networks: ids, in the order of the networks.
    """
    one, other = (right[:, networks.index(network)] for network in (pair.one, pair.other))
    if pair.since is not None:
        one, other = (
            later - right[:, networks.index(earlier)] for later, earlier in zip((one, other), pair.since, strict=True)
        )
    return one, other


def _of_pair(one: np.ndarray, other: np.ndarray, present: np.ndarray | None, found: Comparison) -> dict:
    """What a pair's row says of this pair alone, from int8 [seeds, n] each."""
    differences, images = one - other, _images_of_a_seed(one, present)
    discordant = mean_of(differences.astype(np.float64) ** 2, present)
    row: dict = {"images": images, "accuracy_one": mean_of(one, present), "accuracy_other": mean_of(other, present)}
    row |= {"difference": found.difference, "difference_low": found.interval[0], "difference_high": found.interval[1]}
    row |= {"equal_within": found.equal_within, "one_alone": (differences > 0).sum()}
    row |= {"other_alone": (differences < 0).sum()}
    row |= {"smallest_difference": comparison.smallest_difference(discordant, images)}
    of_seeds = means_of_seeds(differences, present)
    if len(of_seeds) > 1:
        row |= {"difference_sd": of_seeds.std(ddof=1), "wins": (of_seeds > 0).sum(), "losses": (of_seeds < 0).sum()}
    return row


def _images_of_a_seed(values: np.ndarray, present: np.ndarray | None) -> int:
    """The number of images of a seed, the mean where they differ, from values [seeds, n]."""
    return values.shape[1] if present is None else round(present.sum() / len(present))


def _needed(
    differences: np.ndarray, label: np.ndarray, present: np.ndarray | None, found: Comparison, pairs: int
) -> dict:
    """Seeds and images that would show the measured difference, from int8 [seeds, n]; empty where no number would.

    Images are those of a seed; other seeds may have others.
    """
    margin, images = abs(found.difference), _images_of_a_seed(differences, present)
    if not margin:
        return {}
    if found.recipe is None:
        needed = components(means_of_images(differences, present)[None], label).images_needed(margin, 1, pairs)
        of_a_seed = images / differences.shape[1]
        return {"images_needed": needed if needed is None or present is None else round(needed * of_a_seed)}
    both = components(differences, label, present)
    needed = both.seeds_needed(margin, images, pairs)
    return {"seeds_needed": needed, "images_needed": both.images_needed(margin, MOST_SEEDS, pairs)}


def has_assignments(table: pd.DataFrame) -> bool:
    """Whether each seed of a run had its own assignment of images to parts, from this table."""
    return bool((table["assignments"] > 1).any())


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
that one of the two alone gets right: an exact test asks whether they are shared out evenly. With many pairs, some small
p-values come by chance; Holm's correction keeps the probability of any false alarm at 5 %. The smallest difference is
what this number of images shows with a power of 80 %; more seeds on the same images do not make it smaller. *These
networks* is a statement on the networks that were trained here: another training run may differ. *This recipe* needs at
least 5 paired seeds; its p-value and the interval of the difference allow for other seeds and other images, and where
each seed has its own assignment of images to parts, for other assignments. *Equal within* is the margin within which
two one-sided tests at 5 % show the two to be equally accurate: what cannot be told apart is not for that reason
equal.""",
)
