"""How accurate every network is where it is most sure."""

import itertools
from collections.abc import Iterable

import numpy as np
import pandas as pd

from snakedistill.core.parts import TEST
from snakedistill.measures.intervals import bootstrap_intervals, exact_interval
from snakedistill.measures.selection import areas_of_images, ideal_area, risk_coverage
from snakedistill.results.answers import Answers
from snakedistill.results.run import Run
from snakedistill.results.tables.table import Table

SHARES = (50, 80, 90, 95, 100)
"""Percents of the images whose accuracy is measured, the surest first."""


def rows(run: Run) -> pd.DataFrame:
    """Risk and coverage of every network on the test part.

    Returns:
        seed, network, split, images; of each percent of `SHARES`, for example 80, the accuracy of the surest images,
        accuracy_at_80, with the ends of its exact 95 % interval, and their number images_at_80: images of equal
        confidence enter together, so they may be more; risk_area (of the curve of risk by coverage) with the ends of
        its 95 % interval, by bootstrap over images; and risk_area_ideal, of a network with as many errors that is least
        sure of these.
    """
    found: list[dict] = []
    for _, of_split in itertools.groupby(run.answers((TEST,)), lambda given: run.splits_by_seed and given.seed):
        found += _of_split(of_split)
    return pd.DataFrame(found)


def _of_split(answers: Iterable[Answers]) -> list[dict]:
    """The rows of networks that answered the same images."""
    found, values = [], []
    for given in answers:
        wrong = given.answer != given.label
        curve = risk_coverage(given.confidence, wrong)
        row = {"seed": given.seed, "network": given.network, "split": TEST, "images": len(wrong)}
        for share in SHARES:
            point = curve.at(share / 100)
            images, right = int(curve.images[point]), int(curve.images[point] - curve.errors[point])
            low, high = exact_interval(right, images)
            name = f"accuracy_at_{share}"
            row |= {name: right / images, f"{name}_low": low, f"{name}_high": high, f"images_at_{share}": images}
        values.append(areas_of_images(given.confidence, wrong))
        found.append(row | {"risk_area": values[-1].mean(), "risk_area_ideal": ideal_area(wrong.sum(), len(wrong))})
        label = given.label
    intervals = bootstrap_intervals(np.stack(values, axis=1), label, bounds=(0.0, 1.0))
    for row, (low, high) in zip(found, intervals, strict=True):
        row |= {"risk_area_low": low, "risk_area_high": high}
    return found


RISK_COVERAGE = Table(
    rows,
    needs=("test", "splits"),
    keys=("network",),
    values=(*(f"accuracy_at_{share}" for share in SHARES), "risk_area", "risk_area_ideal"),
    section="risk_coverage",
    title="risk and coverage",
    caption="""How accurate each network is where it is most sure, on the test part: what a network is worth that
answers only a share of the images, and leaves the others to a person. *Accuracy at 80* is that of the 80 % of the
images with the largest probability of the answer; images of equal probability enter together. The risk is the share
of wrong answers; its area is the mean of the risk over all shares of the images, lower is better. It is the error rate
where the probability says nothing of errors, and *ideal* where every error is among the least sure answers.""",
)
