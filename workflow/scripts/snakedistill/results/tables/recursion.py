"""How predictions move along recursion, generation by generation."""

import itertools

import numpy as np
import pandas as pd

from snakedistill.core.parts import TEST
from snakedistill.measures import recursion
from snakedistill.measures.estimates import UNKNOWN
from snakedistill.results.answers import Answers, ImagesOfSeeds, images_of_seeds
from snakedistill.results.lines import ancestors, chains
from snakedistill.results.run import Run
from snakedistill.results.tables.table import ALL_SEEDS, Table, columns_of

_OF_SOURCE = ["slope", "correlation"]
_OF_SOURCE += [name + end for name in ("slope_across_seeds", "spread_ratio") for end in ("", "_low", "_high")]
_COLUMNS = ["seed", "family", "generation", "network", "source", "class", "images", *_OF_SOURCE]
_COLUMNS += ["drift", "drift_low", "drift_high"]
_COLUMNS += [f"{name}_from_first{end}" for name in ("spread_ratio", "drift") for end in ("", "_low", "_high", "_p")]
_COLUMNS += ["answered", "error_rate", "confidence", "first_errors"]


def rows(run: Run) -> pd.DataFrame:
    """Each generation of each chain of students on the test part, class by class; the first learned from the teacher.

    Returns:
        seed (or `all`), family, generation, network, source, class, images (of the class); slope and correlation of
        the logits on those of the source, see `recursion.fit_step`, and in rows over all seeds slope_across_seeds with
        its 95 % interval, where all have the same test images; the ratio of the spread of the logits to that of the
        source (spread_ratio) and the change of the mean logit of the class (drift), with 95 % intervals (_low, _high),
        and both against generation 0 (_from_first), with p-values (_p); answered (share of all images that get this
        class as answer), error_rate and confidence (mean probability of the answer) of the images of the class, and
        first_errors (images of the class that this generation is the first to get wrong, after the teacher and those
        before it). Over all seeds the last four are means. What compares with another student is NaN in generation 0.
    """
    found: list[dict] = []
    ids, labels = [], []
    lines = {family: [*ancestors(chain[0], run.sources), *chain] for family, chain in chains(run.sources).items()}
    logits: dict[str, list[np.ndarray]] = {network: [] for line in lines.values() for network in line[1:]}
    for seed, of_seed in itertools.groupby(run.answers((TEST,)), lambda given: given.seed):
        wrong: dict[str, np.ndarray] = {}
        for given in of_seed:
            wrong[given.network] = given.answer != given.label
            if given.network in logits:
                logits[given.network].append(given.logit)
            for family, line in lines.items():
                if given.network not in line[1:]:
                    continue
                number = line.index(given.network)
                about = {"seed": seed, "family": family, "generation": number - 1}
                about |= {"network": given.network, "source": run.sources[given.network]}
                first = recursion.first_errors(np.stack([wrong[one] for one in line[: number + 1]], axis=1)) == number
                found += [about | row for row in _of_classes(given, run.classes, first)]
        ids.append(given.image_id)
        labels.append(given.label)
    frame = pd.DataFrame(found, columns=_COLUMNS[: _COLUMNS.index("images") + 1] + _COLUMNS[-4:])
    if len(run.seeds) > 1 and len(frame):
        keys = _COLUMNS[1 : _COLUMNS.index("images") + 1]
        means = frame.groupby(keys, sort=False)[_COLUMNS[-4:]].mean().reset_index()
        frame = pd.concat([frame, means.assign(seed=ALL_SEEDS)])
    return frame.merge(
        _moved(run, lines, logits, images_of_seeds(ids, labels)), "left", ["seed", "family", "network", "class"]
    )[_COLUMNS]


def _of_classes(given: Answers, classes: list[str], first: np.ndarray) -> list[dict]:
    number, label, answer = len(classes), given.label, given.answer
    images = np.bincount(label, minlength=number)
    answered = np.bincount(answer, minlength=number) / len(label)
    of_answer = given.probability[np.arange(len(answer)), answer]
    errors, confidence, firsts = (np.bincount(label, one, number) for one in (answer != label, of_answer, first))
    rows = []
    for one, name in enumerate(classes):
        row = {"class": name, "images": images[one], "answered": answered[one], "first_errors": int(firsts[one])}
        if images[one]:
            row |= {"error_rate": errors[one] / images[one], "confidence": confidence[one] / images[one]}
        rows.append(row)
    return rows


def _moved(
    run: Run, lines: dict[str, list[str]], logits: dict[str, list[np.ndarray]], images: ImagesOfSeeds
) -> pd.DataFrame:
    """How the logits move from the source and from generation 0, seed by seed and over all seeds.

    Args:
        run: the run.
        lines: teachers and generations by family.
        logits: of the generations, seed by seed, float [n, K] each.
        images: those of all seeds.
    """
    found: list[dict] = []
    seeds: dict[object, tuple] = {
        seed: (slice(number, number + 1), images.of_seed(number), None) for number, seed in enumerate(run.seeds)
    }
    if len(run.seeds) > 1:
        seeds[ALL_SEEDS] = slice(None), images.label, images.places
    for (family, (_, first, *later)), (seed, of_seed) in itertools.product(lines.items(), seeds.items()):
        chosen, label, places = of_seed
        earliest = source = logits[first][chosen]
        for network in later:
            own = logits[network][chosen]
            slopes = np.mean([recursion.fit_step(*pair) for pair in zip(source, own, strict=True)], axis=0)
            about = {"seed": seed, "family": family, "network": network}
            about |= dict(zip(("slope", "correlation"), slopes.tolist(), strict=True))
            across = recursion.slope_across_seeds(source, own, label) if places is None else UNKNOWN
            about |= columns_of("slope_across_seeds", across)
            about |= columns_of("spread_ratio", recursion.spread_ratio(source, own, label, places))
            about |= columns_of("spread_ratio_from_first", recursion.spread_ratio(earliest, own, label, places))
            steps, since = (recursion.drift(one, own, label, places) for one in (source, earliest))
            for name, of_step, of_all in zip(run.classes, steps, since, strict=True):
                drifts = columns_of("drift", of_step) | columns_of("drift_from_first", of_all)
                found.append(about | {"class": name} | drifts)
            source = own
    moved = _COLUMNS[_COLUMNS.index("images") + 1 : -4]
    return pd.DataFrame(found, columns=["seed", "family", "network", "class", *moved])


RECURSION = Table(
    rows,
    needs=("test", "splits"),
    keys=("network", "class"),
    values=("spread_ratio", "drift", "error_rate", "confidence"),
    section="recursion",
    title="recursion",
    caption="""How the predictions on the test part move from one generation to the next. The spread ratio compares
how widely the logits of a generation are spread with its source, or with generation 0 (*from first*): below 1 they
shrink, and probabilities move towards one half. The drift of a class is the change of its mean logit: above 0 the
generation gives the class more. The intervals are over images, with five seeds or more over seeds and images. Slope
and correlation describe the line z = a + b z' from the source: noise alone makes both smaller than 1, and only the
slope across seeds, whose instrument is the source of another seed, does not have this fault. *Answered* is the share
of images that get the class as answer, *confidence* the mean probability of the answers. *First errors* counts the
images that this generation is the first to get wrong, after the teacher and all generations before it.""",
)
