"""What each student shares with its teacher, beside what an independent student shares with it."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from snakedistill.core.errors import listed
from snakedistill.core.network_ids import parsed
from snakedistill.results.figures.style import looks_of, page, save, set_style, title_and_legend
from snakedistill.results.run import Run
from snakedistill.results.tables.table import over_seeds

HOLLOW: dict[str, Any] = {"color": "0.55", "markerfacecolor": "white"}  # of the independent student
INHERITED = {"errors_inherited": "inherited errors", "right_inherited": "inherited right answers"}
"""Columns of the table by the titles of their panels."""


def plot(run: Run, pictures: dict[str, list[str]], run_description: str) -> None:
    """Plot agreement with the teacher, and inherited errors and right answers, one row for each network.

    Points and 95 % intervals are those over all seeds.

    Args:
        run: the run.
        pictures: paths to write of the one picture.
        run_description: what the run is, in words.
    """
    set_style()
    table = rows_to_show(run.table("inheritance"), run)
    networks = by_family(table["network"])
    looks = looks_of(run.networks)
    of_network = table.set_index("network").loc[networks]
    panels = INHERITED if table["agreement_of_independent"].notna().any() else {}
    height = max(2.3, 1.5 + 0.2 * len(networks))
    figure, axes = page(height, 1, 1 + len(panels), sharey=True, width_ratios=[1.3, *(1 for _ in panels)])
    agreement, *others = axes.flat
    plot_agreement(agreement, of_network, looks)
    for axis, (column, title) in zip(others, panels.items(), strict=True):
        values = {"value": column, "low": f"{column}_low", "high": f"{column}_high"}
        shown = pd.DataFrame({end: of_network[name] for end, name in values.items()})
        plot_inherited(axis, shown, looks)
        axis.set_title(title, fontsize=9)
        axis.sharex(others[0])
    if others:
        others[0].autoscale_view()
    agreement.set_yticks(range(len(networks)), networks)
    agreement.set_ylim(len(networks) - 0.5, -0.5)
    seeds = f", {len(run.seeds)} seeds" if len(run.seeds) > 1 else ""
    what = f" (lines: 95 % intervals{seeds})" if others else "; the run has no independent student"
    title_and_legend(figure, f"Inheritance from {listed(table['taught_by'].unique())} on the test part{what}", axes)
    (paths,) = pictures.values()
    save(figure, run_description, paths)


def rows_to_show(table: pd.DataFrame, run: Run) -> pd.DataFrame:
    """The rows of all classes and seeds that compare with the teacher at the head of the chain.

    Of several independent students the first is left.
    """
    shown = over_seeds(table[(table["class"] == "") & table["taught_by"].isin(run.teachers)])
    return shown.drop_duplicates("network")


def by_family(networks: pd.Series) -> list[str]:
    """The networks, each once, family by family."""
    order = list(dict.fromkeys(networks))
    families = [parsed(network).family for network in order]
    return sorted(order, key=lambda network: families.index(parsed(network).family))


def plot_agreement(axis: Axes, means: pd.DataFrame, looks: dict[str, dict]) -> None:
    """Plot the agreement of each student, of the independent student, and by chance.

    Args:
        axis: its panel.
        means: agreement, agreement_of_independent, agreement_by_chance, and agreement_inherited with its interval, by
            network, in the order of the rows.
        looks: of the families.
    """
    places = np.arange(len(means))
    of_independent = means["agreement_of_independent"]
    axis.hlines(places, of_independent, means["agreement"], color="0.75", linewidth=1, zorder=1)
    colors = [looks[parsed(network).family]["color"] for network in means.index]
    ends = (of_independent + means[f"agreement_inherited_{end}"] for end in ("low", "high"))
    axis.hlines(places, *ends, color=colors, linewidth=1.2, alpha=0.6)
    chance: dict[str, Any] = {"linestyle": "none", "marker": "|", "color": "0.3", "markersize": 7}
    plot_rows(axis, means["agreement"], looks)
    if of_independent.notna().any():
        axis.plot(
            of_independent, places, **HOLLOW, linestyle="none", marker="o", markersize=5, label="independent student"
        )
    axis.plot(means["agreement_by_chance"], places, **chance, label="by chance")
    axis.set_xlabel("share of test images")
    axis.set_title("agreement with the teacher", fontsize=9)


def plot_inherited(axis: Axes, values: pd.DataFrame, looks: dict[str, dict]) -> None:
    """Plot what each student has beyond the independent student, and a line at zero.

    Args:
        axis: its panel.
        values: value, low and high by network, in the order of the rows; NaN where there is no value.
        looks: of the families.
    """
    axis.axvline(0, color="black", linestyle=":", linewidth=1)
    colors = [looks[parsed(network).family]["color"] for network in values.index]
    axis.hlines(np.arange(len(values)), values["low"], values["high"], color=colors, linewidth=1.2, alpha=0.6)
    plot_rows(axis, values["value"], looks)
    axis.set_xlabel("difference of shares")


def plot_rows(axis: Axes, values: pd.Series, looks: dict[str, dict]) -> None:
    """Plot a point for each network, in its own row, in the look of its family."""
    families = np.array([parsed(network).family for network in values.index])
    for family in dict.fromkeys(families):
        places = np.flatnonzero(families == family)
        axis.plot(values.iloc[places], places, **looks[family] | {"linestyle": "none"}, markersize=5, label=family)
