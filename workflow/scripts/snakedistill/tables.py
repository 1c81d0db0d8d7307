"""The paper's tables, measured beside printed."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from snakedistill import metrics
from snakedistill.files import join_one_to_one, write_csv
from snakedistill.lineage import read_labels, read_predictions
from snakedistill.network_ids import networks
from snakedistill.statistics import bootstrap_intervals, exact_interval, ratio_interval

Files = dict[tuple[int, str], str]
"""One file of every network: paths by (seed, network id)."""

PAPER_NETWORKS = {"classic": "classic-0", "hard": "hard-0", "soft": "soft-0"}
"""Ids of the networks that the paper's tables name by family alone."""

DURING_TRAINING = "during training, best epoch"


def write_evaluation_table(evaluations: Files, histories: Files, printed: str, table: str) -> None:
    """Write loss and accuracy of every network, measured beside printed (the paper's section 3).

    Args:
        evaluations: path of the evaluation CSV by (seed, network id).
        histories: path of the history CSV by (seed, network id).
        printed: CSV of the paper's numbers.
        table: CSV to write: seed, network, split, labels, augmented, repeats, loss and accuracy (of augmented ones
            the best, as the paper prints), their mean and standard deviation over repeats, the paper's, differences.
    """
    rows = []
    for (seed, network), path in evaluations.items():
        best = best_epoch(histories[seed, network])
        for split, prefix in (("train", ""), ("validation", "val_")):
            rows.append(
                {"seed": seed, "network": network, "split": split, "labels": "own", "augmented": DURING_TRAINING}
                | {"repeats": 1, "loss": best[f"{prefix}loss"], "accuracy": best[f"{prefix}accuracy"]}
            )
        measured = pd.read_csv(path)
        for (split, labels, augmented), group in measured.groupby(["split", "labels", "augmented"], sort=False):
            row = {"seed": seed, "network": network, "split": split, "labels": labels, "augmented": augmented}
            row |= {"repeats": len(group), "loss": group["loss"].min(), "accuracy": group["accuracy"].max()}
            if len(group) > 1:
                for name in ("loss", "accuracy"):
                    row |= {f"{name}_mean": group[name].mean(), f"{name}_sd": group[name].std(ddof=1)}
            rows.append(row)
    columns = ["seed", "network", "split", "labels", "augmented", "repeats", "loss", "accuracy"]
    columns += ["loss_mean", "loss_sd", "accuracy_mean", "accuracy_sd"]
    frame = pd.DataFrame(rows, columns=columns)
    paper = pd.read_csv(printed).replace({"network": PAPER_NETWORKS})
    write_csv(_beside_paper(frame, paper, ["network", "split", "labels", "augmented"], ["loss", "accuracy"]), table)


def write_uncertainty_table(
    predictions: dict[str, Files],
    students: dict,
    splits: str,
    printed: str,
    table: str,
) -> None:
    """Write uncertainty (15) and accuracy with manual labels of every network and part (sections 4.3 and 4.4).

    Args:
        predictions: CSV files of the predictions by part.
        students: the config's `students`.
        splits: CSV with image_id and manual label.
        printed: CSV of the paper's numbers.
        table: CSV to write: seed, network, family, generation, split, images, uncertainty with its 95 % interval by
            bootstrap over images (uncertainty_low, uncertainty_high), accuracy with its exact binomial one
            (accuracy_low, accuracy_high), the paper's, differences.
    """
    known = networks(students)
    frames = []
    for (seed, split), answers in _answers(predictions, splits).items():
        label = next(iter(answers.values()))["label"].to_numpy()
        squared = [metrics.squared_distance(joined["probability"]) for joined in answers.values()]
        intervals = bootstrap_intervals(np.stack(squared, axis=1), label, bounds=(0, 0.25))
        rows = []
        for (network, joined), interval in zip(answers.items(), intervals, strict=True):
            correct = int(metrics.correct(joined["probability"], joined["label"]).sum())
            row = {"seed": seed, "network": network, "family": known[network].family}
            row |= {"generation": known[network].generation, "split": split, "images": len(joined)}
            row |= {"uncertainty": metrics.uncertainty(joined["probability"])}
            row |= dict(zip(("uncertainty_low", "uncertainty_high"), interval, strict=True))
            row |= {"accuracy": correct / len(joined)}
            row |= dict(zip(("accuracy_low", "accuracy_high"), exact_interval(correct, len(joined)), strict=True))
            rows.append(row)
        frames.append(pd.DataFrame(rows).astype({"generation": "Int64"}))
    paper = pd.read_csv(printed, dtype={"generation": "Int64"})
    keys = ["family", "generation", "split"]
    write_csv(_beside_paper(pd.concat(frames), paper, keys, ["uncertainty", "accuracy"]), table)


def write_class_table(predictions: dict[str, Files], classes: list[str], splits: str, table: str) -> None:
    """Write how often each network errs on each class, and how unsure of it it is (what claim C7 is about).

    Args:
        predictions: CSV files of the predictions by part.
        classes: names; the position of a name is its label.
        splits: CSV with image_id and manual label.
        table: CSV to write: seed, network, split, class, images, errors, error_rate with its exact 95 % interval
            (error_rate_low, error_rate_high), uncertainty.
    """
    rows = []
    for (seed, split), answers in _answers(predictions, splits).items():
        for network, joined in answers.items():
            for label, name in enumerate(classes):
                of_class = joined[joined["label"] == label]
                images = len(of_class)
                errors = int((~metrics.correct(of_class["probability"], of_class["label"])).sum())
                low, high = exact_interval(errors, images)
                row = {"seed": seed, "network": network, "split": split, "class": name, "images": images}
                row |= {"errors": errors, "error_rate": errors / images}
                row |= {"error_rate_low": low, "error_rate_high": high}
                rows.append(row | {"uncertainty": metrics.uncertainty(of_class["probability"])})
    write_csv(pd.DataFrame(rows), table)


def write_histogram_table(
    predictions: dict[str, Files], splits: str, bin_width: float, printed: str, table: str
) -> None:
    """Write the relative frequencies of predictions in bins, measured beside printed (section 4.2).

    Args:
        predictions: CSV files of the predictions by part.
        splits: CSV of the split that they were made from.
        bin_width: of the bins on [0, 1].
        printed: CSV of the paper's numbers, bins of 0.05.
        table: CSV to write: seed, network, split, bin_low, bin_high, relative_frequency, the paper's, difference.
    """
    frames = []
    for split, paths in predictions.items():
        for (seed, network), path in paths.items():
            probability = read_predictions(path, network, seed, splits=splits)["probability"]
            edges, frequencies = metrics.relative_frequencies(probability, bin_width)
            bins = {"bin_low": edges[:-1].round(6), "bin_high": edges[1:].round(6), "relative_frequency": frequencies}
            frames.append(pd.DataFrame({"seed": seed, "network": network, "split": split} | bins))
    paper = pd.read_csv(printed).replace({"network": PAPER_NETWORKS})
    keys = ["network", "split", "bin_low", "bin_high"]
    write_csv(_beside_paper(pd.concat(frames), paper, keys, ["relative_frequency"]), table)


def write_best_epoch_table(histories: Files, labels: Files, splits: str, printed: str, table: str) -> None:
    """Write the epoch with the best validation accuracy of every network (section 5).

    Args:
        histories: path of the history CSV by (seed, network id).
        labels: path of the CSV of the labels that the network trained on, by (seed, network id).
        splits: CSV with image_id and split.
        printed: CSV of the paper's numbers.
        table: CSV to write: seed, network, epochs (trained), epoch (best), val_accuracy, chance (accuracy on validation
            of always the same answer), the paper's epoch.
    """
    split = pd.read_csv(splits)[["image_id", "split"]]
    rows = []
    for (seed, network), path in histories.items():
        best = best_epoch(path)
        given = labels[seed, network]
        joined = join_one_to_one(split, read_labels(given, network, seed, splits), splits, given)
        rows.append(
            {"seed": seed, "network": network, "epochs": len(pd.read_csv(path)), "epoch": int(best["epoch"])}
            | {"val_accuracy": best["val_accuracy"]}
            | {"chance": metrics.chance(joined["label"][joined["split"] == "validation"])}
        )
    paper = pd.read_csv(printed).replace({"network": PAPER_NETWORKS})
    # Epochs of runs of different length have no meaningful difference, so the paper's stands beside without one.
    write_csv(_beside_paper(pd.DataFrame(rows), paper, ["network"], ["epoch"], differences=False), table)


def write_timing_tables(measured: str, student: str, printed: str, timing: str, table: str) -> None:
    """Write seconds an image of every way to run a network, and how many times longer the teacher takes (section 4.1).

    Args:
        measured: JSON file of `time_networks`.
        student: its network id.
        printed: CSV of the paper's numbers.
        timing: CSV to write: runtime, network, precision, threads, batch_size, decoding; median, p10, p90 and mean in
            seconds an image; images (of the test part), seconds_total (mean times images); rounds, processor, flags,
            cores.
        table: CSV to write: runtime, precision, threads, batch_size, decoding; teacher and student (median seconds
            an image), the ratio of these medians with its 95 % bootstrap interval over rounds (ratio_low, ratio_high);
            teacher_multiply_adds, student_multiply_adds (of one image); the paper's seconds and ratio.
    """
    keys = ["runtime", "precision", "threads", "batch_size", "decoding"]
    paper = pd.read_csv(printed).set_index("network")["seconds_per_image"]
    rows, ratios = [], []
    found = json.loads(Path(measured).read_text(encoding="utf-8"))
    calls = pd.DataFrame(found["calls"])
    calls["seconds"] = [np.array(row.seconds) / row.batch_size for row in calls.itertuples()]
    for call in calls.to_dict("records"):
        seconds = call.pop("seconds")
        p10, median, p90 = np.quantile(seconds, [0.1, 0.5, 0.9])
        row = call | {"median": median, "p10": p10, "p90": p90, "mean": seconds.mean(), "images": found["images"]}
        row |= {"seconds_total": seconds.mean() * found["images"], "rounds": len(seconds)}
        rows.append(row | found["machine"])
    for key, group in calls.groupby(keys, sort=False):
        seconds = group.set_index("network")["seconds"]
        low, high = ratio_interval(seconds["teacher"], seconds[student])
        row = dict(zip(keys, key, strict=True)) | {"teacher": np.median(seconds["teacher"])}
        row |= {"student": np.median(seconds[student])}
        row |= {"ratio": row["teacher"] / row["student"], "ratio_low": low, "ratio_high": high}
        row |= {"teacher_multiply_adds": found["multiply_adds"]["teacher"]}
        row |= {"student_multiply_adds": found["multiply_adds"][student]}
        row |= {"paper_teacher": paper["resnet50"], "paper_student": paper["resnet18"]}
        ratios.append(row | {"paper_ratio": paper["resnet50"] / paper["resnet18"]})
    first = ["runtime", "network", "precision", "threads", "batch_size", "decoding"]
    frame = pd.DataFrame(rows)
    frame = frame[[*first, *(name for name in frame if name not in first)]]
    write_csv(frame.sort_values(first), timing)
    write_csv(pd.DataFrame(ratios).sort_values(keys), table)


def as_the_paper_timed(table: pd.DataFrame, decoding: str = "no", batch_size: int = 32) -> pd.Series:
    """The row of the timing table that is nearest to the paper's section 4.1: Keras's `predict` on all threads."""
    (row,) = table[
        (table["runtime"] == "Keras")
        & (table["threads"] == table["threads"].max())
        & (table["batch_size"] == batch_size)
        & (table["decoding"] == decoding)
    ].to_dict("records")
    return pd.Series(row)


def best_epoch(history: str) -> pd.Series:
    """The row of a history CSV with the best validation accuracy, the first of equals."""
    frame = pd.read_csv(history)
    return frame.loc[frame["val_accuracy"].idxmax()]


def _answers(predictions: dict[str, Files], splits: str) -> dict[tuple[int, str], dict[str, pd.DataFrame]]:
    """Manual label and prediction of every image, in the order of `splits`, by (seed, part) and network id."""
    manual = pd.read_csv(splits)
    found: dict[tuple[int, str], dict[str, pd.DataFrame]] = {}
    for split, paths in predictions.items():
        of_part = manual[manual["split"] == split]
        for (seed, network), path in paths.items():
            given = read_predictions(path, network, seed, splits=splits)
            joined = join_one_to_one(of_part, given, splits, path)
            found.setdefault((seed, split), {})[network] = joined
    return found


def _beside_paper(
    measured: pd.DataFrame, paper: pd.DataFrame, keys: list[str], values: list[str], differences: bool = True
) -> pd.DataFrame:
    """Add the paper's values, empty where it prints none, and measured minus printed."""
    paper = paper[keys + values].rename(columns={name: f"paper_{name}" for name in values})
    joined = measured.merge(paper, on=keys, how="left", validate="many_to_one")
    if differences:
        for name in values:
            joined[f"{name}_difference"] = joined[name] - joined[f"paper_{name}"]
    return joined
