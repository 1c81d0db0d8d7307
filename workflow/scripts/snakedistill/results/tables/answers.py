"""What the networks of a run answered, joined with the manual labels."""

import pandas as pd

from snakedistill.core.files import read_csv
from snakedistill.core.joins import join_one_to_one
from snakedistill.core.lineage import read_predictions
from snakedistill.results.run import Run


def answers(run: Run) -> dict[tuple[int, str], dict[str, pd.DataFrame]]:
    """Manual label and prediction of every image, in the order of the split, by (seed, part) and network id."""
    splits = run.files["splits"]
    manual = read_csv(splits)
    found: dict[tuple[int, str], dict[str, pd.DataFrame]] = {}
    for part, paths in run.predictions().items():
        of_part = manual[manual["split"] == part]
        for (seed, network), path in paths.items():
            given = read_predictions(path, network, seed, splits=splits)
            found.setdefault((seed, part), {})[network] = join_one_to_one(of_part, given, splits, path)
    return found
