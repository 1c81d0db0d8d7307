"""The paper's figures 2 to 9, and those that it describes in numbers alone; each as SVG and PNG."""

import textwrap

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from snakedistill import metrics
from snakedistill.files import join_one_to_one, written_whole
from snakedistill.lineage import read_predictions
from snakedistill.tables import Files

_P = "probability of class 1 (dog)"
WIDTH = 7.2  # inches, a page's
EXAMPLES_IN_A_ROW = 8
_COLOURS = {"teacher": "#000000", "classic": "#0072B2", "hard": "#D55E00", "soft": "#009E73"}  # Okabe and Ito
_OTHER_COLOURS = ("#CC79A7", "#56B4E9", "#E69F00")
_MARKERS = {"teacher": "D", "classic": "s", "hard": "^", "soft": "o"}


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


def draw_training(histories: Files, printed: str, run_description: str, figures: dict[str, list[str]]) -> None:
    """Draw loss and accuracy by epoch (figures 2 to 5), the best epoch marked; with several seeds, one line each.

    Args:
        histories: CSV of the training history by (seed, network id).
        printed: CSV of the paper's evaluation, whose values during training become dotted lines.
        run_description: what the run is, in words.
        figures: paths to write by network id.
    """
    set_style()
    paper = pd.read_csv(printed).query("labels == 'own'").set_index(["network", "split"])
    for network, paths in figures.items():
        runs = {seed: pd.read_csv(path) for (seed, one), path in histories.items() if one == network}
        figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.1), layout="constrained")
        bests = [history.loc[history["val_accuracy"].idxmax()] for history in runs.values()]
        for axis, quantity in zip(axes, ("loss", "accuracy"), strict=True):
            for number, history in enumerate(runs.values()):
                for column, part, dashes, marker, colour in (
                    (quantity, "train", (), "o", "#0072B2"),
                    (f"val_{quantity}", "validation", (4, 2), "s", "#D55E00"),
                ):
                    sns.lineplot(
                        x=history["epoch"], y=history[column], ax=axis, color=colour, dashes=dashes, marker=marker,
                        markersize=4 if len(history) <= 30 else 0, label=part if number == 0 else None,
                        linestyle="-" if not dashes else (0, dashes),
                    )  # fmt: skip
            for number, best in enumerate(bests):
                label = "best epoch" if number == 0 else None
                axis.axvline(best["epoch"], color="0.5", linewidth=0.8, zorder=0)
                point = best[f"val_{quantity}"]
                axis.plot(best["epoch"], point, "*", markersize=12, color="black", zorder=5, label=label)
            printed_network = network.removesuffix("-0")
            if (printed_network, "validation") in paper.index:
                value = paper.loc[(printed_network, "validation"), quantity]
                axis.axhline(value, color="0.5", linestyle=":", label="paper's best epoch, validation")
                beside = {"loss": "bottom", "accuracy": "top"}[quantity]  # where the curves do not begin
                axis.text(1, value, f"{value:.3f}", va=beside, fontsize=7, color="0.4")
            axis.set(xlabel="epoch", ylabel={"loss": "loss, nats", "accuracy": "accuracy, share"}[quantity])
            axis.xaxis.set_major_locator(MaxNLocator(integer=True))
            axis.get_legend().remove()
        reached = ", ".join(f"{best['val_accuracy']:.3f} in epoch {best['epoch']:.0f}" for best in bests[:3])
        more = f" and {len(bests) - 3} more seeds" if len(bests) > 3 else ""
        _title_and_legend(figure, f"Training of {network}: best validation accuracy {reached}{more}", axes[0])
        save(figure, run_description, paths)


def draw_predictions(histograms: str, run_description: str, figures: dict[str, list[str]]) -> None:
    """Draw the relative frequencies of predictions of the teacher and its students (figures 6 to 8).

    Args:
        histograms: CSV of the table; seeds are averaged.
        run_description: what the run is, in words.
        figures: paths to write by part.
    """
    set_style()
    table = pd.read_csv(histograms)
    table = table[table["network"].str.fullmatch(r"teacher|.*-0")]
    networks = table["network"].unique()
    for part, paths in figures.items():
        rows = -(-len(networks) // 2)
        figure, axes = plt.subplots(
            rows, 2, figsize=(WIDTH, 0.6 + 2.1 * rows), sharex=True, sharey=True, layout="constrained"
        )
        for axis, network in zip(axes.flat, networks, strict=False):
            of_network = table[(table["network"] == network) & (table["split"] == part)]
            bins = of_network.groupby(["bin_low", "bin_high"])[["relative_frequency", "paper_relative_frequency"]]
            bins = bins.mean().reset_index()
            edges = [*bins["bin_low"], bins["bin_high"].iloc[-1]]
            if bins["paper_relative_frequency"].notna().any():
                axis.stairs(bins["paper_relative_frequency"], edges, fill=True, color="0.82", label="paper")
            axis.stairs(bins["relative_frequency"], edges, color=_colour(network), linewidth=1.4, label="measured")
            middle = (bins["bin_low"] + bins["bin_high"]) / 2
            axis.plot(middle, bins["relative_frequency"], _marker(network), color=_colour(network), markersize=3.5)
            ends = bins["relative_frequency"].iloc[[0, -1]].sum()
            axis.set(
                yscale="log", ylim=(4e-5, 1), xlim=(0, 1), xlabel="prediction p (1: dog)", ylabel="share of images"
            )
            axis.set_title(f"{network}: {ends:.3f} in the two end bins", fontsize=9)
            axis.label_outer()
            axis.minorticks_off()
            axis.legend(loc="upper center", fontsize=7)
        for axis in axes.flat[len(networks) :]:
            axis.set_visible(False)
        figure.suptitle(f"How sure the networks are on the {part} part: predictions in {len(bins)} bins, log scale")
        save(figure, run_description, paths)


def draw_recursion(histograms: str, run_description: str, figures: dict[str, list[str]]) -> None:
    """Draw how the predictions on the test part move along the recursion of a family (figure 9).

    Args:
        histograms: CSV of the table; seeds are averaged.
        run_description: what the run is, in words.
        figures: paths to write by family.
    """
    set_style()
    table = pd.read_csv(histograms).query("split == 'test'")
    for family, paths in figures.items():
        chain = table[table["network"].str.startswith(f"{family}-")]
        chain = chain.assign(generation=chain["network"].str.rpartition("-")[2].astype(int))
        shares = chain.pivot_table(index="generation", columns="bin_low", values="relative_frequency")
        lows = shares.columns.to_numpy()
        figure, (left, right) = plt.subplots(
            1, 2, figsize=(WIDTH, 3.1), layout="constrained", gridspec_kw={"width_ratios": [1.7, 1]}
        )
        sns.heatmap(
            shares.where(shares > 0), ax=left, norm=LogNorm(1e-3, 1), cmap="Greys", linewidths=0.4, linecolor="white",
            cbar_kws={"label": "share of images"},
        )  # fmt: skip
        left.set_xticks(np.arange(0, len(lows) + 1, len(lows) / 5), [f"{x:.1f}" for x in np.linspace(0, 1, 6)])
        left.set(xlabel=f"prediction, {_P}", ylabel="generation")
        left.tick_params(axis="both", rotation=0)
        left.set_facecolor("white")
        for label, inside, marker, dashes, colour in (
            ("above 0.5", (lows >= 0.5) & (lows < lows[-1]), "o", (), "#D55E00"),
            ("below 0.5", (lows > 0) & (lows < 0.5), "s", (4, 2), "#0072B2"),
        ):
            of_bins = shares.loc[:, inside].sum(axis=1)
            sns.lineplot(
                x=of_bins.index, y=of_bins, ax=right, marker=marker, linestyle=(0, dashes) if dashes else "-",
                color=colour, label=label,
            )  # fmt: skip
        right.set(xlabel="generation", ylabel="share in the inner bins", ylim=(0, None))
        right.xaxis.set_major_locator(MaxNLocator(integer=True))
        sns.move_legend(right, "lower center", bbox_to_anchor=(0.5, 1), ncols=2, title="inner bins", fontsize=7)
        figure.suptitle(f"Predictions of {family} on the test part, generation by generation")
        save(figure, run_description, paths)


def draw_generations(uncertainty: str, run_description: str, paths: list[str]) -> None:
    """Draw accuracy and uncertainty along the generations of every family with recursion, on every part.

    Args:
        uncertainty: CSV of the table; with several seeds, their mean, and from the least to the greatest as a band.
        run_description: what the run is, in words.
        paths: to write.
    """
    set_style()
    table = pd.read_csv(uncertainty)
    several = table["seed"].nunique() > 1
    families = [name for name, group in table.groupby("family", sort=False) if group["generation"].max() > 0]
    parts = table["split"].unique()
    figure, axes = plt.subplots(
        2, len(parts), figsize=(WIDTH, 4.6), sharex=True, sharey="row", layout="constrained", squeeze=False
    )
    for column, part in enumerate(parts):
        of_part = table[table["split"] == part]
        for axis, quantity in zip(axes[:, column], ("accuracy", "uncertainty"), strict=True):
            for family in families:
                chain = of_part[of_part["family"] == family]
                look = {"color": _colour(family), "marker": _marker(family), "markersize": 5}
                dashes = {"hard": (0, (4, 2))}.get(family, "-")
                paper = chain.drop_duplicates("generation")
                axis.plot(
                    paper["generation"], paper[f"paper_{quantity}"], color="0.72", linestyle=dashes,
                    marker=_marker(family), markersize=3, linewidth=1, label=f"{family}, paper",
                )  # fmt: skip
                sns.lineplot(
                    chain, x="generation", y=quantity, ax=axis, linestyle=dashes, label=family, **look,
                    errorbar=("pi", 100) if several else None,
                )  # fmt: skip
                if not several:
                    axis.vlines(
                        chain["generation"], chain[f"{quantity}_low"], chain[f"{quantity}_high"],
                        color=look["color"], linewidth=1, alpha=0.6,
                    )  # fmt: skip
            for family, student in of_part[(of_part["generation"] == 0)].groupby("family", sort=False):
                if family not in families:
                    mean = student[quantity].mean()
                    axis.plot(0, mean, _marker(family), color=_colour(family), markersize=5, label=family)
            teacher = of_part[of_part["family"] == "teacher"][quantity].mean()
            axis.axhline(teacher, color="black", linestyle=":", linewidth=1, label="teacher")
            axis.set(xlabel="generation", ylabel={"accuracy": "accuracy, share"}.get(quantity, quantity))
            axis.xaxis.set_major_locator(MaxNLocator(integer=True))
            axis.get_legend().remove()
        axes[0, column].set_title(part, fontsize=9)
    what = "band: all seeds" if several else "bars: 95 % intervals over images"
    _title_and_legend(figure, f"What recursion does to accuracy and uncertainty ({what})", axes[0, 0])
    save(figure, run_description, paths)


def draw_examples(
    images: str,
    splits: str,
    seed: int,
    teacher: str,
    student: str,
    student_id: str,
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
    figure = plt.figure(figsize=(WIDTH, 0.7 + len(rows) * (WIDTH / EXAMPLES_IN_A_ROW + 0.57)), layout="constrained")
    for (title, distance), row in zip(rows.items(), figure.subfigures(len(rows), 1), strict=True):
        row.suptitle(f"Where {title}", fontsize=8.5, x=0.01, ha="left")
        chosen = distance.sort_values(kind="stable").index[:columns]
        for axis, number in zip(row.subplots(1, columns, squeeze=False)[0], chosen, strict=True):
            image = test.loc[number]
            axis.imshow(array[number], interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            marks = ["✓" if metrics.correct(image[name], image["label"]) else "✗" for name in ("teacher", "student")]
            lines = [f"T {image['teacher']:.2f} {marks[0]}", f"S {image['student']:.2f} {marks[1]}"]
            axis.set_xlabel("\n".join([image["image_id"], *lines]), fontsize=6.5, labelpad=2)
    figure.suptitle(f"Test images: p of class 1 (dog) by teacher (T) and {student_id} (S), right ✓ or wrong ✗")
    save(figure, run_description, paths)


def draw_timing(timing: str, printed: str, student: str, run_description: str, paths: list[str]) -> None:
    """Draw the median milliseconds an image of teacher and student in every runtime, with p10 and p90.

    Args:
        timing: CSV of the timing of every runtime.
        printed: CSV of the paper's numbers, which stand beside Keras's batches of 32, see `tables.as_the_paper_timed`.
        student: its network id.
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
    figure, axes = plt.subplots(
        len(sizes), 2, figsize=(WIDTH, 1.1 + 1.9 * len(sizes)), sharex=True, sharey=True, layout="constrained"
    )
    networks = {"teacher": (-0.16, paper["resnet50"]), student: (0.16, paper["resnet18"])}
    for size, row in zip(sizes, axes, strict=True):
        for axis, decoding in zip(row, ("no", "yes"), strict=True):
            chosen = frame[(frame["batch_size"] == size) & (frame["decoding"] == decoding)]
            for network, (offset, seconds) in networks.items():
                colour = _colour(network)
                if (size, decoding) == (32, "no"):
                    row_of_keras = hows.index("Keras float32") + offset
                    grey = {"color": "0.6", "markersize": 5, "linestyle": "none", "label": f"{network}, paper"}
                    axis.plot(seconds, row_of_keras, _marker(network), fillstyle="none", **grey)
                of_network = chosen[chosen["network"] == network].set_index("how").loc[hows]
                y = np.arange(len(hows)) + offset
                middle = 1000 * of_network["median"]
                axis.hlines(y, 1000 * of_network["p10"], 1000 * of_network["p90"], color=colour, linewidth=1.5)
                axis.plot(middle, y, _marker(network), color=colour, markersize=5, linestyle="none", label=network)
                for at, value, end in zip(y, middle, 1000 * of_network["p90"], strict=True):
                    text = f"{value:.0f}" if value >= 10 else f"{value:.2g}"
                    axis.annotate(text, (end, at), (5, -2), textcoords="offset points", fontsize=6)
            axis.set(xscale="log", yticks=range(len(hows)), yticklabels=hows, xlabel="milliseconds an image")
            what = "from the file to the answer" if decoding == "yes" else "the network alone"
            axis.set_title(f"batch {size}, {what}", fontsize=9)
            axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
            sns.despine(ax=axis)
    axes[0, 0].invert_yaxis()
    threads = frame["threads"].iloc[0]
    title = f"Time an image takes on {threads} thread{'s' if threads > 1 else ''}: median, and from p10 to p90"
    _title_and_legend(figure, title, axes[-1, 0])
    save(figure, run_description, paths)


def _title_and_legend(figure: Figure, title: str, axis: Axes) -> None:
    """A title, and below it one legend for all axes, where it hides no line."""
    figure.suptitle(f"{title}\n")
    handles, labels = axis.get_legend_handles_labels()
    place = (0.5, 1 - 0.23 / figure.get_size_inches()[1])
    figure.legend(handles, labels, loc="upper center", bbox_to_anchor=place, ncols=len(labels), fontsize=7)


def set_style() -> None:
    """The look of every figure; drawn without a display, and the same bytes for the same numbers."""
    matplotlib.use("agg")
    sns.set_theme(context="paper", style="ticks", rc={"axes.grid": True, "grid.color": "0.92", "svg.hashsalt": "0"})


def _family(network: str) -> str:
    return network.rpartition("-")[0] or network


def _colour(network: str) -> str:
    family = _family(network)
    return _COLOURS.get(family) or _OTHER_COLOURS[sum(family.encode()) % len(_OTHER_COLOURS)]


def _marker(network: str) -> str:
    return _MARKERS.get(_family(network), "v")
