"""What the timed calls say: seconds an image, and how many times faster the student is."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt

from snakedistill.figures import WIDTH, save, set_style
from snakedistill.files import write_csv
from snakedistill.statistics import RESAMPLES

KEYS = ["runtime", "precision", "threads", "batch_size", "decoding"]
PAPER_NETWORKS = {"teacher": "resnet50", "student": "resnet18"}


def write_timing(measured: list[str], student: str, printed: str, timing: str, table: str) -> None:
    """Write seconds an image of every combination, and the ratio of teacher and student with its interval.

    Args:
        measured: JSON files of `time_networks`, one a number of threads.
        student: its network id.
        printed: CSV of the paper's section 4.1.
        timing: CSV to write: runtime, network, precision, threads, batch_size, decoding, median, p10, p90 and mean in
            seconds an image, images and seconds_total (mean times images: of the whole test part), calls, processor,
            flags, cores.
        table: CSV to write: runtime, precision, threads, batch_size, decoding, teacher and student (median seconds an
            image), ratio of the medians with its 95 % bootstrap interval over rounds (ratio_low, ratio_high), the
            paper's seconds and ratio, multiply_adds_ratio.
    """
    rows, ratios = [], []
    paper = pd.read_csv(printed).set_index("network")["seconds_per_image"]
    for path in measured:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        machine = {name: found["machine"][name] for name in ("processor", "flags", "cores")}
        work = {network: facts["multiply_adds"] for network, facts in found["networks"].items()}
        calls = pd.DataFrame(found["calls"]).assign(
            decoding=lambda frame: frame["decoding"].map({True: "yes", False: "no"})
        )
        for call in calls.to_dict("records"):
            seconds = np.array(call.pop("seconds")) / call["batch_size"]
            low, median, high = np.quantile(seconds, [0.1, 0.5, 0.9])
            row = call | {"median": median, "p10": low, "p90": high, "mean": seconds.mean()}
            row |= {"images": found["images"], "seconds_total": seconds.mean() * found["images"]}
            rows.append(row | {"calls": len(seconds)} | machine)
        for key, group in calls.groupby(KEYS, sort=False):
            seconds = group.set_index("network")["seconds"]
            teacher, other = (np.array(seconds[network]) / key[3] for network in ("teacher", student))
            low, high = ratio_interval(teacher, other)
            row = dict(zip(KEYS, key, strict=True))
            row |= {"teacher": np.median(teacher), "student": np.median(other)}
            row |= {"ratio": np.median(teacher) / np.median(other), "ratio_low": low, "ratio_high": high}
            row |= {f"paper_{name}": paper[network] for name, network in PAPER_NETWORKS.items()}
            row |= {"paper_ratio": paper["resnet50"] / paper["resnet18"]}
            ratios.append(row | {"multiply_adds_ratio": work["teacher"] / work[student]})
    first = ["runtime", "network", "precision", "threads", "batch_size", "decoding"]
    frame = pd.DataFrame(rows)
    write_csv(frame[[*first, *(name for name in frame if name not in first)]].sort_values(first), timing)
    write_csv(pd.DataFrame(ratios).sort_values(KEYS), table)


def ratio_interval(numerator: np.ndarray, denominator: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the ratio of two medians, rounds resampled in pairs.

    Args:
        numerator, denominator: seconds, float [rounds], measured in the same rounds.
        seed: of the resampling.
    """
    rounds = np.random.default_rng(seed).integers(len(numerator), size=(RESAMPLES, len(numerator)))
    ratios = np.median(numerator[rounds], axis=1) / np.median(denominator[rounds], axis=1)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(low), float(high)


def draw_timing(timing: str, student: str, scale: str, paths: list[str]) -> None:
    """Draw the median milliseconds an image of teacher and student in every runtime, with p10 and p90.

    Args:
        timing: CSV of `write_timing`.
        student: its network id.
        scale: of the run, in words.
        paths: to write.
    """
    set_style()
    frame = pd.read_csv(timing)
    frame = frame[frame["threads"] == frame["threads"].max()]
    frame["how"] = frame["runtime"] + " " + frame["precision"]
    hows = frame["how"].drop_duplicates().tolist()
    sizes = sorted(frame["batch_size"].unique())
    figure, axes = plt.subplots(
        len(sizes), 2, figsize=(WIDTH, 0.9 + 1.9 * len(sizes)), sharex=True, sharey=True, layout="constrained"
    )
    looks = {"teacher": ("#000000", "D", -0.15), student: ("#009E73", "o", 0.15)}
    for size, row in zip(sizes, axes, strict=True):
        for axis, decoding in zip(row, ("no", "yes"), strict=True):
            chosen = frame[(frame["batch_size"] == size) & (frame["decoding"] == decoding)]
            for network, (colour, marker, offset) in looks.items():
                of_network = chosen[chosen["network"] == network].set_index("how").loc[hows]
                y = np.arange(len(hows)) + offset
                middle = 1000 * of_network["median"]
                axis.hlines(y, 1000 * of_network["p10"], 1000 * of_network["p90"], color=colour, linewidth=1.5)
                axis.plot(middle, y, marker, color=colour, markersize=5, linestyle="none", label=network)
                for at, value in zip(y, middle, strict=True):
                    axis.annotate(f"{value:.2g}", (value, at), (6, -2), textcoords="offset points", fontsize=6)
            axis.set(xscale="log", yticks=range(len(hows)), yticklabels=hows, xlabel="milliseconds an image")
            what = "from the file to the answer" if decoding == "yes" else "the network alone"
            axis.set_title(f"batch {size}, {what}", fontsize=9)
            sns.despine(ax=axis)
    axes[0, 0].invert_yaxis()
    axes[0, 0].legend(fontsize=7)
    threads = frame["threads"].iloc[0]
    figure.suptitle(f"Time an image takes on {threads} thread{'s' if threads > 1 else ''}: median, p10 to p90")
    save(figure, scale, paths)
