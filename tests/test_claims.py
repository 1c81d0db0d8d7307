"""Claims on made-up predictions, whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, measured_timing

from snakedistill.claims import FAILS, HOLDS, OPEN, write_claims
from snakedistill.errors import InputError
from snakedistill.files import write_csv
from snakedistill.lineage import record_lineage
from snakedistill.tables import write_timing_tables

PRINTED = {
    table: ROOT / f"workflow/reference/{table}.csv"
    for table in ("evaluation", "uncertainty", "histograms", "best_epoch")
}
PARTS = {"train": 2000, "validation": 600, "test": 600}
NETWORKS = ["teacher", "classic-0", "hard-0", "soft-0", "hard-1", "soft-1", "hard-2", "soft-2"]


class Run:
    """Predictions of one seed: every network is right on the images below its accuracy, in the same order for all."""

    def __init__(self, folder, accuracy=None, confidence=None, networks=NETWORKS, epochs=None):
        self.folder = folder
        rows = [(f"{part}.{i}", i % 2, part) for part, images in PARTS.items() for i in range(images)]
        self.splits = pd.DataFrame(rows, columns=["image_id", "label", "split"])
        self.splits.to_csv(folder / "splits.csv", index=False)
        self.paths = {part: {} for part in PARTS}
        self.augmented, self.histories = {}, {}
        for network in networks:
            for part, images in PARTS.items():
                of_part = self.splits[self.splits["split"] == part]
                right = np.arange(images) < round((accuracy or {}).get(network, 0.95) * images)
                distance = (confidence or {}).get(network, 0.02) * np.ones(images)
                toward = np.where(right, of_part["label"], 1 - of_part["label"])
                probability = np.where(toward == 1, 1 - distance, distance).astype(np.float32)
                frame = of_part[["image_id"]].assign(logit=np.log(probability / (1 - probability)))
                frame["probability"] = probability
                self.paths[part][0, network] = folder / f"{network}.{part}.csv"
                self._write(frame.sample(frac=1, random_state=0), network, self.paths[part][0, network])
            self.augmented[0, network] = folder / f"{network}.augmented.csv"
            repeated = pd.concat([frame.assign(repeat=1), frame.assign(repeat=2)])
            self._write(repeated, network, self.augmented[0, network])
            self.histories[0, network] = folder / f"{network}.history.csv"
            best = (epochs or {}).get(network, 2)
            history = pd.DataFrame(
                {"epoch": range(1, 11), "val_accuracy": [0.8 + 0.1 * (e == best) for e in range(1, 11)]}
            )
            history.to_csv(self.histories[0, network], index=False)

    def _write(self, predictions, network, path):
        write_csv(predictions, path)
        record_lineage(path, network, 0, splits=self.folder / "splits.csv")

    def claims(self, seconds=None, backbones=("resnet50", "resnet18")) -> pd.DataFrame:
        measured = measured_timing(self.folder / "measured.json", seconds or {})
        timing, printed = self.folder / "timing.csv", ROOT / "workflow/reference/timing.csv"
        write_timing_tables(measured, "soft-0", printed, self.folder / "all.csv", timing)
        write_claims(
            self.paths, self.augmented, self.histories, self.folder / "splits.csv", timing, backbones, PRINTED,
            self.folder / "claims.csv",
        )  # fmt: skip
        return pd.read_csv(self.folder / "claims.csv")


def verdicts(claims: pd.DataFrame) -> dict[str, str]:
    return claims.groupby("claim")["verdict"].first().to_dict()


def test_a_run_like_the_papers_is_recognised(tmp_path):
    accuracy = {"teacher": 0.97, "classic-0": 0.968, "hard-0": 0.968, "soft-0": 0.99}
    accuracy |= {"hard-1": 0.96, "soft-1": 0.985, "hard-2": 0.96, "soft-2": 0.985}
    confidence = {"teacher": 0.005, "classic-0": 0.02, "hard-0": 0.04, "soft-0": 0.015}
    confidence |= {"hard-1": 0.041, "soft-1": 0.04, "hard-2": 0.039, "soft-2": 0.045}
    found = verdicts(Run(tmp_path, accuracy, confidence).claims())
    assert {claim: found[claim] for claim in ("C1", "C3", "C5", "C6", "C8", "C9", "C10")} == dict.fromkeys(
        ("C1", "C3", "C5", "C6", "C8", "C9", "C10"), HOLDS
    )


def test_a_run_against_the_paper_is_recognised(tmp_path):
    accuracy = {"teacher": 0.97, "classic-0": 0.9, "hard-0": 0.8, "soft-0": 0.85, "hard-1": 0.7, "soft-1": 0.6}
    confidence = {"teacher": 0.2, "classic-0": 0.1, "hard-0": 0.01, "soft-0": 0.02, "hard-1": 0.3, "soft-1": 0.01}
    found = verdicts(Run(tmp_path, accuracy, confidence).claims())
    expected = ("C1", "C3", "C4", "C5", "C6", "C8", "C9", "C10")
    assert {claim: found[claim] for claim in expected} == dict.fromkeys(expected, FAILS)


def test_equal_networks_settle_nothing_that_asks_for_a_difference(tmp_path):
    found = verdicts(Run(tmp_path).claims())
    assert {claim: found[claim] for claim in ("C3", "C6", "C7", "C10", "C11")} == dict.fromkeys(
        ("C3", "C6", "C7", "C10", "C11"), OPEN
    )


def test_a_verdict_is_never_stronger_than_the_interval(tmp_path):
    accuracy = {"teacher": 0.96, "classic-0": 0.94, "hard-0": 0.935, "soft-0": 0.945, "hard-1": 0.92, "soft-1": 0.93}
    claims = Run(tmp_path, accuracy, {"teacher": 0.03, "hard-0": 0.06, "soft-1": 0.07}).claims()
    bounds = claims["claimed"].str.extract(r"(?P<sign>[<>]) (?P<bound>.+)|(?P<least>.+) to (?P<most>.+)")
    for row, bound in zip(claims.itertuples(), bounds.itertuples(), strict=True):
        if pd.isna(row.low):
            assert row.finding == OPEN
            continue
        assert row.low <= row.value <= row.high
        least = float(bound.bound) if bound.sign == ">" else -np.inf if bound.sign == "<" else float(bound.least)
        most = float(bound.bound) if bound.sign == "<" else np.inf if bound.sign == ">" else float(bound.most)
        inside, outside = least < row.low and row.high < most, row.high <= least or most <= row.low
        assert row.finding == (HOLDS if inside else FAILS if outside else OPEN)
    for _, of_claim in claims.groupby("claim"):
        findings = set(of_claim["finding"])
        assert set(of_claim["verdict"]) == {FAILS if FAILS in findings else OPEN if OPEN in findings else HOLDS}


def test_the_figures_by_counting(tmp_path):
    accuracy = {"teacher": 0.96, "classic-0": 0.9, "soft-0": 0.93}
    run = Run(tmp_path, accuracy, {"soft-0": 0.2, "hard-0": 0.3, "soft-2": 0.4})
    figures = run.claims().set_index("figure")["value"]
    label = run.splits.set_index("image_id")["label"]

    def read(network: str, part: str = "test") -> list[tuple[float, int]]:
        given = pd.read_csv(run.paths[part][0, network])
        return [(row.probability, label[row.image_id]) for row in given.itertuples()]

    def share(pairs, counts) -> float:
        return sum(counts(p, y) for p, y in pairs) / len(pairs)

    def right(p: float, y: int) -> bool:
        return (p > 0.5) == (y == 1)

    soft, classic = share(read("soft-0"), right), share(read("classic-0"), right)
    assert figures["soft-0 - classic-0: accuracy, test"] == pytest.approx(soft - classic)
    assert figures["soft-0 - classic-0: augmented accuracy, test"] == pytest.approx(soft - classic)
    dogs, cats = ([pair for pair in read("teacher") if pair[1] == y] for y in (1, 0))
    expected = share(dogs, lambda p, y: not right(p, y)) - share(cats, lambda p, y: not right(p, y))
    assert figures["teacher: error rate on dogs - on cats, test"] == pytest.approx(expected)
    for part in ("test", "train"):
        above = share(read("soft-0", part), lambda p, y: 0.5 <= p < 0.95)
        below = share(read("soft-0", part), lambda p, y: 0.05 <= p < 0.5)
        assert figures[f"soft-0: inner bins above - below 0.5, {part}"] == pytest.approx(above - below)
    ends = share(read("teacher", "train"), lambda p, y: p < 0.05 or p >= 0.95)
    assert figures["teacher: end bins, train"] == pytest.approx(ends)
    unsure = [share(read(one), lambda p, y: min(p, 1 - p) ** 2) for one in ("soft-2", "soft-0")]
    assert figures["soft-2 - soft-0: uncertainty, test"] == pytest.approx(unsure[0] - unsure[1], rel=1e-5)


def test_the_papers_own_figures_come_from_its_tables(tmp_path):
    claims = Run(tmp_path, epochs={"classic-0": 8, "hard-0": 4}).claims().set_index("figure")
    paper = claims["paper"]
    assert paper["soft-0 - classic-0: accuracy, test"] == pytest.approx(0.9632 - 0.9616)
    assert paper["soft-0 - classic-0: augmented accuracy, test"] == pytest.approx(0.9504 - 0.94987)
    assert paper["hard-0 - soft-0: uncertainty, train"] == pytest.approx(0.005 - 0.00163)
    assert paper["soft-2 - hard-2: accuracy, test"] == pytest.approx(0.95733 - 0.9488)
    assert paper["hard-0: end bins, train"] == pytest.approx(0.46382 + 0.45257)
    assert paper["teacher / student: seconds an image, Keras, batch 32, threads 2"] == pytest.approx(0.35452 / 0.07168)
    epochs = claims.loc["hard-0 / classic-0: best epoch"]
    assert (epochs["value"], epochs["paper"], epochs["finding"]) == (0.5, pytest.approx(47 / 86), OPEN)


@pytest.mark.parametrize(
    ("teacher", "backbones", "finding"),
    [
        ([160, 161, 159, 160, 162], ("resnet50", "resnet18"), HOLDS),
        ([100, 101, 99, 100, 102], ("resnet50", "resnet18"), FAILS),
        ([100, 101, 144, 150, 160], ("resnet50", "resnet18"), OPEN),
        ([160, 161, 159, 160, 162], ("efficientnet", "resnet18"), OPEN),
    ],
)
def test_the_claim_on_speed_is_weighed_by_the_timing(tmp_path, teacher, backbones, finding):
    seconds = {("teacher", "Keras", "float32", 32, "no"): teacher}
    claims = Run(tmp_path).claims(seconds, backbones)
    (row,) = claims.query("claim == 'C2'").to_dict("records")
    assert row["verdict"] == row["finding"] == finding
    assert row["value"] == pytest.approx(np.median(teacher) / 32)
    assert row["low"] <= row["value"] <= row["high"]
    assert ("this run has efficientnet and resnet18" in row["interval"]) == (backbones[0] != "resnet50")


def test_the_level_is_shared_by_the_figures_of_a_claim(tmp_path):
    claims = Run(tmp_path).claims()
    levels = claims.dropna(subset="low").groupby("claim")["interval"].first()
    assert levels["C1"] == "bootstrap over images, 98.33 %"
    # C5: end bins of 4 networks, and the fullest of 18 inner bins of 4 networks on 2 parts.
    assert levels["C5"] == f"exact binomial, {100 * (1 - 0.05 / (4 + 18 * 8)):.4g} %"


def test_what_a_run_lacks_is_named(tmp_path):
    claims = Run(tmp_path, networks=["teacher", "soft-0"]).claims(backbones=("resnet18", "resnet18"))
    assert set(claims["verdict"]) == {OPEN}
    lacking = claims.set_index("figure")["interval"]
    assert lacking["hard-0 - classic-0: accuracy, test"] == "none: this run has no hard-0"
    assert lacking["soft-1 - soft-0: accuracy, test"] == "none: this run has no soft-1"


@pytest.mark.parametrize("name", ["augmented", "test"])
def test_predictions_of_another_seed_are_an_error(tmp_path, name):
    run = Run(tmp_path)
    record_lineage(tmp_path / f"soft-0.{name}.csv", "soft-0", 1, splits=tmp_path / "splits.csv")
    with pytest.raises(InputError, match=rf"soft-0\.{name}\.csv is not of this making: its seed is 1, not 0"):
        run.claims()
