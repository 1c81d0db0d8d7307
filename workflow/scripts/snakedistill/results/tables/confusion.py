"""What every network answered to the images of each class."""

import numpy as np
import pandas as pd

from snakedistill.measures import metrics
from snakedistill.results.run import Run
from snakedistill.results.tables.table import Table


def rows(run: Run) -> pd.DataFrame:
    """How many images of each class got which answer; pairs that do not occur have no row.

    Returns:
        seed, network, split, class, answer, images.
    """
    frames, names = [], np.array(run.classes, dtype=object)
    for given in run.answers():
        pairs = given.label * len(names) + metrics.answer(given.probability)
        pairs, images = np.unique(pairs, return_counts=True)
        label, answer = np.divmod(pairs, len(names))
        about = {"seed": given.seed, "network": given.network, "split": given.part}
        frames.append(pd.DataFrame(about | {"class": names[label], "answer": names[answer], "images": images}))
    return pd.concat(frames)


CONFUSION = Table(
    rows,
    needs=("train", "validation", "test", "splits"),
    keys=("network", "split", "class", "answer"),
    values=("images",),
    section="classes",
    title="answers by class",
    caption="""How many images of each class got which answer, by network and part. Pairs of a class and an answer
that do not occur have no row.""",
)
