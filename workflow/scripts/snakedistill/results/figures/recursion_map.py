"""Whether the errors of a chain are passed on, image by image and class by class."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.ticker import MaxNLocator

from snakedistill.measures.intervals import exact_interval
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
from snakedistill.results.tables.table import by_seed

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
OF_ALL_IMAGES = {"color": "0.3", "marker": "D", "linestyle": "-"}


def plot(run: Run, pictures: dict[str, list[str]], run_description: str) -> None:
    """Plot the errors of each chain image by image, and the error rate of each class by generation.

    Of several seeds the map shows the first; the points are means, with a bar from the least to the greatest.

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
        figure, axes = page(3.8, 1, 2, width_ratios=[1.25, 1])
        left, right = axes.flat
        of_family = errors[(errors["family"] == family) & (errors["seed"] == run.seeds[0])]
        plot_map(left, error_map(of_family, networks_of(of_seed)), looks[family]["color"])
        images = of_seed[of_seed["generation"] == 0]["images"].sum()
        left.set(xlabel="generation", ylabel=f"test images with an error, of {images:,}")
        plot_rates(right, rates_of(by_seed(chain), run.classes))
        title = f"Errors of {family} on the test part, passed on or mended"
        several = f"Map: seed {run.seeds[0]}. Points: mean of {len(run.seeds)} seeds; bars: their range"
        title += f"\n{several if len(run.seeds) > 1 else 'Bars: 95 % intervals over images'}"
        title_and_legend(figure, title, axes)
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


def rates_of(chain: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Error rates by class and generation: class, generation, value, low, high.

    Of one seed low and high are the exact 95 % interval over images, of several the least and the greatest. Of more
    than `MOST_CLASSES` those whose rate changes most are left, behind that of all images.

    Args:
        chain: rows of the table `recursion` of a family, of each seed.
        classes: names.
    """
    counts = chain.assign(wrong=(chain["error_rate"].fillna(0) * chain["images"]).round().astype(int))
    counts = counts[["seed", "generation", "class", "images", "wrong"]]
    if len(classes) > MOST_CLASSES:
        means = chain.pivot_table(index="generation", columns="class", values="error_rate")
        whole = counts.groupby(["seed", "generation"])[["images", "wrong"]].sum().reset_index()
        classes = largest(means.max() - means.min(), classes)
        counts = pd.concat([whole.assign(**{"class": ALL_IMAGES}), counts])
        classes = [ALL_IMAGES, *classes]
    counts = counts[counts["class"].isin(classes) & (counts["images"] > 0)]
    rate = counts["wrong"] / counts["images"]
    ends = {"low": rate, "high": rate}
    if counts["seed"].nunique() == 1:
        intervals = [exact_interval(*pair) for pair in counts[["wrong", "images"]].to_numpy().tolist()]
        ends = dict(zip(ends, np.transpose(intervals), strict=True))
    groups = counts.assign(value=rate, **ends).groupby(["class", "generation"])
    found = groups.agg({"value": "mean", "low": "min", "high": "max"}).reset_index()
    return found.sort_values("class", key=lambda names: names.map(classes.index), kind="stable")


def plot_rates(axis: Axes, rates: pd.DataFrame) -> None:
    """Plot the error rates of `rates_of` with their bars, classes side by side at each generation."""
    names = rates["class"].unique()
    step = min(0.12, 0.7 / len(names))
    for number, (name, look) in enumerate(zip(names, looks_of_classes(names), strict=True)):
        of_class = rates[rates["class"] == name]
        x = of_class["generation"] + step * (number - (len(names) - 1) / 2)
        axis.vlines(x, of_class["low"], of_class["high"], color=look["color"], linewidth=1, alpha=0.6)
        axis.plot(x, of_class["value"], **look, markersize=4.5, linewidth=1.2, label=shortened(name, LONGEST_NAME))
    axis.margins(y=0.15)
    axis.set_ylim(0, None)
    axis.set(xlabel="generation", ylabel="error rate of the class")
    whole_numbers(axis, 0, int(rates["generation"].max()))


def looks_of_classes(names: Iterable[str]) -> list[dict]:
    """A look for each name; black is that of all images."""
    looks = iter(LOOKS)
    return [OF_ALL_IMAGES if name == ALL_IMAGES else next(looks) for name in names]


def largest(values: pd.Series, classes: list[str]) -> list[str]:
    """The few classes with the largest values, in the order of the classes."""
    chosen = values.reindex(classes).sort_values(ascending=False, kind="stable").index[:FEW_CLASSES]
    return [name for name in classes if name in chosen]
