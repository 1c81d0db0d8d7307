"""The best epoch of every network on the validation part."""

import functools

import pandas as pd

from snakedistill.core.files import read_csv
from snakedistill.core.lineage import read_labels
from snakedistill.core.parts import VALIDATION
from snakedistill.measures import metrics
from snakedistill.results.run import Run
from snakedistill.results.tables.table import Table


def best_epoch(history: str) -> pd.Series:
    """The row of a history CSV of the epoch whose weights are kept."""
    frame = read_csv(history)
    return frame.loc[frame["kept"].idxmax()]


def rows(run: Run) -> pd.DataFrame:
    """The best epoch of every network.

    Returns:
        seed, network, epochs (trained), epoch (the best), val_accuracy (with the labels that it trains on), chance
        (that of always the same answer), val_manual_accuracy (with manual labels).
    """
    labels, read = run.of_networks("labels"), functools.cache(read_csv)
    found = []
    for (seed, network), path in run.of_networks("histories").items():
        best, given, splits = best_epoch(path), labels[seed, network], run.splits(seed)
        split = read(splits)
        of_validation = split["split"] == VALIDATION
        label = read_labels(given, network, seed, splits, len(run.classes))
        label = label.in_order_of(split["image_id"], splits, given)["label"][of_validation]
        found.append(
            {
                "seed": seed,
                "network": network,
                "epochs": int(read_csv(path)["epoch"].max()),
                "epoch": int(best["epoch"]),
            }
            | {"val_accuracy": best["val_accuracy"]}
            | {"chance": metrics.chance(metrics.answer(label)), "val_manual_accuracy": best["val_manual_accuracy"]}
        )
    return pd.DataFrame(found)


BEST_EPOCH = Table(
    rows,
    needs=("histories", "labels", "splits"),
    keys=("network",),
    values=("epoch",),
    differences=False,  # runs may differ in length
    section="best_epoch",
    title="best epochs",
    caption="""The epoch whose weights are kept, the best on validation, of every network; 0 is the head alone.
*val_accuracy* is with the labels that the network trains on, and *chance* that of always the same answer.
*val_manual_accuracy* is with manual labels.""",
)
