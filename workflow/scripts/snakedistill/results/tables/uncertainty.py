"""The metrics of every network on every part, with intervals."""

import itertools

import numpy as np
import pandas as pd

from snakedistill.core.errors import listed
from snakedistill.core.network_ids import parsed
from snakedistill.measures.intervals import bootstrap_intervals, exact_interval
from snakedistill.measures.metrics import METRICS, Metric
from snakedistill.results.lines import as_networks
from snakedistill.results.run import Run
from snakedistill.results.shown_prediction import UNCERTAINTY_IN_WORDS
from snakedistill.results.tables.table import Table

# Metrics with intervals by bootstrap are first.
NAMES = sorted(METRICS, key=lambda name: METRICS[name].counted)
ALWAYS_SHOWN = [name for name, metric in METRICS.items() if metric.beside is None and metric.fewest_classes == 2]


def shown_metrics(table: pd.DataFrame) -> dict[str, Metric]:
    """The metrics that a figure and the summary show: those of the table that do not equal another one everywhere."""
    return {
        name: metric
        for name, metric in METRICS.items()
        if name in table
        and (metric.beside is None or not np.allclose(table[name], table[metric.beside], rtol=0, atol=1e-8))
    }


def in_words(name: str) -> str:
    """The name of a metric in a sentence or a heading."""
    return name.replace("_", " ")


def rows(run: Run) -> pd.DataFrame:
    """Every metric with manual labels of every network and part.

    Returns:
        seed, network, family, generation, split, images, and for each metric its value and the ends of its 95 %
        interval, by bootstrap over images or, where images are counted, exact binomial: for example accuracy,
        accuracy_low, accuracy_high. A metric for which there are too few classes has none.
    """
    frames, classes = [], len(run.classes)
    networks = as_networks(run.sources) if run.audited else {name: parsed(name) for name in run.networks}
    measured = [name for name in NAMES if METRICS[name].fewest_classes <= classes]
    for (part, _), of_part in itertools.groupby(
        run.answers(), lambda given: (given.part, run.splits_by_seed and given.seed)
    ):
        found: list[dict] = []
        values: dict[str, list[np.ndarray]] = {name: [] for name in measured}
        for given in of_part:
            one, label = networks[given.network], given.label
            row = {"seed": given.seed, "network": given.network, "family": one.family, "generation": one.generation}
            found.append(row | {"split": part, "images": len(label)})
            for name in measured:
                values[name].append(METRICS[name].of_images(given.probability, label))
        resampled = [name for name in measured if not METRICS[name].counted]
        columns = np.stack([of_images for name in resampled for of_images in values[name]], axis=1)
        bounds = np.repeat([(0.0, METRICS[name].most(classes)) for name in resampled], len(found), axis=0)
        bootstrapped = iter(bootstrap_intervals(columns, label, bounds=bounds))
        for name in measured:
            metric = METRICS[name]
            for row, of_images in zip(found, values[name], strict=True):
                counted = metric.counted
                low, high = exact_interval(int(of_images.sum()), len(of_images)) if counted else next(bootstrapped)
                row |= {name: metric.value(of_images), f"{name}_low": low, f"{name}_high": high}
        frames.append(pd.DataFrame(found).astype({"generation": "Int64"}))
    return pd.concat(frames)


UNCERTAINTY = Table(
    rows,
    needs=("train", "validation", "test", "splits"),
    keys=("family", "generation", "split"),
    values=tuple(NAMES),
    section="recursion",
    title=listed(ALWAYS_SHOWN),
    caption=f"""Accuracy, uncertainty and other metrics with manual labels, of every network on every part, with 95
% intervals over images. Uncertainty is {UNCERTAINTY_IN_WORDS}. Balanced accuracy is the mean over the classes of the
share of right answers; it differs from accuracy where the classes have different numbers of images.""",
)
