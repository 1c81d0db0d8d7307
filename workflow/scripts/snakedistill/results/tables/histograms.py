"""The predictions of every network in bins."""

import pandas as pd

from snakedistill.core.lineage import read_predictions
from snakedistill.measures import metrics
from snakedistill.results.run import Run
from snakedistill.results.tables.table import Table


def rows(run: Run, bin_width: float) -> pd.DataFrame:
    """The relative frequencies of predictions in bins.

    Args:
        run: the run.
        bin_width: width of the bins on [0, 1].

    Returns:
        seed, network, split, bin_low, bin_high, relative_frequency.
    """
    frames = []
    for split, paths in run.predictions().items():
        for (seed, network), path in paths.items():
            probability = read_predictions(path, network, seed, splits=run.files["splits"])["probability"]
            edges, frequencies = metrics.relative_frequencies(probability, bin_width)
            bins = {"bin_low": edges[:-1].round(6), "bin_high": edges[1:].round(6), "relative_frequency": frequencies}
            frames.append(pd.DataFrame({"seed": seed, "network": network, "split": split} | bins))
    return pd.concat(frames)


HISTOGRAMS = Table(
    rows,
    needs=("train", "validation", "test", "splits"),
    keys=("network", "split", "bin_low", "bin_high"),
    values=("relative_frequency",),
    settings=("bin_width",),
    title="predictions in bins",
    caption="""Relative frequencies of predictions in bins, for every network and part.""",
)
