"""The time an image takes in every runtime."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.ticker import LogLocator, MaxNLocator

from snakedistill.core.network_ids import parsed
from snakedistill.results.figures.style import looks_of, page, plain, save, set_style, title_and_legend
from snakedistill.results.run import Run
from snakedistill.results.tables.timing import in_full

FILLS = ("full", "left", "right", "top", "bottom")
"""How the marks of a family are filled, by generation."""


def plot(
    run: Run,
    pictures: dict[str, list[str]],
    run_description: str,
    reference_rows: dict[str, str | int],
) -> None:
    """Plot the median milliseconds an image of the networks timed in every runtime, with p10 and p90.

    Shown are the rows with most threads. Reference numbers are of another machine and would squeeze the measured ones
    on the axis, so they stand in the title.

    Args:
        run: the run.
        pictures: paths to write of the one picture.
        run_description: what the run is, in words.
        reference_rows: values of columns of the timing table where the reference numbers are said; empty for all rows.
    """
    set_style()
    frame = run.table("seconds")
    most = frame["threads"].max()
    timing = run.table("timing")
    networks = in_full(timing)
    frame = frame[(frame["threads"] == most) & frame["network"].isin(networks)].copy()
    frame["how"] = frame["runtime"] + " " + frame["precision"]
    timing = timing[timing["network"].isin(networks)]
    reference = reference_of(run.reference, timing, {"threads": most, **reference_rows})
    hows = frame["how"].drop_duplicates().tolist()
    sizes = sorted(frame["batch_size"].unique())
    looks = looks_of(network for _, network in run.results)
    figure, axes = page(
        1.3 + (0.35 + 0.175 * max(2, len(networks)) * len(hows)) * len(sizes), len(sizes), 2, sharex=True, sharey=True
    )
    offsets = 0.8 * ((np.arange(len(networks)) + 0.5) / len(networks) - 0.5)
    for size, row in zip(sizes, axes, strict=True):
        for axis, decoding in zip(row, ("no", "yes"), strict=True):
            chosen = frame[(frame["batch_size"] == size) & (frame["decoding"] == decoding)]
            for network, offset in zip(networks, offsets, strict=True):
                one = parsed(network)
                look = looks[one.family] | {"linestyle": "none", "markersize": 5}
                look["fillstyle"] = FILLS[(one.generation or 0) % len(FILLS)]
                of_network = chosen[chosen["network"] == network].set_index("how").reindex(hows)
                low, middle, high = (1000 * of_network[quantile] for quantile in ("p10", "median", "p90"))
                y = np.arange(len(hows)) + offset
                axis.hlines(y, low, high, color=look["color"], linewidth=1.5)
                axis.plot(middle, y, label=network, **look)
                for how, at in [(how, at) for how, at in zip(hows, y, strict=True) if middle.notna()[how]]:
                    axis.annotate(
                        three_digits(middle[how]), (high[how], at), (5, 0),
                        textcoords="offset points", ha="left", va="center", fontsize=6,
                    )  # fmt: skip
            what = "from the file to the answer" if decoding == "yes" else "the network alone"
            axis.set_title(f"batch {size}, {what}", fontsize=9)
            axis.tick_params(labelbottom=True)
            axis.set_xlabel("milliseconds an image")
            sns.despine(ax=axis)
    lows, highs = 1000 * frame["p10"].min(), 1000 * frame["p90"].max()
    decades = max(0.3, np.log10(highs / lows))
    axis.set(xscale="log", xlim=(lows / 10 ** (0.1 * decades), highs * 10 ** (0.2 * decades)))
    of_decades = LogLocator(subs=(1, 2, 5) if decades < 2 else (1,), numticks=20 if decades < 2 else 6)
    axis.xaxis.set_major_locator(of_decades if decades > 0.7 else MaxNLocator(4))
    axis.xaxis.set_major_formatter(plain)
    axis.xaxis.set_minor_formatter(lambda *_: "")
    axis.set(yticks=range(len(hows)), yticklabels=hows, ylim=(len(hows) - 0.5, -0.5))
    title = f"Time an image takes on {most} thread{'s' if most > 1 else ''}: median, and from p10 to p90"
    title_and_legend(figure, "\n".join([title, *reference_in_words(run.reference, reference)]), axes)
    (paths,) = pictures.values()
    save(figure, run_description, paths)


def reference_of(name: str | None, table: pd.DataFrame, rows: dict[str, str | int]) -> pd.DataFrame:
    """The rows of the table `timing` that have a reference number, in its column `reference`, in seconds an image."""
    for column, value in rows.items():
        table = table[table[column] == value]
    column = f"{name}_seconds"
    return table.assign(reference=table.get(column, np.nan)).dropna(subset="reference")


def reference_in_words(name: str | None, rows: pd.DataFrame) -> list[str]:
    """A line with the least and the greatest reference number of each network, or none; rows of `reference_of`."""
    if rows.empty:
        return []
    ways = (rows["runtime"] + " " + rows["precision"] + ", batch " + rows["batch_size"].astype(str)).unique()
    said = []
    for network, seconds in rows.groupby("network", sort=False)["reference"]:
        ends = dict.fromkeys(three_digits(1000 * end) for end in (seconds.min(), seconds.max()))
        said.append(f"{network} {' to '.join(ends)} ms")
    return [f"{name}{f' ({ways[0]})' if len(ways) == 1 else ''}: {', '.join(said)}"]


def three_digits(value: float) -> str:
    """A positive number with three significant digits, or with all before the point where these are more."""
    exponent = int(f"{value:.2e}".partition("e")[2])
    return f"{value:.{max(0, 2 - exponent)}f}"
