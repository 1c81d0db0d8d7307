"""How predictions move along recursion, generation by generation."""

import itertools

import numpy as np
import pandas as pd

from snakedistill.core.parts import TEST
from snakedistill.measures import recursion
from snakedistill.measures.intervals import NORMAL
from snakedistill.results.answers import Answers
from snakedistill.results.lines import ancestors, chains
from snakedistill.results.run import Run
from snakedistill.results.tables.table import Table

_COLUMNS = ["seed", "family", "generation", "network", "source", "class", "images"]
_COLUMNS += ["slope", "slope_low", "slope_high", "correlation", "drift", "drift_low", "drift_high"]
_COLUMNS += ["answered", "error_rate", "confidence", "first_errors"]


def rows(run: Run) -> pd.DataFrame:
    """Each generation of each chain of students on the test part, class by class; the first learned from the teacher.

    Returns:
        seed, family, generation, network, source, class, images (of the class); slope of the logits on those of the
        source with its 95 % interval (slope_low, slope_high), their correlation, and drift towards the class with its
        interval (drift_low, drift_high); answered (share of all images that get this class as
        answer), error_rate and confidence (mean probability of the answer) of the images of the class, and first_errors
        (images of the class that this generation is the first to get wrong, after the teacher and those before it).
        The slope and the drift are of students of students; they are NaN in generation 0.
    """
    found = []
    lines = {family: [*ancestors(chain[0], run.sources), *chain] for family, chain in chains(run.sources).items()}
    for seed, of_seed in itertools.groupby(run.answers((TEST,)), lambda given: given.seed):
        wrong: dict[str, np.ndarray] = {}
        before: dict[str, np.ndarray] = {}  # logits of the generation before, by family
        for given in of_seed:
            wrong[given.network] = given.answer != given.label
            for family, line in lines.items():
                if given.network not in line[1:]:
                    continue
                number = line.index(given.network)
                about = {"seed": seed, "family": family, "generation": number - 1}
                about |= {"network": given.network, "source": run.sources[given.network]}
                step = recursion.fit_step(before[family], given.logit) if family in before else None
                first = recursion.first_errors(np.stack([wrong[one] for one in line[: number + 1]], axis=1)) == number
                found += [about | row for row in _of_classes(given, run.classes, step, first)]
                before[family] = given.logit
    return pd.DataFrame(found, columns=_COLUMNS)


def _of_classes(given: Answers, classes: list[str], step: recursion.Step | None, first: np.ndarray) -> list[dict]:
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
        if step is not None:
            row |= {"correlation": step.correlation}
            row |= _with_interval("slope", step.slope, step.slope_error)
            row |= _with_interval("drift", step.drift[one], step.drift_error[one])
        rows.append(row)
    return rows


def _with_interval(name: str, value: float, error: float) -> dict[str, float]:
    return {name: value, f"{name}_low": value - NORMAL * error, f"{name}_high": value + NORMAL * error}


RECURSION = Table(
    rows,
    needs=("test", "splits"),
    keys=("network", "class"),
    values=("slope", "drift", "error_rate", "confidence"),
    section="recursion",
    title="recursion",
    caption="""How the predictions on the test part move from one generation to the next. The logits of a generation
are fitted by a line to those of its source: z = a + b z'. A slope b below 1 is shrinkage: probabilities move towards
one half. It is the product of the correlation of the two and the ratio of their spreads, so noise shrinks too. The
drift a of a class is above 0 where the generation gives the class more than its source did. *Answered* is the share
of images that get the class as answer, *confidence* the mean probability of the answers. *First errors* counts the
images that this generation is the first to get wrong, after the teacher and all generations before it.""",
)
