"""What the networks of a run answered, beside the manual labels."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from snakedistill.core.files import read_csv
from snakedistill.core.lineage import read_predictions
from snakedistill.core.parts import PARTS
from snakedistill.measures import metrics
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
        logit: float32 [n, K].
        probability: float [n, K].
    """

    seed: int
    split: str
    network: str
    image_id: pd.Series
    label: np.ndarray
    logit: np.ndarray
    probability: np.ndarray

    @property
    def answer(self) -> np.ndarray:
        """The class with the largest probability, int [n]."""
        return metrics.answer(self.probability)


def answers(run: Run, splits: tuple[str, ...] | None = None) -> Iterator[Answers]:
    """The answers of every network, part by part, and seed by seed in a part; one network at a time is in memory.

    Args:
        run: the run.
        splits: the parts; None for all.
    """
    if run.audited is not None:
        yield from run.audited.answers(splits)
        return
    manual = read_csv(run.files["splits"])
    for split in (part for part in PARTS if splits is None or part in splits):
        of_part = manual[manual["split"] == split]
        for (seed, network), path in run.of_networks(split).items():
            given = read_predictions(path, network, seed, splits=run.files["splits"])
            given = given.in_order_of(of_part["image_id"], run.files["splits"], path)
            label = of_part["label"].to_numpy()
            yield Answers(seed, split, network, given.image_id, label, given["logit"], given["probability"])
