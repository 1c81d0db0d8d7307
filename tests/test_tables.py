"""Each table's numbers, computed again from the prediction files in another way."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, measured_timing
from made_up import MadeUp

from snakedistill.core.errors import InputError
from snakedistill.core.files import write_csv, written_whole
from snakedistill.core.joins import join_one_to_one
from snakedistill.core.lineage import record_lineage
from snakedistill.export.timing import seconds_an_image
from snakedistill.paper import biryukova
from snakedistill.results.run import Run
from snakedistill.results.tables import TABLES, evaluation, timing, write_table

REFERENCE = ROOT / "workflow/reference"
NETWORKS = ["teacher", "classic-0", "soft-0", "soft-1"]
RESULTS = [(seed, network) for seed in (0, 1) for network in NETWORKS]
PARTS = {"train": 60, "validation": 20, "test": 20}


@pytest.fixture
def run(tmp_path) -> Run:
    """Made-up predictions of two seeds of four networks, and their split; rows shuffled, for joins go by image_id."""
    rng = np.random.default_rng(0)
    rows = [(f"{part}.{i}", i % 2, part) for part, images in PARTS.items() for i in range(images)]
    pd.DataFrame(rows, columns=["image_id", "label", "split"]).to_csv(tmp_path / "splits.csv", index=False)
    paths = {part: [] for part in PARTS}
    for seed, network in RESULTS:
        for part, images in PARTS.items():
            logit = rng.normal(0, 3, images).astype(np.float32)
            frame = pd.DataFrame({"image_id": [f"{part}.{i}" for i in rng.permutation(images)], "logit": logit})
            frame["probability"] = 1 / (1 + np.exp(-logit))
            path = tmp_path / f"{seed}.{network}.{part}.csv"
            write_csv(frame, path)
            record_lineage(path, network, seed, splits=tmp_path / "splits.csv")
            paths[part].append(str(path))
    return Run(RESULTS, ["ant", "bee"], paths | {"splits": str(tmp_path / "splits.csv")}, "paper")


@pytest.fixture
def run_of_splits(run, tmp_path) -> Run:
    """The same predictions, of which seed 1 has other test images than seed 0: its own names, but for five of them."""
    splits = pd.read_csv(run.files["splits"])
    own = splits.assign(image_id=[name if name in SHARED else f"own.{name}" for name in splits["image_id"]])
    paths = {0: run.files["splits"], 1: str(tmp_path / "own.csv")}
    own.to_csv(paths[1], index=False)
    files = {"splits": list(paths.values())} | {part: [] for part in PARTS}
    for part in PARTS:
        for (seed, network), path in run.of_networks(part).items():
            frame, own_path = pd.read_csv(path), str(tmp_path / f"own.{seed}.{network}.{part}.csv")
            if seed == 1:
                frame["image_id"] = [name if name in SHARED else f"own.{name}" for name in frame["image_id"]]
            write_csv(frame, own_path)
            record_lineage(own_path, network, seed, splits=paths[seed])
            files[part].append(own_path)
    return replace(run, files=files)


SHARED = [f"test.{number}" for number in range(5)]


def test_seeds_with_a_split_of_their_own_have_rows_of_their_own_and_of_all(run, run_of_splits, written):
    """No row of a seed changes, nor a mean over both, for only the names of images do."""
    run_of_splits = replace(run_of_splits, sources={"soft-0": "teacher", "soft-1": "soft-0"}, teachers=["teacher"])
    run = replace(run, sources=run_of_splits.sources, teachers=run_of_splits.teachers)
    values = {"comparisons": ["difference", "accuracy_one", "images", "one_alone"], "recursion": ["error_rate"]}
    values |= {"inheritance": ["agreement", "wrong_given_wrong"], "uncertainty": ["accuracy", "uncertainty_low"]}
    values |= {"risk_coverage": ["risk_area", "risk_area_low"]}
    for name, columns in values.items():
        table, expected = written(name, run_of_splits), written(name, run)
        pd.testing.assert_frame_equal(table[columns], expected[columns])
    compared = written("comparisons", run_of_splits)
    assert set(compared["assignments"][compared["seed"] == "all"]) == {2}
    assert set(compared["assignments"][compared["seed"] != "all"]) == {1}
    assert written("recursion", run_of_splits)["slope_across_seeds"].isna().all()
    assert [run_of_splits.of_seed(seed).splits(seed) for seed in (0, 1)] == run_of_splits.files["splits"]


@pytest.fixture
def written(run, tmp_path):
    """Write a table beside the paper's numbers, and read it."""

    def write(name: str, run: Run = run, **settings) -> pd.DataFrame:
        known = REFERENCE / f"{name}.csv"
        write_table(name, run, settings, str(known) if known.is_file() else None, str(tmp_path / "t.csv"))
        return pd.read_csv(tmp_path / "t.csv")

    return write


def manual_labels(run: Run) -> dict[str, int]:
    return {row.image_id: row.label for row in pd.read_csv(run.files["splits"]).itertuples()}


def test_uncertainty_and_accuracy_by_counting(run, written):
    table = written("uncertainty")
    assert list(zip(table["seed"], table["network"], table["split"], strict=True)) == [
        (seed, network, part) for part in PARTS for seed in (0, 1) for network in NETWORKS
    ]
    labels = manual_labels(run)
    for row in table.itertuples():
        given = pd.read_csv(run.predictions()[row.split][row.seed, row.network])
        right, distance = 0, 0.0
        for one in given.itertuples():
            right += (one.probability > 0.5) == (labels[one.image_id] == 1)
            distance += min(one.probability, 1 - one.probability) ** 2
        assert row.accuracy == pytest.approx(right / len(given))
        assert row.uncertainty == pytest.approx(distance / len(given), rel=1e-5)
        assert row.images == len(given)
        assert 0 <= row.accuracy_low < row.accuracy < row.accuracy_high <= 1
        assert 0 <= row.uncertainty_low < row.uncertainty < row.uncertainty_high <= 0.25
        family, _, generation = row.network.partition("-")
        assert row.family == family
        assert pd.isna(row.generation) if family == "teacher" else row.generation == int(generation)
    soft = table.query("network == 'soft-1' and split == 'test' and seed == 1").iloc[0]
    assert soft["paper_accuracy"] == 0.9632
    assert soft["accuracy_difference"] == pytest.approx(soft["accuracy"] - 0.9632)


def test_histograms_by_counting(run, written):
    table = written("histograms", bin_width=0.05)
    groups = table.groupby(["seed", "network", "split"])
    assert len(groups) == len(RESULTS) * len(PARTS)
    for (seed, network, part), group in groups:
        given = pd.read_csv(run.predictions()[part][seed, network])["probability"]
        assert len(group) == 20
        assert group["relative_frequency"].sum() == pytest.approx(1)
        for row in group.itertuples():
            inside = (given >= row.bin_low) & ((given < row.bin_high) | (row.bin_high == 1))
            assert row.relative_frequency == pytest.approx(inside.mean())
    printed = table.query("network == 'teacher' and split == 'test' and bin_high == 1")["paper_relative_frequency"]
    assert printed.tolist() == [0.48587, 0.48587]
    assert table.query("network == 'soft-1'")["paper_relative_frequency"].isna().all()


def test_errors_by_class_by_counting(run, written):
    table = written("classes")
    assert len(table) == len(RESULTS) * len(PARTS) * 2
    assert table.columns[:4].tolist() == ["seed", "network", "split", "class"]
    labels = manual_labels(run)
    for row in table.to_dict("records"):
        given = pd.read_csv(run.predictions()[row["split"]][row["seed"], row["network"]])
        label = ["ant", "bee"].index(row["class"])
        of_class = given["probability"][given["image_id"].map(labels) == label]
        errors = sum((one > 0.5) != (label == 1) for one in of_class)
        assert (row["images"], row["errors"]) == (PARTS[row["split"]] // 2, errors)
        assert row["error_rate"] == pytest.approx(errors / len(of_class))
        assert 0 <= row["error_rate_low"] <= row["error_rate"] <= row["error_rate_high"] <= 1
        distance = sum(min(one, 1 - one) ** 2 for one in of_class)
        assert row["uncertainty"] == pytest.approx(distance / len(of_class), rel=1e-5)


def test_evaluation_and_best_epoch(tmp_path, written):
    history = {"epoch": [1, 2, 3], "loss": [0.6, 0.5, 0.4], "accuracy": [0.6, 0.7, 0.8]}
    history |= {"val_loss": [0.7, 0.3, 0.35], "val_accuracy": [0.5, 0.9, 0.9], "kept": [0, 1, 0]}
    history |= {"val_manual_accuracy": [0.5, 0.8, 0.7]}
    pd.DataFrame(history).to_csv(tmp_path / "history.csv", index=False)
    rows = [("test", "manual", "no", 0, 0.30, 0.90, np.nan), ("train", "manual", "no", 0, 0.20, 0.95, 0.97)]
    rows += [
        ("test", "manual", "yes", k, loss, acc, np.nan)
        for k, loss, acc in ((1, 0.4, 0.8), (2, 0.2, 0.85), (3, 0.3, 0.9))
    ]
    columns = ["split", "labels", "augmented", "repeat", "loss", "accuracy", "label_fit"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "evaluation.csv", index=False)
    splits, labels = tmp_path / "splits.csv", tmp_path / "labels.csv"
    ids = [f"ant.{i}" for i in range(8)]
    pd.DataFrame({"image_id": ids, "label": 0, "split": ["train"] * 3 + ["validation"] * 5}).to_csv(splits, index=False)
    pd.DataFrame({"image_id": ids[::-1], "label": [0.6, 0.2, 0.9, 0.7, 0.5, 0, 0, 0]}).to_csv(labels, index=False)
    record_lineage(labels, "hard-0", 0, splits=splits)
    files = {"histories": "history", "evaluations": "evaluation", "labels": "labels"}
    files = {name: [str(tmp_path / f"{file}.csv")] for name, file in files.items()} | {"splits": str(splits)}
    one = Run([(0, "hard-0")], ["ant", "bee"], files, "paper")

    table = written("evaluation", one).set_index(["split", "labels", "augmented"])
    assert len(table) == 5
    assert table["label_fit"].dropna().to_dict() == {("train", "manual", "no"): 0.97}
    best = table.loc["test", "manual", "yes"]
    assert (best["loss"], best["accuracy"], best["repeats"]) == (0.2, 0.9, 3)
    assert best["accuracy_mean"] == pytest.approx(0.85)
    assert best["accuracy_sd"] == pytest.approx(np.std([0.8, 0.85, 0.9], ddof=1))
    assert best["loss_mean"] == pytest.approx(0.3)
    assert best["loss_sd"] == pytest.approx(np.std([0.4, 0.2, 0.3], ddof=1))
    assert best["paper_accuracy"] == 0.9456
    plain = table.loc["test", "manual", "no"]
    assert (plain["loss"], plain["accuracy"], plain["repeats"]) == (0.3, 0.9, 1)
    assert plain[["loss_mean", "loss_sd", "accuracy_mean", "accuracy_sd"]].isna().all()
    during = table.loc["validation", evaluation.OWN_LABELS, evaluation.DURING_TRAINING]
    assert (during["loss"], during["accuracy"], during["paper_accuracy"]) == (0.3, 0.9, 0.95293)
    of_train = table.loc["train", evaluation.OWN_LABELS, evaluation.DURING_TRAINING]
    assert (of_train["loss"], of_train["accuracy"]) == (0.5, 0.7)

    row = written("best_epoch", one).iloc[0]
    assert (row["epoch"], row["epochs"], row["val_accuracy"], row["paper_epoch"]) == (2, 3, 0.9, 47)
    assert row["val_manual_accuracy"] == 0.8
    assert "epoch_difference" not in row
    assert row["chance"] == 0.6  # labels of 0.5, 0.7, 0.9, 0.2 and 0.6 on validation


def test_every_printed_number_finds_its_place(tmp_path):
    """The keys of the paper's CSV files are those of our tables, so that no printed number falls out of a join."""
    assert {path.stem for path in REFERENCE.glob("*.csv")} == set(biryukova.TABLES) <= set(TABLES)
    networks = ["teacher", "classic-0"] + [f"{family}-{step}" for step in range(7) for family in ("hard", "soft")]
    made_up = MadeUp(tmp_path, PARTS, networks=networks)
    for name in biryukova.TABLES:
        table, printed = made_up.tabulate(name, "paper", REFERENCE), pd.read_csv(REFERENCE / f"{name}.csv")
        keys = [key for key in TABLES[name].keys if key in printed]
        assert not keys or not printed.duplicated(keys).any()
        for value in TABLES[name].values:
            if value in printed:
                placed = table[[*keys, f"paper_{value}"]].dropna(subset=f"paper_{value}")
                if keys:
                    assert placed[f"paper_{value}"].tolist() == pytest.approx(
                        placed[keys].merge(printed, on=keys)[value].tolist()
                    )
                assert sorted(set(placed[f"paper_{value}"])) == pytest.approx(sorted(set(printed[value].dropna())))
                found = table.merge(printed.dropna(subset=value)[keys], on=keys) if keys else table
                assert len(placed) == len(found) >= (printed[value].notna().sum() if name != "timing" else 1)


def test_a_join_that_is_not_one_to_one_is_an_error():
    left = pd.DataFrame({"image_id": ["a", "b"], "x": [1, 2]})
    right = pd.DataFrame({"image_id": ["b", "a"], "y": [20, 10]})
    assert join_one_to_one(left, right, "left", "right")["y"].tolist() == [10, 20]
    with pytest.raises(InputError, match="1 images of left are not in right, for example b"):
        join_one_to_one(left, right[1:], "left", "right")
    with pytest.raises(InputError, match="1 images of right are not in left, for example b"):
        join_one_to_one(left[:1], right, "left", "right")
    with pytest.raises(InputError, match="right has 1 repeated image_id, for example a"):
        join_one_to_one(left, pd.concat([right, right[1:]]), "left", "right")


def test_a_file_that_fails_half_way_leaves_the_old_one(tmp_path):
    (tmp_path / "a.csv").write_text("old")
    with pytest.raises(RuntimeError), written_whole(tmp_path / "a.csv") as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert (tmp_path / "a.csv").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_timing_by_counting(tmp_path, written):
    teacher = [0.5, 0.4, 0.9, 0.6, 0.7]
    measured = measured_timing(tmp_path / "m.json", {("teacher", "OpenVINO", "int8", 1, "yes"): teacher}, (1, 2))
    seconds = seconds_an_image(json.loads(measured.read_text()))
    assert len(seconds) == 2 * 2 * 7 * 2 * 2
    keys = "runtime == 'OpenVINO' and precision == 'int8' and batch_size == 1 and decoding == 'yes' and threads == 2"
    (row,) = seconds.query(f"{keys} and network == 'teacher'").to_dict("records")
    assert (row["median"], row["mean"], row["images"], row["rounds"]) == (0.6, pytest.approx(0.62), 70, 5)
    assert (row["p10"], row["p90"]) == pytest.approx((0.44, 0.82))
    assert row["seconds_total"] == pytest.approx(0.62 * 70)
    assert (row["processor"], row["flags"], row["cores"]) == ("Abacus", "avx2", 2)
    of_batch = seconds.query("batch_size == 32 and network == 'soft-0'")
    assert len(of_batch) == 2 * 7 * 2
    assert (of_batch["median"] == 1).all()

    run = Run([(0, "teacher"), (0, "soft-0")], ["ant", "bee"], {"measured": str(measured)}, "paper")
    table = written("timing", run)
    assert len(table) == 2 * 2 * 7 * 2 * 2
    first, row = table.query(keys).to_dict("records")
    assert (first["network"], first["seconds"], row["network"], row["seconds"], row["ratio"]) == (
        "teacher", 0.6, "soft-0", 1, 0.6,
    )  # fmt: skip
    assert np.isnan(first["ratio"]) and np.isnan(first["paper_ratio"])
    assert 0.4 <= row["ratio_low"] < 0.6 < row["ratio_high"] <= 0.9
    assert first["multiply_adds"] / row["multiply_adds"] == pytest.approx(41 / 18)
    assert (first["paper_seconds"], row["paper_seconds"]) == (0.35452, 0.07168)
    assert row["paper_ratio"] == pytest.approx(0.35452 / 0.07168)
    assert not [column for column in table if column.endswith("_difference")]


def test_the_row_of_a_runtime_in_float32_on_all_threads_is_the_only_one(tmp_path, written):
    seconds = {("teacher", "Keras", "float32", 32, "no"): [32 * 3.0] * 5}
    measured = measured_timing(tmp_path / "m.json", seconds, (1, 2))
    run = Run([(0, "teacher"), (0, "soft-0")], ["ant", "bee"], {"measured": str(measured)}, "paper")
    table = written("timing", run)
    rows = timing.float32_on_all_threads(table, "Keras", 32)
    assert list(rows.index) == ["teacher", "soft-0"]
    assert {tuple(row) for row in rows[["runtime", "precision", "threads", "batch_size", "decoding"]].to_numpy()} == {
        ("Keras", "float32", 2, 32, "no")
    }
    assert rows["ratio"]["soft-0"] == 3
    assert timing.float32_on_all_threads(table, "Keras", 32, "yes")["ratio"]["soft-0"] == 1
    with pytest.raises(ValueError, match="more than one row"):
        timing.float32_on_all_threads(pd.concat([table, table]), "Keras", 32)
