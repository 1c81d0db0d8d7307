"""Seconds an image of every timed network in every runtime."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from snakedistill.core.network_ids import parsed
from snakedistill.measures.intervals import ratio_interval
from snakedistill.results.run import Run
from snakedistill.results.tables.table import Table

HOW = ("runtime", "precision", "threads", "batch_size", "decoding")
KEYS = ("network", "family", *HOW)


def rows(run: Run) -> pd.DataFrame:
    """Seconds an image of every timed network in every runtime, and how many times longer the first of them takes.

    Args:
        run: the run.

    Returns:
        network, family, runtime, precision, threads, batch_size, decoding; seconds (the median of an image);
        multiply_adds (of one image, NaN of a network without a file in ONNX); the ratio of the first network's seconds
        to this one's with its 95 % bootstrap interval over rounds (ratio_low, ratio_high), NaN of the first network
        itself and where it has no file in this form.
    """
    found = json.loads(Path(run.file("measured")).read_text(encoding="utf-8"))
    multiply_adds = found["multiply_adds"]
    first, *_ = timed = list(multiply_adds)
    calls = pd.DataFrame(found["calls"])
    calls["seconds"] = [np.array(row.seconds) / row.batch_size for row in calls.itertuples()]
    measured = []
    for key, group in calls.groupby(list(HOW), sort=True):
        seconds = group.set_index("network")["seconds"]
        for network in [network for network in timed if network in seconds]:
            row = {"network": network, "family": parsed(network).family, **dict(zip(HOW, key, strict=True))}
            row |= {"seconds": np.median(seconds[network]), "multiply_adds": multiply_adds[network]}
            if network != first and first in seconds:
                low, high = ratio_interval(seconds[first], seconds[network])
                row |= {"ratio": np.median(seconds[first]) / row["seconds"], "ratio_low": low, "ratio_high": high}
            measured.append(row)
    columns = [*KEYS, "seconds", "multiply_adds", "ratio", "ratio_low", "ratio_high"]
    return pd.DataFrame(measured, columns=columns).astype({"multiply_adds": "Int64"})


def in_full(table: pd.DataFrame) -> list[str]:
    """Ids of the networks of the timing table that were timed in Keras and in every other runtime, in their order."""
    return list(table["network"][table["runtime"] == "Keras"].unique())


def float32_on_all_threads(table: pd.DataFrame, runtime: str, batch_size: int, decoding: str = "no") -> pd.DataFrame:
    """The rows of the timing table of a runtime in float32 on all threads, one for each network, which is the index.

    Raises:
        ValueError: a network has more than one.
    """
    chosen = table[
        (table["runtime"] == runtime)
        & (table["precision"] == "float32")
        & (table["threads"] == table["threads"].max())
        & (table["batch_size"] == batch_size)
        & (table["decoding"] == decoding)
    ]
    if chosen["network"].duplicated().any():
        raise ValueError(f"{runtime} in float32 has more than one row of a network: {list(chosen['network'])}")
    return chosen.set_index("network")


TIMING = Table(
    rows,
    needs=("measured",),
    keys=KEYS,
    values=("seconds", "ratio"),
    differences=False,  # machines differ
    section="time",
    title="seconds an image",
    caption="""Median seconds an image of every timed network in every runtime, and how many times longer the first of
them takes, with a 95 % bootstrap interval over the rounds of calls. One process called all networks in turn, in a new
random order in each round, and the time of decoding is added to that of a call. The multiply-adds are those of one
image.""",
)
"""The time an image takes in every runtime."""
