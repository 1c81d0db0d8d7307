"""What recursion does to every family: its accuracy, and how its predictions move."""

import pandas as pd

from snakedistill.core.parts import TEST
from snakedistill.results.figures.style import (
    looks_of,
    page,
    save,
    set_style,
    shortened,
    title_and_legend,
    whole_numbers,
)
from snakedistill.results.run import Run
from snakedistill.results.tables.table import over_seeds

LONGEST_NAME = 12


def plot(run: Run, pictures: dict[str, list[str]], run_description: str) -> None:
    """Plot test accuracy, spread and drift by generation of every family, one beside the other.

    Accuracies of several seeds are means, with a bar from the least to the greatest; spread and drift have intervals.

    Args:
        run: the run.
        pictures: paths to write of the one picture.
        run_description: what the run is, in words.
    """
    set_style()
    several = len(run.seeds) > 1
    panels = panels_of(run.table("uncertainty"), run.table("recursion"), several)
    families = sorted({family for panel in panels.values() for family in panel["family"]})
    looks = looks_of(run.networks, families)
    step = min(0.12, 0.7 / len(families))
    figure, axes = page(3.4, 1, len(panels))
    for axis, (label, panel) in zip(axes.flat, panels.items(), strict=True):
        for number, family in enumerate(families):
            of_family = panel[panel["family"] == family].sort_values("generation")
            if of_family.empty:
                continue
            x = of_family["generation"] + step * (number - (len(families) - 1) / 2)
            axis.vlines(x, of_family["low"], of_family["high"], color=looks[family]["color"], linewidth=1, alpha=0.6)
            axis.plot(x, of_family["value"], **looks[family], markersize=4.5, linewidth=1.2, label=family)
        axis.set(xlabel="generation", ylabel=label)
        whole_numbers(axis, 0, int(panel["generation"].max()))
    for axis, still in zip(axes.flat[1:], (1, 0), strict=True):
        axis.axhline(still, color="0.4", linestyle=":", linewidth=1)
    bars = f"range of {len(run.seeds)} seeds; of spread and drift 95 % intervals" if several else "95 % intervals"
    title_and_legend(figure, f"Accuracy and movement by generation on the test part\nBars: {bars}", axes)
    (paths,) = pictures.values()
    save(figure, run_description, paths)


def panels_of(uncertainty: pd.DataFrame, recursion: pd.DataFrame, several: bool) -> dict[str, pd.DataFrame]:
    """What each panel shows, by the label of its axis: family, generation, value, low, high.

    The drift is that of class 1 of two classes; of more, that of the class that drifts most in this generation.

    Args:
        uncertainty: the table; families with later generations have an accuracy here.
        recursion: the table; chains of students have a spread and a drift.
        several: whether there are several seeds, whose range of accuracies the bars show; else 95 % intervals.
    """
    test = uncertainty[(uncertainty["split"] == TEST) & uncertainty["generation"].notna()]
    test = test[test.groupby("family")["generation"].transform("max") > 0]
    classes = recursion["class"].drop_duplicates().tolist()
    moved = over_seeds(recursion)
    moved = moved[moved["spread_ratio_from_first"].notna()]
    if len(classes) == 2:
        drifts = moved[moved["class"] == classes[1]]
    else:
        drifts = moved.loc[moved["drift_from_first"].abs().groupby(moved["network"]).idxmax()]
    drift = f"drift towards {shortened(classes[1], LONGEST_NAME)}" if len(classes) == 2 else "largest drift"
    return {
        "accuracy": _summed_up(test, "accuracy", several),
        "spread of logits, ratio": _summed_up(moved[moved["class"] == classes[0]], "spread_ratio_from_first"),
        f"{drift}, logits": _summed_up(drifts, "drift_from_first"),
    }


def _summed_up(table: pd.DataFrame, column: str, several: bool = False) -> pd.DataFrame:
    groups = table.groupby(["family", "generation"])
    low, high = (column, column) if several else (f"{column}_low", f"{column}_high")
    found = {"value": groups[column].mean(), "low": groups[low].min(), "high": groups[high].max()}
    return pd.DataFrame(found).reset_index()
