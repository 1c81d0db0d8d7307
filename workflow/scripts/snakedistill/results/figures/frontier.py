"""Accuracy of every candidate against its time, or its size where nothing was timed."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator

from snakedistill.measures.choice import YES
from snakedistill.results.figures.style import COLOURS, describe, page, plain, save, set_style, title_and_legend
from snakedistill.results.findings.finding import margin_in_words
from snakedistill.results.run import Run
from snakedistill.results.tables.frontier import CANDIDATE, TEACHER
from snakedistill.results.verdict import name_of

FORMS = "osP^Xv"
"""Markers of the forms, in the order of the table; the last ones of forms that others add."""
LARGEST, SMALLEST = 260, 14  # square points: areas of the largest file, and of what would be too small to see
CHOSEN = "#B00020"
LOWEST = 0.2
"""Candidates that are further below the most accurate one stand on the lower edge."""
FEW = 6
"""So many candidates are all named beside their points."""
LINES = 9
"""So many lines above the lower edge may have accuracies of points that stand on it."""
_PLACES = [(-1, 1), (1, -1), (0, 1), (0, -1), (1, 1), (-1, -1), (1, 0), (-1, 0)]
"""Where a name stands beside its point; the frontier leaves room at its upper left and its lower right."""


def plot(run: Run, pictures: dict[str, list[str]], run_description: str, choice: dict) -> None:
    """Plot accuracy on the test part against milliseconds of an image, or megabytes where no candidate was timed.

    Args:
        run: the run.
        pictures: paths to write of the one picture.
        run_description: what the run is, in words.
        choice: margin, ms and mb, see `measures.choice`.
    """
    set_style()
    table, margin = run.table("frontier"), choice["margin"]
    cost = "milliseconds" if table["milliseconds"][table["role"] == CANDIDATE].notna().any() else "megabytes"
    figure, axes = page(5.0, 1, 1)
    axis = axes[0, 0]
    what = "time of an image" if cost == "milliseconds" else "size of the file"
    title = f"Accuracy on {table['images'].iloc[0]:,.0f} test images and {what}, with 95 % intervals"
    candidates = table[(table["role"] == CANDIDATE) & table[cost].notna()]
    if candidates.empty:
        axis.text(0.5, 0.5, "No student was exported.", ha="center", transform=axis.transAxes)
        axis.set_axis_off()
        figure.suptitle(title)
    else:
        area = LARGEST / table["megabytes"].max()
        looks = looks_of_rows(candidates)
        _limits(axis, table, cost, margin)
        _teacher(axis, table[table["role"] == TEACHER], cost, area, margin, looks)
        _candidates(axis, candidates, cost, area, looks)
        _legend(axis, candidates, area, looks)
        title_and_legend(figure, title, axes)
        describe(figure, run_description)  # the axes have their place, and names theirs
        _names(figure, axis, table, cost, area)
    (paths,) = pictures.values()
    save(figure, run_description, paths)


def looks_of_rows(candidates: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Colours by network and markers by form."""
    networks, forms = candidates["network"].unique(), candidates["form"].unique()
    return {
        "network": dict(zip(networks, itertools.cycle(COLOURS), strict=False)),
        "form": dict(zip(forms, itertools.cycle(FORMS), strict=False)),
    }


def _limits(axis: Axes, table: pd.DataFrame, cost: str, margin: float) -> None:
    """The range of both axes, which intervals may leave below."""
    best = table["accuracy"].max()
    shown = table[table["accuracy"] >= best - LOWEST]
    teacher = table["accuracy"][table["role"] == TEACHER].min()
    low = shown["accuracy_low"].min() if np.isnan(teacher) else min(shown["accuracy_low"].min(), teacher - margin)
    high = shown["accuracy_high"].max()
    space = 0.05 * (high - low)
    axis.set_ylim(100 * (low - space), 100 * (high + space))
    values = pd.concat([table[name] for name in (cost, f"{cost}_low", f"{cost}_high") if name in table]).dropna()
    decades = max(0.3, np.log10(values.max() / values.min()))
    axis.set(xscale="log", xlim=(values.min() / 10 ** (0.1 * decades), values.max() * 10 ** (0.1 * decades)))
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2 else (1,), numticks=20))
    axis.xaxis.set_major_formatter(FuncFormatter(plain))
    axis.xaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))
    heads = {"milliseconds": "milliseconds an image, one at a time", "megabytes": "megabytes of the file"}
    axis.set(xlabel=heads[cost], ylabel="accuracy, %")


def _teacher(axis: Axes, teacher: pd.DataFrame, cost: str, area: float, margin: float, looks: dict) -> None:
    """The teacher's accuracy as a line, the margin as a band below it, and its files as points."""
    if teacher.empty:
        return
    accuracy = 100 * teacher["accuracy"].iloc[0]
    axis.axhspan(accuracy - 100 * margin, accuracy, color="0.88", zorder=0, linewidth=0,
                 label=f"{margin_in_words(margin)} below the teacher")  # fmt: skip
    axis.axhline(accuracy, color="black", linewidth=0.9, linestyle=(0, (5, 3)), zorder=1, label="teacher")
    for row in teacher.dropna(subset=[cost]).to_dict("records"):
        _point(axis, row, cost, area, "black", looks["form"].get(row["form"], "D"))


def _candidates(axis: Axes, candidates: pd.DataFrame, cost: str, area: float, looks: dict) -> None:
    """A point with its intervals for every candidate, and a line through those that nothing dominates."""
    first = candidates[candidates["on_frontier"] == YES].sort_values([cost, "accuracy"])
    axis.plot(first[cost], 100 * first["accuracy"], color="0.45", linewidth=1.2, drawstyle="steps-post", zorder=2,
              label="frontier")  # fmt: skip
    for row in candidates.to_dict("records"):
        _point(axis, row, cost, area, looks["network"][row["network"]], looks["form"][row["form"]])


def _point(axis: Axes, row: dict, cost: str, area: float, color: str, marker: str) -> None:
    """A file: int8 is filled. What is outside the limits, or dominated, is pale; the chosen one has a ring."""
    at, accuracy = row[cost], 100 * row["accuracy"]
    lowest = axis.get_ylim()[0]
    pale = row["role"] == CANDIDATE and row["on_frontier"] != YES and row["chosen"] != YES
    strength: dict[str, Any] = {"alpha": 0.3 if pale else 0.75, "color": color, "linewidth": 0.8, "zorder": 3}
    if accuracy >= lowest:
        axis.vlines(at, 100 * row["accuracy_low"], 100 * row["accuracy_high"], **strength)
    low, high = row.get(f"{cost}_low", np.nan), row.get(f"{cost}_high", np.nan)
    accuracy = max(accuracy, lowest)
    if pd.notna(low):
        axis.hlines(accuracy, low, high, **strength)
    face = color if row["precision"] == "int8" else "white"
    size = area_of(row, area)
    axis.scatter(at, accuracy, s=size, marker=marker, facecolor=face, edgecolor=color, linewidth=1.1,
                 alpha=0.55 if pale else 1, zorder=4, clip_on=False)  # fmt: skip
    if row["chosen"] == YES:
        axis.scatter(at, accuracy, s=(np.sqrt(size) + 7) ** 2, marker="o", facecolor="none", edgecolor=CHOSEN,
                     linewidth=1.6, zorder=5, clip_on=False)  # fmt: skip


def area_of(row: dict | pd.Series, area: float) -> float:
    """The area of a point, in square points."""
    return SMALLEST if pd.isna(row["megabytes"]) else max(SMALLEST, area * row["megabytes"])


def _legend(axis: Axes, candidates: pd.DataFrame, area: float, looks: dict) -> None:
    """Entries for colours, markers, fills and areas; what all candidates share has none.

    Where there are more networks than colours, names stand beside the points.
    """
    sizes = candidates.drop_duplicates("network").set_index("network")["image_size"]
    colours = looks["network"] if len(looks["network"]) <= len(COLOURS) else {}
    for network, color in colours.items():
        pixels = "" if pd.isna(sizes[network]) else f", {sizes[network]:.0f} px"
        axis.scatter([], [], s=40, color=color, label=f"{network}{pixels}")
    grey: dict[str, Any] = {"edgecolor": "0.3", "linewidth": 1.1}
    if len(looks["form"]) > 1:
        for form, marker in looks["form"].items():
            axis.scatter([], [], s=40, marker=marker, facecolor="white", **grey, label=form)
    if candidates["precision"].nunique() > 1:
        for precision in candidates["precision"].unique():
            face = "0.3" if precision == "int8" else "white"
            axis.scatter([], [], s=40, facecolor=face, **grey, label=precision)
    size = round_size(LARGEST / area / 2)
    axis.scatter([], [], s=max(SMALLEST, area * size), facecolor="white", **grey, label=f"area of {size:g} MB")


def round_size(megabytes: float) -> float:
    """The next lower number of one digit, for the legend."""
    digits = 10.0 ** np.floor(np.log10(megabytes))
    return float(np.floor(megabytes / digits) * digits)


def _names(figure: Figure, axis: Axes, table: pd.DataFrame, cost: str, area: float) -> None:
    """Write names beside points, where they lie on no other name, on no point and not on the teacher's line.

    The chosen one has a name; all of `FEW` have; and those on the frontier, where there are more networks than colours.
    A point on the lower edge has its accuracy above it.
    """
    known = table.dropna(subset=[cost])
    figure.draw_without_rendering()
    room, lowest = axis.get_window_extent().extents, axis.get_ylim()[0]
    points, boxes = {}, {}
    for number, row in known.iterrows():
        at = row[cost], max(100 * row["accuracy"], lowest)
        radius = np.sqrt(area_of(row, area)) / 2 + (4 if row["chosen"] == YES else 1)
        points[number], boxes[number] = (at, radius), _around(figure, axis.transData.transform(at), radius)
    for accuracy in table["accuracy"][table["role"] == TEACHER].head(1):
        y = axis.transData.transform((1, 100 * accuracy))[1]
        boxes["teacher"] = room[0], y - 1, room[2], y + 1
    below = known[100 * known["accuracy"] < lowest].sort_values(cost)
    for number, accuracy in below["accuracy"].items():
        at, radius = points[number]
        for lines in range(LINES):
            above: dict[str, Any] = {"xytext": (0, radius + 2 + 7 * lines), "textcoords": "offset points"}
            name = axis.annotate(f"{100 * accuracy:.1f} %", at, **above, ha="center", fontsize=6, zorder=6)
            name.set_in_layout(False)
            box = tuple(name.get_window_extent().extents)
            if not _touch(box, [other for key, other in boxes.items() if key != number]):
                boxes["accuracy", number] = box
                break
            name.remove()
    for number, (text, look) in _named(known[known["role"] == CANDIDATE]).items():
        at, radius = points[number]
        for distance, (right, up) in itertools.product((2, 12, 26, 42, 60), _PLACES):
            far = (radius + distance) * (0.75 if right and up else 1)
            beside: dict[str, Any] = {"xytext": (far * right, far * up), "textcoords": "offset points"}
            sides: dict[str, Any] = {"ha": ("center", "left", "right")[right], "va": ("center", "bottom", "top")[up]}
            name = axis.annotate(text, at, **beside, **sides, **look, fontsize=7, zorder=6)
            name.set_path_effects([withStroke(linewidth=2, foreground="white")])  # intervals do not cross it
            name.set_in_layout(False)
            box = tuple(name.get_window_extent().extents)
            if _fits(box, room) and not _touch(box, [other for key, other in boxes.items() if key != number]):
                boxes[text, number] = box
                if distance > 2:
                    line = {"arrowstyle": "-", "color": "0.5", "linewidth": 0.5, "shrinkA": 0, "shrinkB": radius}
                    axis.annotate("", at, **beside, arrowprops=line).set_in_layout(False)
                break
            name.remove()


def _around(figure: Figure, point: np.ndarray, radius: float) -> tuple[float, ...]:
    """The square around a point in pixels; the radius in points."""
    reach = radius * figure.dpi / 72
    return (*(point - reach), *(point + reach))


def _named(candidates: pd.DataFrame) -> dict[Any, tuple[str, dict[str, Any]]]:
    """Names and their looks by row, the chosen one first, then the most accurate."""
    few, many = len(candidates) <= FEW, candidates["network"].nunique() > len(COLOURS)
    found: dict[Any, tuple[str, dict[str, Any]]] = {}
    for number, row in candidates.sort_values(["chosen", "accuracy"], ascending=False).iterrows():
        if row["chosen"] == YES:
            whole = name_of(row, candidates).replace(" pixels", " px")
            found[number] = f"chosen: {whole}", {"fontweight": "bold", "color": CHOSEN}
        elif few or (many and row["on_frontier"] == YES):
            found[number] = row["network"], {"color": "0.15"}
    return found


def _fits(box: tuple[float, ...], room: tuple[float, ...]) -> bool:
    """Whether a box lies within another one."""
    return bool(box[0] >= room[0] and box[1] >= room[1] and box[2] <= room[2] and box[3] <= room[3])


def _touch(one: tuple[float, ...], others: list[tuple[float, ...]]) -> bool:
    """Whether a box lies on one of the others."""
    return any(one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3] for other in others)
