"""Claims on made-up predictions, whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, measured_speed
from made_up import MadeUp

from snakedistill.core.errors import InputError
from snakedistill.core.lineage import record_lineage
from snakedistill.paper import biryukova
from snakedistill.paper.claims import FAILS, HOLDS, IDLE, OPEN, write_claims
from snakedistill.results.tables import TABLES

REFERENCE = ROOT / "workflow/reference"
PRINTED = {table: str(REFERENCE / f"{table}.csv") for table in biryukova.TABLES}
IMAGES = {"train": 2000, "validation": 600, "test": 600}
FEW = {"train": 200, "validation": 200, "test": 200}


def weigh(run: MadeUp, *speed: float) -> pd.DataFrame:
    """The claims of a made-up run."""
    paths = measured_speed(run.folder / "speed.csv", *speed), PRINTED, str(run.folder / "claims.csv")
    write_claims(run.run(biryukova.NAME), *paths)
    return pd.read_csv(run.folder / "claims.csv")


def made_up(folder, accuracy=None, confidence=None, images=IMAGES, **given) -> MadeUp:
    return MadeUp(folder, images, accuracy, confidence, **given)


def verdicts(claims: pd.DataFrame) -> dict[str, str]:
    return claims.groupby("claim")["verdict"].first().to_dict()


def test_a_run_like_the_papers_is_recognised(tmp_path):
    accuracy = {"teacher": 0.97, "classic-0": 0.968, "hard-0": 0.968, "soft-0": 0.99}
    accuracy |= {"hard-1": 0.96, "soft-1": 0.985, "hard-2": 0.96, "soft-2": 0.985}
    confidence = {"teacher": 0.005, "classic-0": 0.02, "hard-0": 0.04, "soft-0": 0.015}
    confidence |= {"hard-1": 0.041, "soft-1": 0.04, "hard-2": 0.039, "soft-2": 0.045}
    found = verdicts(weigh(made_up(tmp_path, accuracy, confidence)))
    assert {claim: found[claim] for claim in ("C1", "C3", "C5", "C6", "C8", "C9", "C10")} == dict.fromkeys(
        ("C1", "C3", "C5", "C6", "C8", "C9", "C10"), HOLDS
    )


def test_a_run_against_the_paper_is_recognised(tmp_path):
    accuracy = {"teacher": 0.97, "classic-0": 0.9, "hard-0": 0.8, "soft-0": 0.85, "hard-1": 0.7, "soft-1": 0.6}
    confidence = {"teacher": 0.2, "classic-0": 0.1, "hard-0": 0.01, "soft-0": 0.02, "hard-1": 0.3, "soft-1": 0.01}
    found = verdicts(weigh(made_up(tmp_path, accuracy, confidence)))
    expected = ("C1", "C3", "C4", "C5", "C6", "C8", "C9", "C10")
    assert {claim: found[claim] for claim in expected} == dict.fromkeys(expected, FAILS)


def test_equal_networks_settle_nothing_that_asks_for_a_difference(tmp_path):
    found = verdicts(weigh(made_up(tmp_path)))
    assert {claim: found[claim] for claim in ("C3", "C6", "C7", "C10", "C11")} == dict.fromkeys(
        ("C3", "C6", "C7", "C10", "C11"), OPEN
    )


def test_a_verdict_is_never_stronger_than_the_interval(tmp_path):
    accuracy = {"teacher": 0.96, "classic-0": 0.94, "hard-0": 0.935, "soft-0": 0.945, "hard-1": 0.92, "soft-1": 0.93}
    claims = weigh(made_up(tmp_path, accuracy, {"teacher": 0.03, "hard-0": 0.06, "soft-1": 0.07}))
    bounds = claims["claimed"].str.extract(r"(?P<sign>[<>]) (?P<bound>.+)|(?P<least>.+) to (?P<most>.+)")
    for row, bound in zip(claims.itertuples(), bounds.itertuples(), strict=True):
        near = np.finfo(np.float32).eps if "uncertainty" in row.evidence else 0
        if pd.isna(row.low):
            assert row.finding in (OPEN, IDLE)
            continue
        assert row.low_corrected <= row.low <= row.value <= row.high <= row.high_corrected
        least = float(bound.bound) if bound.sign == ">" else -np.inf if bound.sign == "<" else float(bound.least)
        most = float(bound.bound) if bound.sign == "<" else np.inf if bound.sign == ">" else float(bound.most)
        inside = least + near < row.low and row.high < most - near
        outside = row.high_corrected < least - near or most + near < row.low_corrected
        assert row.finding == (HOLDS if inside else FAILS if outside else OPEN)
    for _, of_claim in claims.groupby("claim"):
        findings = set(of_claim["finding"]) - {IDLE}
        assert set(of_claim["verdict"]) == {FAILS if FAILS in findings else OPEN if OPEN in findings else HOLDS}


@pytest.mark.parametrize(("alone", "finding"), [(1, OPEN), (6, OPEN), (7, FAILS)])
def test_few_images_that_all_speak_against_a_claim_do_not_refute_it(tmp_path, alone, finding):
    """C10 asks for soft above hard at two steps; hard alone is right on a few images, soft alone on none."""
    accuracy = {"hard-1": 1.0, "soft-1": 1 - alone / FEW["test"]}
    claims = weigh(made_up(tmp_path, accuracy, images=FEW)).set_index(["claim", "evidence"])
    row = claims.loc["C10", "soft-1 - hard-1: accuracy, test"]
    assert row["value"] == pytest.approx(-alone / FEW["test"])
    assert row["finding"] == finding


def test_a_ratio_of_epochs_keeps_no_claim_open(tmp_path):
    accuracy = {"classic-0": 0.9, "hard-0": 0.95}
    claims = weigh(made_up(tmp_path, accuracy, epochs={"classic-0": 8, "hard-0": 4})).query("claim == 'C4'")
    assert set(claims["verdict"]) == {HOLDS} and (claims["finding"] == IDLE).sum() == 1


def test_claims_and_comparisons_say_the_same_of_a_pair(tmp_path):
    """One seed: the 95 % interval is the same, and a claim on the sign is decided where the exact test decides."""
    pairs = 0
    for number, accuracy in enumerate(np.random.default_rng(0).uniform(0.85, 0.95, (6, 5))):
        folder = tmp_path / str(number)
        folder.mkdir()
        names = ["teacher", "classic-0", "hard-0", "soft-0", "soft-1"]
        run = made_up(folder, dict(zip(names, map(float, accuracy), strict=True)), images=FEW)
        claims = weigh(run)
        claims = claims[claims["evidence"].str.contains(r": accuracy, test$")]
        compared = TABLES["comparisons"].rows(run.run()).set_index(["one", "other"])
        for claim in claims.itertuples():
            one, other = claim.evidence.removesuffix(": accuracy, test").split(" - ")
            if (one, other) not in compared.index:
                continue
            row = compared.loc[(one, other)]
            assert (claim.low, claim.high) == pytest.approx((row["difference_low"], row["difference_high"]), abs=1e-9)
            if claim.claimed == "> 0":
                assert (claim.finding == HOLDS) == (row["p"] < 0.05 and row["difference"] > 0)
                assert claim.finding != FAILS or (row["p"] < 0.05 and row["difference"] < 0)
            pairs += 1
    assert pairs >= 24


def test_the_evidence_by_counting(tmp_path):
    accuracy = {"teacher": 0.96, "classic-0": 0.9, "soft-0": 0.93}
    run = made_up(tmp_path, accuracy, {"soft-0": 0.2, "hard-0": 0.3, "soft-2": 0.4})
    values = weigh(run).set_index("evidence")["value"]
    label = run.splits.set_index("image_id")["label"]

    def read(network: str, part: str = "test") -> list[tuple[float, int]]:
        given = pd.read_csv(run.run().of_networks(part)[0, network])
        return [(row.probability, label[row.image_id]) for row in given.itertuples()]

    def share(pairs, counts) -> float:
        return sum(counts(p, y) for p, y in pairs) / len(pairs)

    def right(p: float, y: int) -> bool:
        return (p > 0.5) == (y == 1)

    soft, classic = share(read("soft-0"), right), share(read("classic-0"), right)
    assert values["soft-0 - classic-0: accuracy, test"] == pytest.approx(soft - classic)
    assert values["soft-0 - classic-0: augmented accuracy, test"] == pytest.approx(soft - classic)
    dogs, cats = ([pair for pair in read("teacher") if pair[1] == y] for y in (1, 0))
    expected = share(dogs, lambda p, y: not right(p, y)) - share(cats, lambda p, y: not right(p, y))
    assert values["teacher: error rate on dogs - on cats, test"] == pytest.approx(expected)
    for part in ("test", "train"):
        above = share(read("soft-0", part), lambda p, y: 0.5 <= p < 0.95)
        below = share(read("soft-0", part), lambda p, y: 0.05 <= p < 0.5)
        assert values[f"soft-0: inner bins above - below 0.5, {part}"] == pytest.approx(above - below)
    ends = share(read("teacher", "train"), lambda p, y: p < 0.05 or p >= 0.95)
    assert values["teacher: end bins, train"] == pytest.approx(ends)
    unsure = [share(read(one), lambda p, y: min(p, 1 - p) ** 2) for one in ("soft-2", "soft-0")]
    assert values["soft-2 - soft-0: uncertainty, test"] == pytest.approx(unsure[0] - unsure[1], rel=1e-5)


def test_the_papers_own_evidence_comes_from_its_tables(tmp_path):
    claims = weigh(made_up(tmp_path, epochs={"classic-0": 8, "hard-0": 4})).set_index("evidence")
    paper = claims["paper"]
    assert paper["soft-0 - classic-0: accuracy, test"] == pytest.approx(0.9632 - 0.9616)
    assert paper["soft-0 - classic-0: augmented accuracy, test"] == pytest.approx(0.9504 - 0.94987)
    assert paper["hard-0 - soft-0: uncertainty, train"] == pytest.approx(0.005 - 0.00163)
    assert paper["soft-2 - hard-2: accuracy, test"] == pytest.approx(0.95733 - 0.9488)
    assert paper["hard-0: end bins, train"] == pytest.approx(0.46382 + 0.45257)
    assert paper["resnet50 / resnet18: seconds an image, Keras, batch 1"] == pytest.approx(0.35452 / 0.07168)
    epochs = claims.loc["hard-0 / classic-0: best epoch"]
    assert (epochs["value"], epochs["paper"], epochs["finding"]) == (0.5, pytest.approx(47 / 86), IDLE)
    assert paper["hard-0: fullest inner bin, validation"] == 0.01787  # of its own bins, whichever is the fullest here


@pytest.mark.parametrize(
    ("speed", "finding"), [((4.9, 4.6, 5.2), HOLDS), ((2.2, 2.1, 2.3), FAILS), ((4.4, 4.2, 4.6), OPEN)]
)
def test_the_claim_on_speed_is_weighed_by_the_papers_networks_in_every_runtime(tmp_path, speed, finding):
    claims = weigh(made_up(tmp_path), *speed).query("claim == 'C2'").set_index("evidence")
    assert len(claims) == 6
    assert set(claims["finding"]) == set(claims["verdict"]) == {finding}
    row = claims.loc["resnet50 / resnet18: seconds an image, ONNX Runtime, batch 1, from the file"]
    assert (row["value"], row["low"], row["high"]) == speed and np.isnan(row["paper"])
    assert row["interval"] == "bootstrap over rounds of calls; 99.17 % to contradict"


def test_the_level_is_shared_by_the_evidence_of_a_claim(tmp_path):
    claims = weigh(made_up(tmp_path))
    how = claims.dropna(subset="low").groupby("claim")["interval"].first()
    assert how["C1"] == "score of the paired difference, and exact about 0; 98.33 % to contradict"
    # C5: end bins of 4 networks, and the fullest of 18 inner bins of 4 networks on 2 parts.
    assert how["C5"] == f"exact binomial; {100 * (1 - 0.05 / (4 + 18 * 8)):.4g} % to contradict"


def test_what_a_run_lacks_is_named(tmp_path):
    claims = weigh(made_up(tmp_path, networks=["teacher", "soft-0"]), 4.4, 4.2, 4.6)
    assert set(claims["verdict"]) == {OPEN}
    lacking = claims.set_index("evidence")["interval"]
    assert lacking["hard-0 - classic-0: accuracy, test"] == "none: this run has no hard-0"
    assert lacking["soft-1 - soft-0: accuracy, test"] == "none: this run has no soft-1"


def test_a_difference_that_float32_does_not_resolve_decides_nothing(tmp_path):
    """A mean squared distance of 4e-9 against one of 2.5e-9: below 1.2e-7, which is where float32 ends next to 1."""
    confidence = {"teacher": 5e-5, "classic-0": 6e-5, "hard-0": 0.01, "soft-0": 6e-5}
    claims = weigh(made_up(tmp_path, confidence=confidence, images=FEW)).set_index(["claim", "evidence"])
    tiny = claims.loc["C6", "classic-0 - teacher: uncertainty, test"]
    assert 0 < tiny["low"] <= tiny["value"] <= tiny["high"] < np.finfo(np.float32).eps
    assert tiny["finding"] == OPEN
    assert claims.loc[("C6", "hard-0 - teacher: uncertainty, test"), "finding"] == HOLDS


def test_no_interval_leaves_the_possible_range_with_three_images_a_class(tmp_path):
    accuracy = {"teacher": 1, "classic-0": 0, "hard-0": 0, "soft-0": 1, "soft-1": 0}
    confidence = {"teacher": 1e-4, "classic-0": 0.49, "hard-0": 0.4, "soft-0": 0.3}
    claims = weigh(made_up(tmp_path, accuracy, confidence, images=dict.fromkeys(IMAGES, 6))).dropna(subset="low")
    widths = {"uncertainty": 0.25, "accuracy": 1, "error rate": 1, "end bins": 1, "fullest": 1}
    widths |= {"inner bins above 0.5": 1, "above - below": 2}
    seen = set()
    for row in claims[claims["claim"] != "C2"].itertuples():
        quantity = next(quantity for quantity in widths if quantity in row.evidence)
        width = 2 if "soft-0 - hard-0: inner" in row.evidence or "soft-2 - soft-0: inner" in row.evidence else 1
        width = widths[quantity] if quantity != "above - below" else width
        assert -width <= row.low <= row.value <= row.high <= width, row
        seen.add(quantity)
    assert seen == set(widths)
    of = claims.set_index("evidence")
    assert of.loc["classic-0 - teacher: accuracy, test", ["low", "value"]].tolist() == [-1, -1]
    assert of.loc["classic-0 - teacher: uncertainty, test", "high"] == 0.25


def test_the_claim_about_dogs_is_open_for_other_classes(tmp_path):
    accuracy = {"teacher": 0.97, "soft-0": 0.9, "classic-0": 0.8}
    cats = weigh(made_up(tmp_path, accuracy, images=FEW)).set_index("claim")
    others = weigh(made_up(tmp_path, accuracy, images=FEW, classes=("bus", "tram"))).set_index("claim")
    assert set(others.loc["C7", "interval"]) == {"none: this run has no classes cat and dog"}
    assert set(others.loc["C7", "finding"]) == set(others.loc["C7", "verdict"]) == {OPEN}
    assert cats.loc["C7", "low"].notna().all()
    pd.testing.assert_frame_equal(cats.drop("C7"), others.drop("C7"))


@pytest.mark.parametrize(
    ("networks", "missing"),
    [
        (["teacher", "classic-0"], "soft-0"),
        (["teacher", "classic-0", "hard-0", "hard-1"], "soft-0"),
        (["teacher", "classic-0", "hard-0", "soft-0"], "soft-1"),
        (["teacher", "small-0", "small-1", "smaller-0"], "hard-0"),
    ],
)
def test_every_claim_is_weighed_whatever_families_a_run_has(tmp_path, networks, missing):
    claims = weigh(made_up(tmp_path, networks=networks, images=FEW))
    assert claims["claim"].drop_duplicates().tolist() == [f"C{number}" for number in range(1, 12)]
    lacking = claims[claims["interval"].str.startswith("none: this run has no")]
    assert set(lacking["finding"]) == {OPEN}
    assert f"none: this run has no {missing}" in set(lacking["interval"])
    for row in claims.itertuples():
        named = {word.rstrip(":") for word in row.evidence.split() if word.rstrip(":")[-2:] in ("-0", "-1")}
        if row.claim != "C2" and named <= set(networks):
            assert pd.notna(row.value), row


def test_seeds_are_weighed_one_by_one_and_the_time_once(tmp_path):
    accuracy = {(0, "soft-0"): 0.99, (1, "soft-0"): 0.8, "classic-0": 0.9}
    claims = weigh(made_up(tmp_path, accuracy, seeds=(0, 1), images=FEW))
    found = claims[claims["evidence"] == "soft-0 - classic-0: accuracy, test"]
    assert found["value"].tolist() == pytest.approx([0.09, -0.1])
    assert found["finding"].tolist() == [HOLDS, FAILS]
    one, other = (of_seed.drop(columns="seed") for _, of_seed in claims.groupby("seed"))
    assert set(one["evidence"]) - set(other["evidence"]) == set(one["evidence"][one["claim"] == "C2"])
    (tmp_path / "one").mkdir()
    alone = weigh(made_up(tmp_path / "one", {"soft-0": 0.99, "classic-0": 0.9}, images=FEW))
    pd.testing.assert_frame_equal(one, alone.drop(columns="seed"))


def test_one_augmented_repeat_is_enough_and_none_is_named(tmp_path):
    evidence = "soft-0 - classic-0: augmented accuracy, test"
    accuracy = {"soft-0": 0.97, "classic-0": 0.9}
    one = weigh(made_up(tmp_path, accuracy, repeats=1, images=FEW)).set_index("evidence").loc[evidence]
    assert one["value"] == pytest.approx(0.07)
    none = weigh(made_up(tmp_path, accuracy, repeats=0, images=FEW)).set_index("evidence").loc[evidence]
    assert none["interval"] == "none: soft-0 was trained without augmentation"
    assert none["finding"] == OPEN


@pytest.mark.parametrize("name", ["augmented", "test"])
def test_predictions_of_another_seed_are_an_error(tmp_path, name):
    run = made_up(tmp_path)
    record_lineage(tmp_path / f"soft-0.0.{name}.csv", "soft-0", 1, splits=tmp_path / "splits.csv")
    with pytest.raises(InputError, match=rf"soft-0\.0\.{name}\.csv .*seed"):
        weigh(run)
