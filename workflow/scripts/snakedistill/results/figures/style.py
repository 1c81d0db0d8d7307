"""The look of all figures, and what they share."""

import itertools
import textwrap
from collections.abc import Iterable
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from snakedistill.core.files import written_whole
from snakedistill.core.network_ids import parsed

WIDTH = 7.2  # inches, a page's
_LOOKS: dict[str, dict] = {  # colours of Okabe and Ito
    "teacher": {"color": "#000000", "marker": "D", "linestyle": "-"},
    "classic": {"color": "#0072B2", "marker": "s", "linestyle": "-"},
    "hard": {"color": "#D55E00", "marker": "^", "linestyle": (0, (4, 2))},
    "soft": {"color": "#009E73", "marker": "o", "linestyle": "-"},
}
_OTHER_COLOURS = ("#CC79A7", "#56B4E9", "#E69F00", "#332288", "#661100")
COLOURS = ("#009E73", "#D55E00", "#0072B2", *_OTHER_COLOURS)
"""Colours of what has no family of its own in a figure."""
_OTHER_MARKERS = "vPX<>p*dh"  # 9 beside 5 colours: 45 pairs


def set_style() -> None:
    """The look of every figure; plotted without a display, and the same bytes for the same numbers."""
    matplotlib.use("agg")
    look = {"axes.grid": True, "grid.color": "0.92", "figure.constrained_layout.w_pad": 0.08, "svg.hashsalt": "0"}
    look["text.parse_math"] = False  # a class may be named $
    sns.set_theme(context="paper", style="ticks", rc=look)


def describe(figure: Figure, run_description: str) -> None:
    """Write the run description below a figure, at its right edge."""
    lines = textwrap.wrap(run_description, int(figure.get_size_inches()[0] * 18))
    figure.supxlabel("\n".join(lines), fontsize=6.5, color="0.45", x=0.99, ha="right")


def save(figure: Figure, run_description: str, paths: list[str]) -> None:
    """Write a figure in the format of each path's suffix, with the run description below it, and close it."""
    describe(figure, run_description)
    for path in paths:
        with written_whole(path) as temporary:
            metadata = {"Date": None} if temporary.suffix == ".svg" else None
            figure.savefig(temporary, dpi=160, metadata=metadata)
    plt.close(figure)


def shortened(name: str, longest: int) -> str:
    """The name, or the end of one that is longer than `longest` characters."""
    return name if len(name) <= longest else f"…{name[1 - longest :]}"


def page(height: float, rows: int, columns: int, **grid: Any) -> tuple[Figure, np.ndarray]:
    """A figure as wide as a page, and its axes, which share it with a legend above them; `height` in inches."""
    figure = plt.figure(figsize=(WIDTH, height), layout="constrained")
    panels = figure.subfigures()
    assert isinstance(panels, SubFigure)
    return figure, panels.subplots(rows, columns, squeeze=False, **grid)


def title_and_legend(figure: Figure, title: str, axes: np.ndarray) -> None:
    """A title, and below it one legend for all axes of `page`, each label once."""
    figure.suptitle("\n".join(textwrap.fill(line, 88) for line in title.splitlines()))
    shown: dict[str, Any] = {}
    for axis in axes.flat:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            shown.setdefault(label, handle)
    columns = next(
        columns for columns in range(len(shown), 0, -1) if columns == 1 or _width(list(shown), columns) <= 130
    )
    panels = axes.flat[0].figure
    panels.legend(shown.values(), shown.keys(), loc="outside upper center", ncols=columns, fontsize=7)


def _width(labels: list[str], columns: int) -> int:
    """Characters that a legend is wide: the longest label of each column, and its sign."""
    return sum(10 + max(map(len, group)) for group in np.array_split(labels, columns))


def whole_numbers(axis: Axes, first: int, last: int) -> None:
    """Ticks at whole numbers alone on an x axis from `first` to `last`, even where these are one."""
    axis.set_xlim(first - 0.5, last + 0.5)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))


def plain(value: float, _: int) -> str:
    """The label of a tick on a logarithmic axis: Matplotlib's own would be TeX, which is off."""
    return f"{value:g}"


def seeds_in_words(table: pd.DataFrame) -> str:
    """An addition to a title where several seeds are averaged, else an empty text."""
    seeds = table["seed"].nunique()
    return f", mean of {seeds} seeds" if seeds > 1 else ""


def looks_of(networks: Iterable[str], families: Iterable[str] = ()) -> dict[str, dict]:
    """Colour, marker and line style by family.

    Args:
        networks: ids, of the whole run.
        families: names of families that the ids need not tell: that of an audited network can be its own id.
    """
    own = sorted({parsed(network).family for network in networks} - set(_LOOKS))
    own += sorted(set(families) - {*own, *_LOOKS})
    pairs = zip(own, itertools.cycle(_OTHER_COLOURS), itertools.cycle(_OTHER_MARKERS), strict=False)
    others = {family: {"color": colour, "marker": marker, "linestyle": "-."} for family, colour, marker in pairs}
    return others | _LOOKS
