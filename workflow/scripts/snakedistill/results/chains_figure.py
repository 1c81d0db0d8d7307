"""What chains of heads lose, against how well the first of them fits its labels."""

import pandas as pd

from snakedistill.core.files import read_csv
from snakedistill.results.figures.style import COLOURS, page, save, set_style, title_and_legend

LOOKS = {
    "soft": {"color": COLOURS[0], "marker": "o"},
    "hard": {"color": COLOURS[1], "marker": "^"},
}
PICTURED = (10, 100)
"""Generations, or the last one where a chain has fewer."""
DEEPEST = -0.08
"""Losses beyond it stand on the lower edge."""


def plot_chains(chains: str, paths: list[str], run_description: str) -> None:
    """Plot the change of accuracy after some generations against the label fit of generation 0, a point a dose.

    Filled: plain doses. Open: with noisy labels. Pale: with manual labels or with those of all generations before.

    Args:
        chains: CSV of `training.study_of_chains.chains_rows`.
        paths: SVG and PNG to write.
        run_description: what the run is, in words.
    """
    set_style()
    table = read_csv(chains)
    figure, axes = page(3.6, 1, len(PICTURED), sharey=True)
    for axis, generation in zip(axes.flat, PICTURED, strict=True):
        _plot_generation(axis, table, min(generation, table["generation"].max()))
    axes.flat[0].set_ylabel("change of accuracy since generation 0")
    title = "What a chain of heads loses, by how well its first head fits its labels\n"
    title += f"Mean of {table['seeds'].max()} seeds; bars: 95 % intervals over seeds; on the lower edge: more is lost"
    title_and_legend(figure, title, axes)
    save(figure, run_description, paths)


def _plot_generation(axis, table: pd.DataFrame, generation: int) -> None:
    fit = table[table["generation"] == 0].set_index("dose")["label_fit"]
    axis.axhline(0, color="0.4", linewidth=0.8)
    for row in table[table["generation"] == generation].itertuples():
        look = LOOKS[row.labels]
        helped = row.manual_share > 0 or row.accumulate
        name = f"{row.labels} labels" + (", noisy" if row.label_noise else "") + (", anchored" if helped else "")
        on_the_edge = row.change < DEEPEST
        axis.errorbar(
            fit[row.dose],
            max(row.change, DEEPEST),
            0 if on_the_edge else [[row.change - row.change_low], [row.change_high - row.change]],
            **look,
            linestyle="none",
            markersize=5,
            alpha=0.45 if helped else 1,
            markerfacecolor="white" if row.label_noise else look["color"],
            label=name,
        )
    axis.set(xlabel="label fit of generation 0, on train", title=f"after {generation} generations")
    axis.set_ylim(bottom=DEEPEST * 1.05)
