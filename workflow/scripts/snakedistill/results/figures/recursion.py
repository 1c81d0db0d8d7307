"""The predictions of a family, generation by generation."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap, LogNorm

from snakedistill.core.network_ids import parsed
from snakedistill.core.parts import TEST
from snakedistill.results.figures.style import (
    page,
    plain,
    save,
    seeds_in_words,
    set_style,
    title_and_legend,
    whole_numbers,
)
from snakedistill.results.run import Run
from snakedistill.results.shown_prediction import shown_prediction

LOOKS = (  # colours of Tol, of no family
    {"color": "#999933", "marker": "s", "linestyle": "--"},
    {"color": "#882255", "marker": "o", "linestyle": "-"},
)


def plot(run: Run, pictures: dict[str, list[str]], run_description: str) -> None:
    """Plot how the predictions on the test part move along the recursion of a family, and its label fit.

    Seeds are averaged.

    Args:
        run: the run.
        pictures: paths to write by family.
        run_description: what the run is, in words.
    """
    set_style()
    shown = shown_prediction(len(run.classes))
    table = run.table("histograms")
    table = table[table["split"] == TEST]
    lowest = table["relative_frequency"][table["relative_frequency"] > 0].min()
    greys = ListedColormap(plt.colormaps["Greys"](np.linspace(0.15, 1, 256)))  # white is left for empty bins
    table = table.assign(
        family=[parsed(network).family for network in table["network"]],
        generation=[parsed(network).generation for network in table["network"]],
    )
    fits = run.table("evaluation")
    fits = fits[fits["label_fit"].notna()]
    fits = fits.assign(
        family=[parsed(network).family for network in fits["network"]],
        generation=[parsed(network).generation for network in fits["network"]],
    )
    for family, paths in pictures.items():
        chain = table[table["family"] == family].astype({"generation": int})
        shares = chain.pivot_table(index="generation", columns="bin_low", values="relative_frequency")
        lows = shares.columns.to_numpy()
        highs = np.append(lows[1:], 1)
        figure, axes = page(3.3, 1, 3, width_ratios=[1.7, 1, 0.8])
        left, middle, right = axes.flat
        cells = left.pcolormesh(
            np.append(lows, 1), np.append(shares.index - 0.5, shares.index[-1] + 0.5), shares.where(shares > 0),
            norm=LogNorm(min(lowest, 0.1), 1), cmap=greys, edgecolor="white", linewidth=0.4,
        )  # fmt: skip
        left.figure.colorbar(cells, ax=left, label="share of images", format=plain)
        left.grid(False)
        left.set(xlabel=f"prediction: {shown.in_words(run.classes)}", ylabel="generation")
        left.set_yticks(shares.index)
        left.invert_yaxis()
        of_lines = shown.inner(run.classes, (lows, highs))
        for (label, bins), look in zip(of_lines.items(), LOOKS, strict=False):
            middle.plot(shares.index, shares.loc[:, bins].sum(axis=1), label=label, **look)
        middle.set(xlabel="generation", ylabel=shown.inner_in_words, ylim=(0, None))
        fit = fits[fits["family"] == family].groupby("generation")["label_fit"].mean()
        right.plot(fit.index, fit, color="0.2", marker="o")
        right.set(xlabel="generation", ylabel="label fit, share of train")
        for axis in (middle, right):
            whole_numbers(axis, 0, shares.index[-1])
        title = f"Predictions of {family} on the test part, generation by generation{seeds_in_words(table)}"
        title_and_legend(figure, title, axes)
        save(figure, run_description, paths)
