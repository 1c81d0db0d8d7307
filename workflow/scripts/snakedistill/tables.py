"""The paper's tables, measured beside printed, and the page that holds them."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from snakedistill import metrics
from snakedistill.configuration import networks
from snakedistill.files import join_one_to_one, read_predictions, write_csv, write_text

Files = dict[tuple[int, str], str]
"""One file of every network: paths by (seed, network id)."""

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
        best = _best_epoch(histories[seed, network])
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
    paper = pd.read_csv(printed).replace({"network": _PAPER_NETWORKS})
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
        table: CSV to write: seed, network, family, generation, split, images, uncertainty, accuracy, the paper's,
            differences.
    """
    manual = pd.read_csv(splits)
    known = networks(students)
    rows = []
    for split, paths in predictions.items():
        for (seed, network), path in paths.items():
            of_part = manual[manual["split"] == split]
            joined = join_one_to_one(of_part, read_predictions(path), splits, path)
            rows.append(
                {
                    "seed": seed,
                    "network": network,
                    "family": known[network].family,
                    "generation": known[network].generation,
                    "split": split,
                    "images": len(joined),
                    "uncertainty": metrics.uncertainty(joined["probability"]),
                    "accuracy": metrics.accuracy(joined["probability"], joined["label"]),
                }
            )
    frame = pd.DataFrame(rows).astype({"generation": "Int64"})
    paper = pd.read_csv(printed, dtype={"generation": "Int64"})
    write_csv(_beside_paper(frame, paper, ["family", "generation", "split"], ["uncertainty", "accuracy"]), table)


def write_histogram_table(predictions: dict[str, Files], bin_width: float, printed: str, table: str) -> None:
    """Write the relative frequencies of predictions in bins, measured beside printed (section 4.2).

    Args:
        predictions: CSV files of the predictions by part.
        bin_width: of the bins on [0, 1].
        printed: CSV of the paper's numbers, bins of 0.05.
        table: CSV to write: seed, network, split, bin_low, bin_high, relative_frequency, the paper's, difference.
    """
    frames = []
    for split, paths in predictions.items():
        for (seed, network), path in paths.items():
            edges, frequencies = metrics.relative_frequencies(read_predictions(path)["probability"], bin_width)
            bins = {"bin_low": edges[:-1].round(6), "bin_high": edges[1:].round(6), "relative_frequency": frequencies}
            frames.append(pd.DataFrame({"seed": seed, "network": network, "split": split} | bins))
    paper = pd.read_csv(printed).replace({"network": _PAPER_NETWORKS})
    keys = ["network", "split", "bin_low", "bin_high"]
    write_csv(_beside_paper(pd.concat(frames), paper, keys, ["relative_frequency"]), table)


def write_best_epoch_table(histories: Files, printed: str, table: str) -> None:
    """Write the epoch with the best validation accuracy of every network (section 5).

    Args:
        histories: path of the history CSV by (seed, network id).
        printed: CSV of the paper's numbers.
        table: CSV to write: seed, network, epochs (trained), epoch (best), val_accuracy, the paper's epoch.
    """
    rows = []
    for (seed, network), path in histories.items():
        best = _best_epoch(path)
        rows.append(
            {"seed": seed, "network": network, "epochs": len(pd.read_csv(path)), "epoch": int(best["epoch"])}
            | {"val_accuracy": best["val_accuracy"]}
        )
    paper = pd.read_csv(printed).replace({"network": _PAPER_NETWORKS})
    # Epochs of runs of different length have no meaningful difference, so the paper's stands beside without one.
    write_csv(_beside_paper(pd.DataFrame(rows), paper, ["network"], ["epoch"], differences=False), table)


_PAPER_NETWORKS = {"classic": "classic-0", "hard": "hard-0", "soft": "soft-0"}


def _best_epoch(history: str) -> pd.Series:
    frame = pd.read_csv(history)
    return frame.loc[frame["val_accuracy"].idxmax()]


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


def scale_of_run(config: dict, splits: str) -> str:
    """One paragraph that says on what the numbers of a run were measured."""
    sizes = pd.read_csv(splits)["split"].value_counts()
    drawings = config["archive"] is None
    subject = "drawings made by the built-in sample" if drawings else f"photographs of {Path(config['archive']).name}"
    teacher, student = config["teacher"], config["student"]
    backbone = Path(teacher["backbone"]).stem
    text = (
        f"Run `{config['run']}`: {sizes.sum():,} {subject} ({sizes['train']:,} to train, "
        f"{sizes['validation']:,} to validate, {sizes['test']:,} to test) at {config['image_size']} pixels; "
        f"teacher {backbone}, {teacher['epochs']} epochs; students {Path(student['backbone']).stem}, "
        f"{student['epochs']} epochs; training in {config['precision']}; "
        f"seed{'s' if len(config['seeds']) > 1 else ''} {', '.join(map(str, config['seeds']))}."
    )
    if drawings:
        text += " **These numbers are about drawings of cats and dogs, not about photographs.**"
    return text


def write_summary(config: dict, splits: str, rejected: str, tables: dict[str, str], summary: str) -> None:
    """Write the whole result on one page of Markdown.

    Args:
        config: the merged configuration.
        splits: CSV of the split.
        rejected: CSV of the members that were left out.
        tables: paths of the tables `evaluation`, `uncertainty`, `histograms` and `best_epoch`.
        summary: Markdown file to write.
    """
    frames = {name: pd.read_csv(path) for name, path in tables.items()}
    students = [network.id for network in networks(config["students"]).values() if not network.generation]
    rejects = len(pd.read_csv(rejected))
    page = [
        "# Knowledge distillation: what was measured",
        scale_of_run(config, splits),
        f"{rejects} member{'s' if rejects != 1 else ''} of the archive {'were' if rejects != 1 else 'was'} left out "
        "(`data/rejected.csv`). *Paper* is the number that Biryukova's paper prints for its own run, 25,000 "
        "photographs at 224 pixels; an empty cell means that it prints none.",
    ]
    several = len(config["seeds"]) > 1
    for seed in config["seeds"]:
        of_seed = {name: frame[frame["seed"] == seed] for name, frame in frames.items()}
        level = "##"
        if several:
            page.append(f"## Seed {seed}")
            level = "###"
        page += [
            f"{level} Accuracy and uncertainty on the test part, manual labels",
            _generations(of_seed["uncertainty"], "test"),
            f"{level} Loss and accuracy (section 3)",
            "Of evaluations with augmentation, the best as the paper prints it, and mean ± standard deviation.",
            _evaluations(of_seed["evaluation"], students),
            f"{level} Uncertainty and accuracy on the other parts (sections 4.3, 4.4)",
            "Train:",
            _generations(of_seed["uncertainty"], "train"),
            "Validation:",
            _generations(of_seed["uncertainty"], "validation"),
            f"{level} Predictions in the two end bins",
            "Share of predictions in the first and the last bin: how many answers are confident.",
            _end_bins(of_seed["histograms"]),
            f"{level} Best epoch (section 5)",
            _markdown(
                ["network", "best epoch", "of", "paper's, of 100", "validation accuracy"],
                (
                    [row.network, row.epoch, row.epochs, _number(row.paper_epoch, 0), _number(row.val_accuracy)]
                    for row in of_seed["best_epoch"].itertuples()
                ),
            ),
        ]
    page.append("Every number, with all digits, is in `tables/`; the settings are in `config.yaml`.")
    write_text("\n\n".join(page) + "\n", summary)


def _generations(frame: pd.DataFrame, split: str) -> str:
    return _markdown(
        ["network", "accuracy", "paper", "difference", "uncertainty", "paper", "difference"],
        (
            [row.network]
            + [_number(row.accuracy), _number(row.paper_accuracy), _signed(row.accuracy_difference)]
            + [_number(row.uncertainty), _number(row.paper_uncertainty), _signed(row.uncertainty_difference)]
            for row in frame[frame["split"] == split].itertuples()
        ),
    )


def _evaluations(frame: pd.DataFrame, of: list[str]) -> str:
    def cells(row) -> list:
        kind = {"no": "plain", "yes": f"augmented, best of {row.repeats}"}.get(row.augmented, row.augmented)
        spread = f"{row.accuracy_mean:.4f} ± {row.accuracy_sd:.4f}" if row.repeats > 1 else ""
        return [
            row.network, row.split, row.labels, kind, _number(row.loss), _number(row.paper_loss),
            _number(row.accuracy), _number(row.paper_accuracy), _signed(row.accuracy_difference), spread,
        ]  # fmt: skip

    head = ["network", "part", "labels", "how", "loss", "paper", "accuracy", "paper", "difference", "mean ± sd"]
    return _markdown(head, (cells(row) for row in frame[frame["network"].isin(of)].itertuples()))


def _end_bins(frame: pd.DataFrame) -> str:
    ends = frame[(frame["bin_low"] == 0) | (frame["bin_high"] == 1)]
    values = ["relative_frequency", "paper_relative_frequency"]
    shares = ends.groupby(["network", "split"], sort=False)[values].sum(min_count=2).reset_index()
    return _markdown(
        ["network", "part", "share", "paper"],
        (
            [row.network, row.split, _number(row.relative_frequency), _number(row.paper_relative_frequency)]
            for row in shares.itertuples()
        ),
    )


def _markdown(head: list[str], rows: Iterable[list]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _number(value: float, digits: int = 4) -> str:
    return "" if pd.isna(value) else f"{value:.{digits}f}"


def _signed(value: float) -> str:
    return "" if pd.isna(value) else f"{value:+.4f}"
