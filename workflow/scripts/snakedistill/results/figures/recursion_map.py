"""Whether the errors of a chain are passed on, and how its generations move."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.ticker import MaxNLocator

from snakedistill.results.figures import recursion
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

MOST_CLASSES = 5
FEW_CLASSES = 3  # are shown of more than the most
LONGEST_NAME = 24
MOST_COLUMNS = 10  # beside which the teacher's name stands upright
LOOKS = (  # colours of Tol, of no family
    *recursion.LOOKS,
    {"color": "#44AA99", "marker": "^", "linestyle": "-."},
    {"color": "#CC6677", "marker": "v", "linestyle": "--"},
    {"color": "#DDCC77", "marker": "D", "linestyle": "-"},
    {"color": "#AA4499", "marker": "P", "linestyle": "-."},
)
ALL_IMAGES = "all images"


def plot(run: Run, pictures: dict[str, list[str]], run_description: str) -> None:
    """Plot the errors of each chain image by image, and error rate, spread and drift by generation.

    Of several seeds the map shows the first, and the lines are means.

    Args:
        run: the run.
        pictures: paths to write by family.
        run_description: what the run is, in words.
    """
    set_style()
    table, errors = run.table("recursion"), run.table("first_errors")
    looks = looks_of(run.networks, pictures)
    for family, paths in pictures.items():
        chain = table[table["family"] == family]
        of_seed = chain[chain["seed"].astype(str) == str(run.seeds[0])]
        figure, axes = page(5, 3, 2, sharex="col", width_ratios=[1.25, 1])
        left = axes[0, 0].figure.add_subplot(axes[0, 0].get_gridspec()[:, 0])
        for axis in axes[:, 0]:
            axis.remove()
        of_family = errors[(errors["family"] == family) & (errors["seed"] == run.seeds[0])]
        plot_map(left, error_map(of_family, networks_of(of_seed)), looks[family]["color"])
        images = of_seed[of_seed["generation"] == 0]["images"].sum()
        left.set(xlabel="generation", ylabel=f"test images, of {images:,}, that a network gets wrong")
        plot_lines(axes[:, 1], over_seeds(chain), run.classes, looks[family])
        title = f"Errors and movement of {family} on the test part"
        if len(run.seeds) > 1:
            title += f"\nMap: seed {run.seeds[0]}. Lines: mean of {len(run.seeds)} seeds"
        title_and_legend(figure, title, np.array([left, *axes[:, 1]]))
        save(figure, run_description, paths)


def networks_of(chain: pd.DataFrame) -> list[str]:
    """The teacher of a chain, and its networks generation by generation.

    Args:
        chain: generation, network and source of one seed.
    """
    in_order = chain.drop_duplicates("generation").sort_values("generation")
    return [in_order["source"].iloc[0], *in_order["network"]]


def error_map(errors: pd.DataFrame, networks: list[str]) -> np.ndarray:
    """Where a network of a chain gets an image wrong: 1, or 2 where it is the first; else 0.

    Args:
        errors: image_id, network and first of one seed and chain.
        networks: of the chain.

    Returns:
        int64 [images, networks], the images that some network gets wrong, ordered by the first that does, then by
        the next networks that do.
    """
    rows, images = pd.factorize(errors["image_id"])
    found = np.zeros((len(images), len(networks)), dtype=np.int64)
    found[rows, pd.Index(networks).get_indexer(errors["network"])] = np.where(errors["first"] == "yes", 2, 1)
    return found[np.lexsort(-(found[:, ::-1] > 0).astype(int).T)]


def plot_map(axis: Axes, found: np.ndarray, color: str) -> None:
    """Plot an `error_map`; the teacher is its first column."""
    light = tuple(1 - 0.35 * (1 - part) for part in to_rgb(color))
    shown = ListedColormap([to_rgb("white"), light, to_rgb(color)])
    if len(found):
        edges = (-0.5, found.shape[1] - 0.5, len(found), 0)
        axis.imshow(found, cmap=shown, vmin=0, vmax=2, extent=edges, aspect="auto", interpolation="nearest")
        axis.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    else:
        axis.set(xlim=(-0.5, found.shape[1] - 0.5), yticks=[])
        axis.text(0.5, 0.5, "no error", transform=axis.transAxes, ha="center", va="center")
    axis.scatter([], [], marker="s", color=[color], label="wrong, as the first of the chain")
    axis.scatter([], [], marker="s", color=[light], label="wrong, after another")
    axis.set_xticks(range(found.shape[1]), ["teacher", *range(found.shape[1] - 1)])
    axis.get_xticklabels()[0].set(fontsize=7, rotation=90 if found.shape[1] > MOST_COLUMNS else 0)
    axis.grid(False)


def plot_lines(axes: np.ndarray, chain: pd.DataFrame, classes: list[str], look: dict) -> None:
    """Plot error rate, spread and drift by generation; spread and drift with their intervals.

    Args:
        axes: the three panels.
        chain: rows of the table `recursion` of a family, over all seeds.
        classes: names.
        look: of the family.
    """
    rates, drifts, lows, highs = (
        chain.pivot_table(index="generation", columns="class", values=value, dropna=False)
        for value in ("error_rate", *(f"drift_from_first{end}" for end in ("", "_low", "_high")))
    )
    with_rate = list(classes)
    if len(classes) > MOST_CLASSES:
        with_rate = largest(rates.max() - rates.min(), classes)
    with_drift = classes[1:] if len(classes) == 2 else largest(drifts.abs().max(), classes)
    shown = [name for name in classes if name in {*with_rate, *with_drift}]
    of_classes = dict(zip(shown, LOOKS, strict=False))
    of_rate, of_spread, of_drift = axes
    for axis, values, names in ((of_rate, rates, with_rate), (of_drift, drifts, with_drift)):
        for name in names:
            axis.plot(values.index, values[name], **of_classes[name], label=shortened(name, LONGEST_NAME))
    if len(classes) > len(with_rate):
        wrong = (chain["error_rate"] * chain["images"]).groupby(chain["generation"]).sum()
        of_all = wrong / chain.groupby("generation")["images"].sum()
        of_rate.plot(of_all.index, of_all, color="0.3", linewidth=2, label=ALL_IMAGES)
    spreads = chain.drop_duplicates("generation").set_index("generation").filter(regex="^spread_ratio_from_first")
    of_spread.plot(spreads.index, spreads["spread_ratio_from_first"], **look)
    ends = (spreads[f"spread_ratio_from_first_{end}"] for end in ("low", "high"))
    of_spread.fill_between(spreads.index, *ends, color=look["color"], alpha=0.2, linewidth=0)
    for name in with_drift:
        color = of_classes[name]["color"]
        of_drift.fill_between(drifts.index, lows[name], highs[name], color=color, alpha=0.2, linewidth=0)
    of_spread.axhline(1, color="0.4", linestyle=":", linewidth=1)
    of_drift.axhline(0, color="0.4", linestyle=":", linewidth=1)
    for axis, label in zip(axes, ("error rate", "spread ratio", "drift, logits"), strict=True):
        axis.set_ylabel(label)
    of_rate.margins(y=0.15)
    of_rate.set_ylim(0, None)
    of_drift.set_xlabel("generation")
    whole_numbers(of_drift, 0, int(chain["generation"].max()))


def largest(values: pd.Series, classes: list[str]) -> list[str]:
    """The few classes with the largest values, in the order of the classes."""
    chosen = values.reindex(classes).sort_values(ascending=False, kind="stable").index[:FEW_CLASSES]
    return [name for name in classes if name in chosen]
