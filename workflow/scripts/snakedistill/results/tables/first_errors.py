"""Which networks of a chain get each test image wrong, and which is the first."""

import itertools

import numpy as np
import pandas as pd

from snakedistill.core.parts import TEST
from snakedistill.measures.recursion import first_errors
from snakedistill.results.lines import ancestors, chains
from snakedistill.results.run import Run
from snakedistill.results.tables.table import Table

_COLUMNS = ["seed", "family", "image_id", "class", "network", "first"]


def rows(run: Run) -> pd.DataFrame:
    """The errors of each chain of students and of its teacher on the test part.

    Returns:
        seed, family, image_id, class, network (one that gets the image wrong), first (yes of the first in the chain
        that does), ordered by the first network, and then by image and in the order of the chain.
    """
    frames = []
    names = np.array(run.classes, dtype=object)
    lines = {family: [*ancestors(chain[0], run.sources), *chain] for family, chain in chains(run.sources).items()}
    for seed, of_seed in itertools.groupby(run.answers((TEST,)), lambda given: given.seed):
        wrong = {}
        for given in of_seed:
            wrong[given.network] = given.answer != given.label
        for family, line in lines.items():
            matrix = np.stack([wrong[network] for network in line], axis=1)
            first = first_errors(matrix)
            order = np.argsort(first, kind="stable")
            row, column = np.nonzero(matrix[order])
            image = order[row]
            about = {"seed": seed, "family": family, "image_id": given.image_id.to_numpy()[image]}
            about |= {"class": names[given.label[image]], "network": np.array(line, dtype=object)[column]}
            frames.append(pd.DataFrame(about | {"first": np.where(column == first[image], "yes", "no")}))
    return pd.concat(frames)[_COLUMNS] if frames else pd.DataFrame(columns=_COLUMNS)


FIRST_ERRORS = Table(
    rows,
    needs=("test", "splits"),
    keys=("family", "image_id", "network"),
    values=(),
    section="recursion",
    title="first errors",
    caption="""The test images that the teacher or a generation of a chain gets wrong, one row for each network that
does. *First* marks the first network of the chain to get the image wrong.""",
)
