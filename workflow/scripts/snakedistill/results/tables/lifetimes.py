"""How far each chain of students falls, as its first step predicts it, and as it was measured."""

import numpy as np
import pandas as pd

from snakedistill.measures.estimates import estimated_mean
from snakedistill.measures.lifetime import lifetime, predicted_change
from snakedistill.results.lines import chains
from snakedistill.results.run import Run
from snakedistill.results.tables.comparisons import right_of_networks
from snakedistill.results.tables.table import Table

LOSS = 0.01
"""The loss of accuracy at which a chain's lifetime ends."""

_COLUMNS = ["family", "generation", "seeds", "first_step", "predicted", "predicted_low", "predicted_high"]
_COLUMNS += ["measured", "measured_low", "measured_high", "predicted_well", "lifetime"]


def rows(run: Run) -> pd.DataFrame:
    """Changes of accuracy on the test part from generation 0 of a chain to each generation from the second on.

    Returns:
        family, generation, seeds, first_step (change from generation 0 to 1), predicted with the ends of its interval,
        see `lifetime.predicted_change`, measured with its 95 % interval, predicted_well (whether the predicted interval
        holds what was measured: yes or no), and lifetime (the generation at which one point is lost, predicted).
    """
    found = []
    of_seeds, images = right_of_networks(run)
    right = images.laid_out(of_seeds).transpose(0, 2, 1)
    for family, chain in chains(run.sources).items():
        places = [run.networks.index(network) for network in chain]

        def change(generation: int, places: list[int] = places) -> np.ndarray:
            return (right[:, places[generation]] - right[:, places[0]]).astype(np.float64)

        step = estimated_mean(change(1), images.label, images.present)
        for generation in range(2, len(chain)):
            row = {"family": family, "generation": generation, "seeds": len(run.seeds), "first_step": step.value}
            predicted = predicted_change(step, generation)
            measured = estimated_mean(change(generation), images.label, images.present)
            for name, one in (("predicted", predicted), ("measured", measured)):
                row |= {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
            row["predicted_well"] = "yes" if predicted.low <= measured.value <= predicted.high else "no"
            found.append(row | {"lifetime": lifetime(step.value, LOSS)})
    return pd.DataFrame(found, columns=_COLUMNS)


LIFETIMES = Table(
    rows,
    needs=("test", "splits"),
    keys=("family", "generation"),
    values=("predicted", "measured"),
    section="recursion",
    title="lifetimes of chains",
    caption="""The change of accuracy on the test part from the first generation of a chain to a later one: as its first
step predicts it, and as it was measured, with intervals.""",
)
