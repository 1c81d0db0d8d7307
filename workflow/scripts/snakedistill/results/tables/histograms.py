"""The predictions of every network in bins."""

import pandas as pd

from snakedistill.core.lineage import read_predictions
from snakedistill.measures import metrics
from snakedistill.results.run import Run
from snakedistill.results.shown_prediction import shown_prediction
from snakedistill.results.tables.table import Table


def rows(run: Run, bin_width: float) -> pd.DataFrame:
    """The relative frequencies in bins of the probability that is shown of a prediction, see `shown_prediction`.

    Args:
        run: the run.
        bin_width: width of the bins on [0, 1].

    Returns:
        seed, network, split, bin_low, bin_high, relative_frequency.
    """
    frames = []
    for part, paths in run.predictions().items():
        for (seed, network), path in paths.items():
            given = read_predictions(path, network, seed, splits=run.splits(seed))
            probability = shown_prediction(len(run.classes)).probability(given["probability"])
            edges, frequencies = metrics.relative_frequencies(probability, bin_width)
            bins = {"bin_low": edges[:-1].round(6), "bin_high": edges[1:].round(6), "relative_frequency": frequencies}
            frames.append(pd.DataFrame({"seed": seed, "network": network, "split": part} | bins))
    return pd.concat(frames)


HISTOGRAMS = Table(
    rows,
    needs=("train", "validation", "test", "splits"),
    keys=("network", "split", "bin_low", "bin_high"),
    values=("relative_frequency",),
    settings=("bin_width",),
    section="predictions",
    title="predictions in bins",
    caption="""Relative frequencies of predictions in bins, for every network and part: with two classes of the
probability of class 1, with more of the probability of the network's own answer.""",
)
