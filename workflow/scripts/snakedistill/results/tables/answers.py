"""What the networks of a run answered, beside the manual labels."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from snakedistill.core.files import read_csv
from snakedistill.core.lineage import read_predictions
from snakedistill.results.run import Run


@dataclass(frozen=True)
class Answers:
    """What a network answered on a part, in the order of the split.

    Attributes:
        seed: training seed.
        split: the part.
        network: id.
        image_id: text [n].
        label: manual label, int [n].
        probability: float [n, K].
    """

    seed: int
    split: str
    network: str
    image_id: pd.Series
    label: np.ndarray
    probability: np.ndarray


def answers(run: Run) -> Iterator[Answers]:
    """The answers of every network, part by part, and seed by seed in a part; one network at a time is in memory."""
    splits = run.files["splits"]
    manual = read_csv(splits)
    for split, paths in run.predictions().items():
        of_part = manual[manual["split"] == split]
        for (seed, network), path in paths.items():
            given = read_predictions(path, network, seed, splits=splits)
            given = given.in_order_of(of_part["image_id"], splits, path)
            yield Answers(seed, split, network, given.image_id, of_part["label"].to_numpy(), given["probability"])
