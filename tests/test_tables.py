"""Each table's numbers, computed again from the prediction files in another way."""

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, measured_timing

from snakedistill.core.errors import InputError
from snakedistill.core.files import write_csv, written_whole
from snakedistill.core.joins import join_one_to_one
from snakedistill.core.lineage import record_lineage
from snakedistill.results import tables

REFERENCE = ROOT / "workflow/reference"
STUDENTS = {"classic": {"labels": "manual", "generations": 0}, "soft": {"labels": "soft", "generations": 1}}
NETWORKS = ["teacher", "classic-0", "soft-0", "soft-1"]
PARTS = {"train": 60, "validation": 20, "test": 20}


@pytest.fixture
def predictions(tmp_path):
    """Made-up predictions of two seeds of four networks, and their split; rows shuffled, for joins go by image_id."""
    rng = np.random.default_rng(0)
    rows = [(f"{part}.{i}", i % 2, part) for part, images in PARTS.items() for i in range(images)]
    pd.DataFrame(rows, columns=["image_id", "label", "split"]).to_csv(tmp_path / "splits.csv", index=False)
    paths = {part: {} for part in PARTS}
    for seed in (0, 1):
        for network in NETWORKS:
            for part, images in PARTS.items():
                logit = rng.normal(0, 3, images).astype(np.float32)
                frame = pd.DataFrame({"image_id": [f"{part}.{i}" for i in rng.permutation(images)], "logit": logit})
                frame["probability"] = 1 / (1 + np.exp(-logit))
                paths[part][seed, network] = tmp_path / f"{seed}.{network}.{part}.csv"
                write_csv(frame, paths[part][seed, network])
                record_lineage(paths[part][seed, network], network, seed, splits=tmp_path / "splits.csv")
    return paths


def test_uncertainty_and_accuracy_by_counting(predictions, tmp_path):
    tables.write_uncertainty_table(
        predictions, STUDENTS, tmp_path / "splits.csv", REFERENCE / "uncertainty.csv", tmp_path / "t.csv"
    )
    table = pd.read_csv(tmp_path / "t.csv")
    assert len(table) == 2 * 4 * 3
    labels = {row.image_id: row.label for row in pd.read_csv(tmp_path / "splits.csv").itertuples()}
    for row in table.itertuples():
        given = pd.read_csv(predictions[row.split][row.seed, row.network])
        right, distance = 0, 0.0
        for one in given.itertuples():
            right += (one.probability > 0.5) == (labels[one.image_id] == 1)
            distance += min(one.probability, 1 - one.probability) ** 2
        assert row.accuracy == pytest.approx(right / len(given))
        assert row.uncertainty == pytest.approx(distance / len(given), rel=1e-5)
        assert row.images == len(given)
    soft = table.query("network == 'soft-1' and split == 'test' and seed == 1").iloc[0]
    assert soft["paper_accuracy"] == 0.9632
    assert soft["accuracy_difference"] == pytest.approx(soft["accuracy"] - 0.9632)


def test_histograms_by_counting(predictions, tmp_path):
    tables.write_histogram_table(
        predictions, tmp_path / "splits.csv", 0.05, REFERENCE / "histograms.csv", tmp_path / "t.csv"
    )
    table = pd.read_csv(tmp_path / "t.csv")
    for (seed, network, split), group in table.groupby(["seed", "network", "split"]):
        given = pd.read_csv(predictions[split][seed, network])["probability"]
        assert len(group) == 20
        assert group["relative_frequency"].sum() == pytest.approx(1)
        for row in group.itertuples():
            inside = (given >= row.bin_low) & ((given < row.bin_high) | (row.bin_high == 1))
            assert row.relative_frequency == pytest.approx(inside.mean())
    printed = table.query("network == 'teacher' and split == 'test' and bin_high == 1")["paper_relative_frequency"]
    assert printed.tolist() == [0.48587, 0.48587]
    assert table.query("network == 'soft-1'")["paper_relative_frequency"].isna().all()


def test_evaluation_and_best_epoch(tmp_path):
    history = {"epoch": [1, 2, 3], "loss": [0.6, 0.5, 0.4], "accuracy": [0.6, 0.7, 0.8]}
    history |= {"val_loss": [0.7, 0.3, 0.35], "val_accuracy": [0.5, 0.9, 0.9]}
    pd.DataFrame(history).to_csv(tmp_path / "history.csv", index=False)
    rows = [("test", "manual", "no", 0, 0.30, 0.90)]
    rows += [("test", "manual", "yes", k, loss, acc) for k, loss, acc in ((1, 0.4, 0.8), (2, 0.2, 0.85), (3, 0.3, 0.9))]
    columns = ["split", "labels", "augmented", "repeat", "loss", "accuracy"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "evaluation.csv", index=False)
    one = {(0, "hard-0"): tmp_path / "evaluation.csv"}, {(0, "hard-0"): tmp_path / "history.csv"}

    tables.write_evaluation_table(*one, REFERENCE / "evaluation.csv", tmp_path / "t.csv")
    table = pd.read_csv(tmp_path / "t.csv").set_index(["split", "labels", "augmented"])
    best = table.loc["test", "manual", "yes"]
    assert (best["loss"], best["accuracy"], best["repeats"]) == (0.2, 0.9, 3)
    assert best["accuracy_mean"] == pytest.approx(0.85)
    assert best["accuracy_sd"] == pytest.approx(np.std([0.8, 0.85, 0.9], ddof=1))
    assert best["paper_accuracy"] == 0.9456
    during = table.loc["validation", "own", tables.DURING_TRAINING]
    assert (during["loss"], during["accuracy"], during["paper_accuracy"]) == (0.3, 0.9, 0.95293)

    splits, labels = tmp_path / "splits.csv", tmp_path / "labels.csv"
    ids = [f"cat.{i}" for i in range(8)]
    pd.DataFrame({"image_id": ids, "label": 0, "split": ["train"] * 3 + ["validation"] * 5}).to_csv(splits, index=False)
    pd.DataFrame({"image_id": ids[::-1], "label": [0.6, 0.2, 0.9, 0.7, 0.5, 0, 0, 0]}).to_csv(labels, index=False)
    record_lineage(labels, "hard-0", 0, splits=splits)
    of_labels = {(0, "hard-0"): labels}
    tables.write_best_epoch_table(one[1], of_labels, splits, REFERENCE / "best_epoch.csv", tmp_path / "b.csv")
    row = pd.read_csv(tmp_path / "b.csv").iloc[0]
    assert (row["epoch"], row["epochs"], row["paper_epoch"]) == (2, 3, 47)
    assert row["chance"] == 0.6  # labels of 0.5, 0.7, 0.9, 0.2 and 0.6 on validation


def test_every_printed_number_finds_its_place():
    """The keys of the paper's CSV files are those of our tables, so that no printed number falls out of a join."""
    networks = {"teacher", "classic-0", "hard-0", "soft-0"}
    for table in ("evaluation", "histograms", "best_epoch"):
        printed = pd.read_csv(REFERENCE / f"{table}.csv").replace({"network": tables.PAPER_NETWORKS})
        assert set(printed["network"]) <= networks
    assert set(pd.read_csv(REFERENCE / "evaluation.csv")["augmented"]) == {"no", "yes", tables.DURING_TRAINING}
    uncertainty = pd.read_csv(REFERENCE / "uncertainty.csv")
    assert len(uncertainty) == 3 * (1 + 1 + 7 + 7)
    assert not uncertainty.duplicated(["family", "generation", "split"]).any()


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


def test_timing_by_counting(tmp_path):
    teacher = [0.5, 0.4, 0.9, 0.6, 0.7]
    measured = measured_timing(tmp_path / "m.json", {("teacher", "OpenVINO", "int8", 1, "yes"): teacher}, (1, 2))
    reference = REFERENCE / "timing.csv"
    tables.write_timing_tables(measured, "soft-0", reference, tmp_path / "timing.csv", tmp_path / "t.csv")
    timing = pd.read_csv(tmp_path / "timing.csv")
    assert len(timing) == 2 * 2 * 5 * 2 * 2
    keys = "runtime == 'OpenVINO' and precision == 'int8' and batch_size == 1 and decoding == 'yes' and threads == 2"
    (row,) = timing.query(f"{keys} and network == 'teacher'").to_dict("records")
    assert (row["median"], row["mean"], row["images"], row["rounds"]) == (0.6, pytest.approx(0.62), 70, 5)
    assert (row["p10"], row["p90"]) == pytest.approx((0.44, 0.82))
    assert row["seconds_total"] == pytest.approx(0.62 * 70)
    assert (row["processor"], row["flags"], row["cores"]) == ("Abacus", "avx2", 2)
    of_batch = timing.query("batch_size == 32 and network == 'soft-0'")
    assert (of_batch["median"] == 1).all()

    table = pd.read_csv(tmp_path / "t.csv")
    assert len(table) == 2 * 5 * 2 * 2
    (row,) = table.query(keys).to_dict("records")
    assert (row["teacher"], row["student"], row["ratio"]) == (0.6, 1, 0.6)
    assert 0.4 <= row["ratio_low"] < 0.6 < row["ratio_high"] <= 0.9
    assert row["teacher_multiply_adds"] / row["student_multiply_adds"] == pytest.approx(41 / 18)
    assert row["paper_ratio"] == pytest.approx(0.35452 / 0.07168)
    nearest = tables.as_the_paper_timed(table)
    assert tuple(nearest[["runtime", "threads", "batch_size", "decoding"]]) == ("Keras", 2, 32, "no")
