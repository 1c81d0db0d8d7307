"""What networks answer to the images of each class."""

import numpy as np
import pandas as pd
from matplotlib.colors import PowerNorm

from snakedistill.core.errors import listed
from snakedistill.core.parts import TEST
from snakedistill.results.figures.style import page, save, set_style, shortened
from snakedistill.results.run import Run

MOST_CLASSES = 20
MOST_CLASSES_WITH_NUMBERS = 12
LONGEST_NAME = 14
OTHERS = "others"


def plot(run: Run, pictures: dict[str, list[str]], run_description: str, shown: list[str]) -> None:
    """Plot the shares of answers to the test images of each class; the images of all seeds count together.

    Args:
        run: the run.
        pictures: paths to write of the one picture.
        run_description: what the run is, in words.
        shown: ids of the networks.
    """
    set_style()
    table = run.table("confusion")
    table = table[(table["split"] == TEST) & table["network"].isin(shown)]
    classes = classes_to_show(table, run.classes)
    columns = classes if len(classes) == len(run.classes) else [*classes, OTHERS]
    names = [shortened(name, LONGEST_NAME) for name in columns]
    side = max(2.6, 0.17 * len(columns) + 0.9)
    figure, axes = page(side + 1, 1, len(shown), sharey=True)
    for axis, network in zip(axes.flat, shown, strict=True):
        images = counts(table[table["network"] == network], classes, run.classes)
        shares = images / images.sum(axis=1, keepdims=True)
        # A square root keeps rare answers visible.
        cells = axis.imshow(shares, cmap="Greys", norm=PowerNorm(0.5, 0, 1), aspect="auto", interpolation="nearest")
        if len(columns) <= MOST_CLASSES_WITH_NUMBERS:
            for (row, column), number in np.ndenumerate(images):
                if number:
                    ink = "white" if shares[row, column] > 0.25 else "black"
                    axis.text(column, row, f"{number:,}", ha="center", va="center", fontsize=5.5, color=ink)
        axis.set_title(network, fontsize=9)
        axis.set(xlabel="answer", xticks=range(len(columns)), yticks=range(len(classes)))
        axis.set_xticklabels(names, rotation=0 if max(map(len, names)) <= 2 else 90, fontsize=6)
        axis.set_yticklabels(names[: len(classes)], fontsize=6)
        axis.grid(False)
    axes[0, 0].set_ylabel("class")
    axes[0, 0].figure.colorbar(cells, ax=axes[0], label="share of the class's images")
    what = f"the {len(classes)} of {len(run.classes)} classes with most errors" if OTHERS in columns else "each class"
    seeds = table["seed"].nunique()
    title = f"Answers of {listed(shown)} to the test images of {what}"
    figure.suptitle(f"{title}, {seeds} seeds together" if seeds > 1 else title, fontsize=10)
    (paths,) = pictures.values()
    save(figure, run_description, paths)


def classes_to_show(table: pd.DataFrame, classes: list[str]) -> list[str]:
    """All classes, or of many those with most errors, in the order of the classes.

    Args:
        table: class, answer, images.
        classes: names.
    """
    if len(classes) <= MOST_CLASSES:
        return list(classes)
    wrong = table[table["class"] != table["answer"]].groupby("class")["images"].sum()
    chosen = set(wrong.reindex(classes, fill_value=0).sort_values(ascending=False, kind="stable").index[:MOST_CLASSES])
    return [name for name in classes if name in chosen]


def counts(table: pd.DataFrame, shown: list[str], classes: list[str]) -> np.ndarray:
    """Images by class and answer, int64 [shown, shown], with one more column for all other answers if there are some.

    Args:
        table: class, answer, images.
        shown: classes with a row and a column.
        classes: all classes.
    """
    place = {name: number for number, name in enumerate(shown)}
    of_shown = table[table["class"].isin(shown)]
    rows, columns = of_shown["class"].map(place), of_shown["answer"].map(place).fillna(len(shown)).astype(int)
    found = np.zeros((len(shown), len(shown) + (len(shown) < len(classes))), dtype=np.int64)
    np.add.at(found, (rows.to_numpy(), columns.to_numpy()), of_shown["images"].to_numpy())
    return found
