"""The errors of every network on each class."""

import pandas as pd

from snakedistill.measures import metrics
from snakedistill.measures.intervals import exact_interval
from snakedistill.results.run import Run
from snakedistill.results.tables.answers import answers
from snakedistill.results.tables.table import Table


def rows(run: Run) -> pd.DataFrame:
    """How often each network errs on each class, and how unsure of it it is.

    Returns:
        seed, network, split, class, images, errors, error_rate with its exact 95 % interval (error_rate_low,
        error_rate_high), uncertainty.
    """
    found = []
    for (seed, split), of_networks in answers(run).items():
        for network, joined in of_networks.items():
            for label, name in enumerate(run.classes):
                of_class = joined[joined["label"] == label]
                images = len(of_class)
                errors = int((~metrics.correct(of_class["probability"], of_class["label"])).sum())
                low, high = exact_interval(errors, images)
                row = {"seed": seed, "network": network, "split": split, "class": name, "images": images}
                row |= {"errors": errors, "error_rate": errors / images}
                row |= {"error_rate_low": low, "error_rate_high": high}
                found.append(row | {"uncertainty": metrics.uncertainty(of_class["probability"])})
    return pd.DataFrame(found)


CLASSES = Table(
    rows,
    needs=("train", "validation", "test", "splits"),
    keys=("network", "split", "class"),
    values=("error_rate", "uncertainty"),
    title="errors by class",
    caption="""The errors of each network on each class, with the exact 95 % interval of the error rate, and the
network's uncertainty on that class.""",
)
