"""The errors of every network on each class."""

import numpy as np
import pandas as pd

from snakedistill.measures import metrics
from snakedistill.measures.intervals import exact_interval
from snakedistill.results.run import Run
from snakedistill.results.tables.table import Table


def rows(run: Run) -> pd.DataFrame:
    """How often each network errs on each class that has images in the part, and how unsure of it it is.

    Returns:
        seed, network, split, class, images, errors, error_rate with its exact 95 % interval (error_rate_low,
        error_rate_high), uncertainty.
    """
    found = []
    for given in run.answers():
        wrong = ~metrics.correct(given.probability, given.label)
        distance = metrics.squared_distance(given.probability)
        about = {"seed": given.seed, "network": given.network, "split": given.part}
        ends = np.cumsum(np.bincount(given.label, minlength=len(run.classes)))
        of_class = np.split(np.argsort(given.label, kind="stable"), ends[:-1])
        for name, images in zip(run.classes, of_class, strict=True):
            if not len(images):
                continue
            errors = int(wrong[images].sum())
            low, high = exact_interval(errors, len(images))
            row = about | {"class": name, "images": len(images), "errors": errors, "error_rate": errors / len(images)}
            row |= {"error_rate_low": low, "error_rate_high": high, "uncertainty": float(distance[images].mean())}
            found.append(row)
    return pd.DataFrame(found)


CLASSES = Table(
    rows,
    needs=("train", "validation", "test", "splits"),
    keys=("network", "split", "class"),
    values=("error_rate", "uncertainty"),
    section="classes",
    title="errors by class",
    caption="""The errors of each network on each class, with the exact 95 % interval of the error rate, and the
network's uncertainty on that class.""",
)
