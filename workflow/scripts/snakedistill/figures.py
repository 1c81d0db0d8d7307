"""The paper's figures 2 to 9, and those that it describes in numbers alone; each as SVG and PNG."""

import textwrap
from collections.abc import Iterable

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

from snakedistill import metrics
from snakedistill.files import join_one_to_one, written_whole
from snakedistill.lineage import read_predictions
from snakedistill.tables import Files

WIDTH = 7.2  # inches, a page's
EXAMPLES_IN_A_ROW = 8
_CLASS_COLOURS = ("#999933", "#882255")  # Tol; of no family
_LOOKS = {  # colours of Okabe and Ito
    "teacher": {"color": "#000000", "marker": "D", "linestyle": "-"},
    "classic": {"color": "#0072B2", "marker": "s", "linestyle": "-"},
    "hard": {"color": "#D55E00", "marker": "^", "linestyle": (0, (4, 2))},
    "soft": {"color": "#009E73", "marker": "o", "linestyle": "-"},
}
_OTHER_LOOKS = [
    {"color": color, "marker": marker, "linestyle": "-."}
    for color, marker in (("#CC79A7", "v"), ("#56B4E9", "P"), ("#E69F00", "X"), ("#332288", "<"), ("#661100", ">"))
]


def save(figure: Figure, run_description: str, paths: list[str]) -> None:
    """Write a figure in the format of each path's suffix, with the run description below it, and close it."""
    lines = textwrap.wrap(run_description, int(figure.get_size_inches()[0] * 18))
    figure.supxlabel("\n".join(["", *lines]), fontsize=7, color="0.35")
    for path in paths:
        with written_whole(path) as temporary:
            metadata = {"Date": None} if temporary.suffix == ".svg" else None
            figure.savefig(temporary, dpi=160, metadata=metadata)
    plt.close(figure)


def by_name(names: list[str], paths: list[str]) -> dict[str, list[str]]:
    """The SVG and the PNG of each figure, by what it shows; `paths` are those of the first figure, then of the next."""
    pairs = zip(paths[::2], paths[1::2], strict=True)
    return {name: list(pair) for name, pair in zip(names, pairs, strict=True)}


def draw_training(
    histories: Files,
    labels: dict[str, tuple[str, str | None]],
    printed: str,
    run_description: str,
    figures: dict[str, list[str]],
) -> None:
    """Draw loss and accuracy by epoch (figures 2 to 5), the best epoch marked; with several seeds, one line each.

    Args:
        histories: CSV of the training history by (seed, network id), of all networks of the run.
        labels: kind of the labels and their source, see `labels_in_words`, by network id.
        printed: CSV of the paper's evaluation, whose values during training become dotted lines.
        run_description: what the run is, in words.
        figures: paths to write by network id.
    """
    set_style()
    paper = pd.read_csv(printed).query("labels == 'own' and split == 'validation'").set_index("network")
    looks = _looks(network for _, network in histories)
    for network, paths in figures.items():
        runs = [pd.read_csv(path) for (_, one), path in histories.items() if one == network]
        bests = [history.loc[history["val_accuracy"].idxmax()] for history in runs]
        epochs = max(len(history) for history in runs)
        figure, axes = _page(3.3, 1, 2)
        for axis, quantity in zip(axes.flat, ("loss", "accuracy"), strict=True):
            for number, (history, best) in enumerate(zip(runs, bests, strict=True)):
                for column, part, look in (
                    (quantity, "train", {"linestyle": "-", "marker": "o", "alpha": 0.45}),
                    (f"val_{quantity}", "validation", {"linestyle": (0, (4, 2)), "marker": "s"}),
                ):
                    look |= {"color": looks[_family(network)]["color"], "markersize": 4 if epochs <= 30 else 0}
                    axis.plot(history["epoch"], history[column], label=None if number else part, **look)
                axis.axvline(best["epoch"], color="0.6", linewidth=0.8, zorder=1)
                axis.plot(
                    best["epoch"], best[f"val_{quantity}"], "*", label=None if number else "best epoch",
                    markersize=10, color="black", markeredgecolor="white", zorder=5, clip_on=False,
                )  # fmt: skip
            if network.removesuffix("-0") in paper.index:
                values = paper.loc[network.removesuffix("-0")]
                label = f"paper's best epoch, validation: loss {values['loss']:.3f}, accuracy {values['accuracy']:.3f}"
                axis.axhline(values[quantity], color="0.5", linestyle=":", label=label)
            axis.set(xlabel="epoch", ylabel={"loss": "loss, nats", "accuracy": "accuracy, share"}[quantity])
            _whole_numbers(axis, 1, epochs)
        reached = sorted(best["val_accuracy"] for best in bests)
        title = (
            f"Training of {network}: loss and accuracy by {labels_in_words(*labels[network])}\n"
            f"Best validation accuracy: {reached[0]:.3f} "
        )
        title += f"to {reached[-1]:.3f} ({len(bests)} seeds)" if len(bests) > 1 else f"in epoch {bests[0]['epoch']:.0f}"
        _title_and_legend(figure, title, axes)
        save(figure, run_description, paths)


def labels_in_words(kind: str, source: str | None) -> str:
    """Say whose labels a network trains on.

    Args:
        kind: `manual`, `hard` or `soft`.
        source: id of the network whose predictions become the labels; None for manual ones.
    """
    if kind == "manual":
        return "manual labels"
    whose = f"{'the teacher' if source == 'teacher' else source}'s"
    return {"hard": f"{whose} answers (hard labels)", "soft": f"{whose} probabilities (soft labels)"}[kind]


def draw_predictions(histograms: str, classes: list[str], run_description: str, figures: dict[str, list[str]]) -> None:
    """Draw the relative frequencies of predictions of the teacher and its students (figures 6 to 8).

    Args:
        histograms: CSV of the table; seeds are averaged.
        classes: names; the position of a name is its label.
        run_description: what the run is, in words.
        figures: paths to write by part.
    """
    set_style()
    table = pd.read_csv(histograms)
    looks = _looks(table["network"])
    seeds = _seeds_in_words(table)
    table = table[table["network"].str.fullmatch(r"teacher|.*-0")]
    networks = table["network"].unique()
    shares = table[["relative_frequency", "paper_relative_frequency"]]
    lowest = shares.where(shares > 0).min().min()
    for part, paths in figures.items():
        rows = -(-len(networks) // 2)
        figure, axes = _page(1 + 2.1 * rows, rows, 2, sharex=True, sharey=True)
        for number, (axis, network) in enumerate(zip(axes.flat, networks, strict=False)):
            of_network = table[(table["network"] == network) & (table["split"] == part)]
            bins = of_network.groupby(["bin_low", "bin_high"])[list(shares)].mean().reset_index()
            edges = [*bins["bin_low"], bins["bin_high"].iloc[-1]]
            if bins["paper_relative_frequency"].notna().any():
                axis.stairs(bins["paper_relative_frequency"], edges, fill=True, color="0.82", label="paper")
            look = looks[_family(network)]
            label = None if number else "measured"
            axis.stairs(bins["relative_frequency"], edges, color=look["color"], linewidth=1.4, label=label)
            middle = (bins["bin_low"] + bins["bin_high"]) / 2
            size = min(3.5, 100 / len(bins))
            axis.plot(middle, bins["relative_frequency"], **look | {"linestyle": "none", "markersize": size})
            ends = bins["relative_frequency"].iloc[[0, -1]].sum()
            axis.set(yscale="log", ylim=(lowest / 2, 2), xlim=(0, 1))
            axis.set_title(f"{network}: {ends:.3f} in the two end bins", fontsize=9)
            axis.minorticks_off()
            if number % 2 == 0:
                axis.set_ylabel("share of images")
            if number >= len(networks) - 2:
                axis.set_xlabel(f"prediction: probability of {classes[1]}")
                axis.tick_params(labelbottom=True)
        for axis in axes.flat[len(networks) :]:
            axis.set_visible(False)
        title = f"Predictions on the {part} part in {len(bins)} bins, on a logarithmic scale{seeds}"
        _title_and_legend(figure, title, axes)
        save(figure, run_description, paths)


def draw_recursion(histograms: str, classes: list[str], run_description: str, figures: dict[str, list[str]]) -> None:
    """Draw how the predictions on the test part move along the recursion of a family (figure 9).

    Args:
        histograms: CSV of the table; seeds are averaged.
        classes: names; the position of a name is its label.
        run_description: what the run is, in words.
        figures: paths to write by family.
    """
    set_style()
    table = pd.read_csv(histograms).query("split == 'test'")
    lowest = table["relative_frequency"][table["relative_frequency"] > 0].min()
    greys = ListedColormap(plt.colormaps["Greys"](np.linspace(0.15, 1, 256)))  # white is left for empty bins
    for family, paths in figures.items():
        chain = table[table["network"].map(_family) == family]
        chain = chain.assign(generation=chain["network"].str.rpartition("-")[2].astype(int))
        shares = chain.pivot_table(index="generation", columns="bin_low", values="relative_frequency")
        lows = shares.columns.to_numpy()
        highs = np.append(lows[1:], 1)
        figure, axes = _page(3.3, 1, 2, width_ratios=[1.7, 1])
        left, right = axes.flat
        cells = left.pcolormesh(
            np.append(lows, 1), np.append(shares.index - 0.5, shares.index[-1] + 0.5), shares.where(shares > 0),
            norm=LogNorm(min(lowest, 0.1), 1), cmap=greys, edgecolor="white", linewidth=0.4,
        )  # fmt: skip
        left.figure.colorbar(cells, ax=left, label="share of images")
        left.grid(False)
        left.set(xlabel=f"prediction: probability of {classes[1]}", ylabel="generation")
        left.set_yticks(shares.index)
        left.invert_yaxis()
        half = metrics.THRESHOLD
        for name, where, inside, color, look in zip(
            classes, ("below", "above"), ((lows > 0) & (highs <= half), (lows >= half) & (highs < 1)),
            _CLASS_COLOURS, ({"marker": "s", "linestyle": "--"}, {"marker": "o", "linestyle": "-"}), strict=True,
        ):  # fmt: skip
            label = f"answer {name} (inner bins {where} {half})"
            right.plot(shares.index, shares.loc[:, inside].sum(axis=1), color=color, label=label, **look)
        right.set(xlabel="generation", ylabel="share in the inner bins", ylim=(0, None))
        _whole_numbers(right, 0, shares.index[-1])
        title = f"Predictions of {family} on the test part, generation by generation{_seeds_in_words(table)}"
        _title_and_legend(figure, title, axes)
        save(figure, run_description, paths)


def draw_generations(uncertainty: str, run_description: str, paths: list[str]) -> None:
    """Draw accuracy and uncertainty by generation of every family, on every part.

    Args:
        uncertainty: CSV of the table; with several seeds, their mean, and a bar from the least to the greatest.
        run_description: what the run is, in words.
        paths: to write.
    """
    set_style()
    table = pd.read_csv(uncertainty)
    several = table["seed"].nunique() > 1
    looks = _looks(table["family"])
    students = table[table["family"] != "teacher"]
    families = students["family"].unique()
    step = min(0.18, 0.7 / len(families))
    parts = table["split"].unique()
    figure, axes = _page(4.8, 2, len(parts), sharex=True, sharey="row")
    for column, part in enumerate(parts):
        for axis, quantity in zip(axes[:, column], ("accuracy", "uncertainty"), strict=True):
            for number, family in enumerate(families):
                of_family = students[(students["family"] == family) & (students["split"] == part)]
                chain = of_family.groupby("generation").agg(
                    value=(quantity, "mean"), paper=(f"paper_{quantity}", "first"),
                    low=(quantity, "min") if several else (f"{quantity}_low", "min"),
                    high=(quantity, "max") if several else (f"{quantity}_high", "max"),
                )  # fmt: skip
                x = chain.index + step * (number - (len(families) - 1) / 2)
                look = looks[family]
                if chain["paper"].notna().any():
                    grey = {"color": "0.72", "markersize": 3, "linewidth": 1, "label": "paper"}
                    axis.plot(x, chain["paper"], **look | grey)
                axis.vlines(x, chain["low"], chain["high"], color=look["color"], linewidth=1, alpha=0.6)
                axis.plot(x, chain["value"], **look, markersize=4.5, linewidth=1.2, label=family)
            teacher = table[(table["family"] == "teacher") & (table["split"] == part)][quantity].mean()
            axis.axhline(teacher, color="black", linestyle=":", linewidth=1, label="teacher")
            _whole_numbers(axis, 0, int(students["generation"].max()))
        axes[0, column].set_title(part, fontsize=9)
        axes[1, column].set_xlabel("generation")
    axes[0, 0].set_ylabel("accuracy, share")
    axes[1, 0].set_ylabel("uncertainty")
    what = f"range of {table['seed'].nunique()} seeds" if several else "95 % intervals over images"
    _title_and_legend(figure, f"Accuracy and uncertainty by generation (bars: {what})", axes)
    save(figure, run_description, paths)


def draw_examples(
    images: str,
    splits: str,
    seed: int,
    teacher: str,
    student: str,
    student_id: str,
    classes: list[str],
    run_description: str,
    paths: list[str],
) -> None:
    """Draw the test images of which teacher and student are most unsure, and on which they most disagree.

    Args:
        images: array of the test part, uint8 [n, side, side, 3].
        splits: CSV with image_id, manual label and split, in the order of the array.
        seed: of the networks' training.
        teacher: CSV of the teacher's predictions of the test part.
        student: CSV of the student's.
        student_id: its network id.
        classes: names; the position of a name is its label.
        run_description: what the run is, in words.
        paths: to write.
    """
    set_style()
    array = np.load(images, mmap_mode="r", allow_pickle=False)
    test = pd.read_csv(splits).query("split == 'test'").reset_index(drop=True)
    for name, network, path in (("teacher", "teacher", teacher), ("student", student_id, student)):
        given = read_predictions(path, network, seed, splits=splits)[["image_id", "probability"]]
        test = join_one_to_one(test, given.rename(columns={"probability": name}), splits, path)
    rows = {
        "the teacher is least sure": (test["teacher"] - metrics.THRESHOLD).abs(),
        f"{student_id} is least sure": (test["student"] - metrics.THRESHOLD).abs(),
        "they disagree most": -(test["teacher"] - test["student"]).abs(),
    }
    columns = min(EXAMPLES_IN_A_ROW, len(test))
    widest = max(*(len(name) + len("T  0.00 ✓") for name in classes), *test["image_id"].map(len))
    size = min(6.5, 6.5 * 16 / widest)  # points; 16 characters of 6.5 are as wide as an image
    figure = plt.figure(figsize=(WIDTH, 0.7 + len(rows) * (WIDTH / EXAMPLES_IN_A_ROW + 0.5)), layout="constrained")
    for (title, distance), row in zip(rows.items(), figure.subfigures(len(rows), 1), strict=True):
        row.suptitle(f"Where {title}", fontsize=8.5, x=0.01, ha="left")
        chosen = distance.sort_values(kind="stable").index[:columns]
        for axis, number in zip(row.subplots(1, columns, squeeze=False)[0], chosen, strict=True):
            image = test.loc[number]
            axis.imshow(array[number], interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            lines = [image["image_id"]]
            for letter, name in (("T", "teacher"), ("S", "student")):
                answer = metrics.answer(image[name])
                sure = image[name] if answer == 1 else 1 - image[name]
                mark = "✓" if metrics.correct(image[name], image["label"]) else "✗"
                lines.append(f"{letter} {classes[answer]} {sure:.2f} {mark}")
            axis.set_xlabel("\n".join(lines), fontsize=size, labelpad=2)
    title = f"Test images: answers of teacher (T) and {student_id} (S), their probability, right ✓ or wrong ✗"
    figure.suptitle(title, fontsize=10)
    save(figure, run_description, paths)


def draw_timing(
    timing: str, printed: str, student: str, families: list[str], run_description: str, paths: list[str]
) -> None:
    """Draw the median milliseconds an image of teacher and student in every runtime, with p10 and p90.

    Args:
        timing: CSV of the timing of every runtime; shown are the rows with most threads.
        printed: CSV of the paper's numbers, which stand beside Keras's batches of 32, see `tables.as_the_paper_timed`.
        student: its network id.
        families: all of the run.
        run_description: what the run is, in words.
        paths: to write.
    """
    set_style()
    frame = pd.read_csv(timing)
    frame = frame[frame["threads"] == frame["threads"].max()]
    frame["how"] = frame["runtime"] + " " + frame["precision"]
    paper = 1000 * pd.read_csv(printed).set_index("network")["seconds_per_image"]
    hows = frame["how"].drop_duplicates().tolist()
    sizes = sorted(frame["batch_size"].unique())
    looks = _looks(families)
    figure, axes = _page(1.3 + 2.1 * len(sizes), len(sizes), 2, sharex=True, sharey=True)
    networks = {"teacher": (-0.2, "ResNet-50"), student: (0.2, "ResNet-18")}
    for size, row in zip(sizes, axes, strict=True):
        for axis, decoding in zip(row, ("no", "yes"), strict=True):
            chosen = frame[(frame["batch_size"] == size) & (frame["decoding"] == decoding)]
            for network, (offset, theirs) in networks.items():
                look = looks[_family(network)] | {"linestyle": "none", "markersize": 5}
                of_network = chosen[chosen["network"] == network].set_index("how").loc[hows]
                low, middle, high = (1000 * of_network[quantile] for quantile in ("p10", "median", "p90"))
                y = np.arange(len(hows)) + offset
                axis.hlines(y, low, high, color=look["color"], linewidth=1.5)
                axis.plot(middle, y, label=network, **look)
                printed_value = pd.Series(np.nan, hows)
                if (size, decoding) == (32, "no"):
                    printed_value["Keras float32"] = paper[theirs.lower().replace("-", "")]
                    hollow = {"color": "0.6", "fillstyle": "none", "label": f"paper's {theirs}"}
                    axis.plot(printed_value, y, **look | hollow)
                for how, at in zip(hows, y, strict=True):
                    # The number stands where the paper's mark is not.
                    left = printed_value[how] > middle[how]
                    axis.annotate(
                        _three_digits(middle[how]), (low[how] if left else high[how], at), (-5 if left else 5, 0),
                        textcoords="offset points", ha="right" if left else "left", va="center", fontsize=6,
                    )  # fmt: skip
            what = "from the file to the answer" if decoding == "yes" else "the network alone"
            axis.set_title(f"batch {size}, {what}", fontsize=9)
            axis.tick_params(labelbottom=True)
            axis.set_xlabel("milliseconds an image")
            sns.despine(ax=axis)
    lows, highs = frame["p10"].min() * 1000, max(frame["p90"].max() * 1000, paper.max())
    decades = max(0.3, np.log10(highs / lows))
    axis.set(xscale="log", xlim=(lows / 10 ** (0.1 * decades), highs * 10 ** (0.2 * decades)))
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2 else (1,), numticks=20))
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set(yticks=range(len(hows)), yticklabels=hows, ylim=(len(hows) - 0.5, -0.5))
    threads = frame["threads"].iloc[0]
    title = f"Time an image takes on {threads} thread{'s' if threads > 1 else ''}: median, and from p10 to p90"
    _title_and_legend(figure, title, axes)
    save(figure, run_description, paths)


def _page(height: float, rows: int, columns: int, **grid) -> tuple[Figure, np.ndarray]:
    """A figure as wide as a page, and its axes, which share it with a legend above them; `height` in inches."""
    figure = plt.figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.subfigures().subplots(rows, columns, squeeze=False, **grid)


def _title_and_legend(figure: Figure, title: str, axes: np.ndarray) -> None:
    """A title, and below it one legend for all axes of `_page`, each label once."""
    figure.suptitle("\n".join(textwrap.fill(line, 88) for line in title.splitlines()))
    shown = {}
    for axis in axes.flat:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            shown.setdefault(label, handle)
    rows = -(-sum(len(label) + 8 for label in shown) // 130)
    columns = -(-len(shown) // rows)
    panels = axes.flat[0].figure
    panels.legend(shown.values(), shown.keys(), loc="outside upper center", ncols=columns, fontsize=7)


def _whole_numbers(axis: Axes, first: int, last: int) -> None:
    """Ticks at whole numbers alone on an x axis from `first` to `last`, even where these are one."""
    axis.set_xlim(first - 0.5, last + 0.5)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))


def _seeds_in_words(table: pd.DataFrame) -> str:
    seeds = table["seed"].nunique()
    return f", mean of {seeds} seeds" if seeds > 1 else ""


def _three_digits(value: float) -> str:
    """A positive number with three significant digits, or with all before the point where these are more."""
    exponent = int(f"{value:.2e}".partition("e")[2])
    return f"{value:.{max(0, 2 - exponent)}f}"


def set_style() -> None:
    """The look of every figure; drawn without a display, and the same bytes for the same numbers."""
    matplotlib.use("agg")
    look = {"axes.grid": True, "grid.color": "0.92", "figure.constrained_layout.w_pad": 0.08, "svg.hashsalt": "0"}
    sns.set_theme(context="paper", style="ticks", rc=look)


def _looks(networks: Iterable[str]) -> dict[str, dict]:
    """Colour, marker and line style by family; `networks` are ids or families, of the whole run."""
    own = sorted(set(map(_family, networks)) - set(_LOOKS))
    others = {family: _OTHER_LOOKS[number % len(_OTHER_LOOKS)] for number, family in enumerate(own)}
    return others | _LOOKS


def _family(network: str) -> str:
    return network.rpartition("-")[0] or network
