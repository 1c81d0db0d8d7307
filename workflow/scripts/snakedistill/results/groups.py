"""The tables of an audit by group of images, and where a network is more or less accurate than elsewhere."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from snakedistill.core.files import write_csv
from snakedistill.core.parts import TEST
from snakedistill.measures.comparison import SIGNIFICANCE, holm
from snakedistill.measures.groups import permutation_p
from snakedistill.results.run import Run
from snakedistill.results.tables import AUDITED_TABLES, TABLES
from snakedistill.results.tables.comparisons import HIGHER, LOWER, OPEN

ACCURACY = "accuracy"
"""Name of the table of `accuracies`."""


def write_groups(run: Run, groups: Mapping[str, Run], folder: Path) -> dict[str, pd.DataFrame]:
    """Write the tables of an audit with the test images of one group after the other; none where there is no group.

    Args:
        run: the run.
        groups: the same with the test images of a group alone, by the name of the group.
        folder: folder to write: a CSV of each of `AUDITED_TABLES`, with the column group first, and `ACCURACY`.

    Returns:
        The tables by name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not groups:
        return {}
    found = {name: _by_group(name, groups) for name in AUDITED_TABLES} | {ACCURACY: accuracies(run, groups)}
    for name, frame in found.items():
        write_csv(frame, folder / f"{name}.csv")
    return found


def _by_group(name: str, groups: Mapping[str, Run]) -> pd.DataFrame:
    frames = []
    for group, of_group in groups.items():
        frame = TABLES[name].rows(of_group)
        frame = frame[frame["split"] == TEST].copy() if "split" in frame else frame.copy()
        frame.insert(0, "group", group)
        frames.append(frame)
    return pd.concat(frames)


def accuracies(run: Run, groups: Mapping[str, Run]) -> pd.DataFrame:
    """The accuracy of every network on the test images of each group and on the others, all seeds together.

    Returns:
        network, group, images, accuracy, accuracy_elsewhere (of all other images), difference, p (see `permutation_p`),
        p_holm (with Holm's correction over all networks and groups) and these_networks (higher, lower or cannot be
        told).
    """
    image_id = next(iter(run.answers((TEST,)))).image_id
    members = {
        group: image_id.isin(next(iter(of.answers((TEST,)))).image_id).to_numpy() for group, of in groups.items()
    }
    found = []
    for network, right in _shares_right(run).items():
        for group, member in members.items():
            row = {"network": network, "group": group, "images": int(member.sum()), "accuracy": right[member].mean()}
            elsewhere = right[~member].mean() if not member.all() else np.nan
            row |= {"accuracy_elsewhere": elsewhere, "difference": row["accuracy"] - elsewhere}
            found.append(row | {"p": permutation_p(right, member)})
    frame = pd.DataFrame(found)
    frame["p_holm"] = holm(list(frame["p"]))
    words = np.where(frame["difference"] > 0, HIGHER, LOWER)
    frame["these_networks"] = np.where(frame["p_holm"] < SIGNIFICANCE, words, OPEN)
    return frame


def _shares_right(run: Run) -> dict[str, np.ndarray]:
    """The share of the seeds in which each network is right, of every test image, float64 [n]."""
    found: dict[str, np.ndarray] = {}
    for given in run.answers((TEST,)):
        found[given.network] = found.get(given.network, 0.0) + (given.answer == given.label) / len(run.seeds)
    return {network: np.round(right, 9) for network, right in found.items()}
