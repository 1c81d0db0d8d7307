"""The table of candidates: its numbers from files whose answers and times are known, and what ships then."""

import json

import numpy as np
import pandas as pd
import pytest
from made_up import MadeUp

from snakedistill.export.chosen import Choice, read_choice, shipped, with_choice
from snakedistill.measures.choice import nearest, non_inferiority
from snakedistill.measures.intervals import exact_interval, median_interval, ratio_interval, score_interval

IMAGES = {"train": 4, "validation": 100, "test": 200}
TEACHER_RIGHT = 0.9  # the first images of each part
RECIPES = {"teacher": {"backbone": "lite2", "image_size": 64}, "soft-0": {"backbone": "lite0", "image_size": 32}}
RUNTIMES = {"onnx": "ONNX Runtime", "litert": "LiteRT"}
TITLES = {"onnx": "ONNX", "litert": "LiteRT"}


def candidate(wrong: tuple[int, int], milliseconds: float | None = None, size: int = 4_000_000) -> dict:
    """A file that gets so many images of validation and test wrong, the first ones, and needs so long."""
    return {"wrong": wrong, "milliseconds": milliseconds, "bytes": size}


def tabulated(folder, files: dict[tuple[str, str, str], dict], **choice) -> pd.DataFrame:
    """The table of files by network, form and precision; one that is None could not be written."""
    made = MadeUp(folder, IMAGES, {"teacher": TEACHER_RIGHT}, networks=["teacher", "soft-0", "small-0"])
    made.files |= {"form_measurements": [], "form_answers": []}
    splits = made.splits[made.splits["split"] != "train"]
    rng, calls, memory = np.random.default_rng(0), [], {}
    for network, form in dict.fromkeys(key[:2] for key in files):
        of_form = {key[2]: one for key, one in files.items() if key[:2] == (network, form)}
        answers = splits[["image_id", "split"]].copy()
        for precision, one in of_form.items():
            if one is None:
                answers[precision] = pd.Series(pd.NA, answers.index, "Int64")
                continue
            numbers = splits["image_id"].str.split(".").str[1].astype(int)
            wrong = numbers < splits["split"].map(dict(zip(("validation", "test"), one["wrong"], strict=True)))
            answers[precision] = np.where(wrong, 1 - splits["label"], splits["label"])
            call = {"network": network, "runtime": RUNTIMES[form], "precision": precision, "threads": 2}
            if one["milliseconds"] is not None:
                seconds = one["milliseconds"] / 1000 * rng.lognormal(0, 0.02, 20)
                calls.append(call | {"batch_size": 1, "decoding": "no", "seconds": seconds.tolist()})
                calls += [calls[-1] | other | {"seconds": [9.0]} for other in ({"threads": 1}, {"batch_size": 32})]
            memory.setdefault(network, {}).setdefault(form, {})[precision] = 3 * one["bytes"]
        stem = folder / f"{network}.{form}"
        export = {"network": network, "seed": 0, "form": TITLES[form]}
        export["bytes"] = {precision: one["bytes"] for precision, one in of_form.items() if one}
        (folder / f"{network}.{form}.json").write_text(json.dumps(export))
        answers.sample(frac=1, random_state=0).to_csv(f"{stem}.csv", index=False)  # another order
        made.files["form_measurements"].append(f"{stem}.json")
        made.files["form_answers"].append(f"{stem}.csv")
    calls += [{"network": "soft-0", "runtime": "Keras", "precision": "float32", "threads": 2, "batch_size": 1,
               "decoding": "no", "seconds": [1.0]}]  # fmt: skip
    measured = {"multiply_adds": {"teacher": 500, "soft-0": 100}, "memory": memory, "calls": calls}
    (folder / "timing.json").write_text(json.dumps(measured))
    given = {"margin": 0.02, "ms": None, "mb": None} | choice
    return made.tabulate("frontier", recipes=RECIPES, choice=given).set_index(["network", "form", "precision"])


TEACHER_FILES = {
    ("teacher", "onnx", "float32"): candidate((10, 20), 20.0, 20_000_000),
    ("teacher", "litert", "float32"): candidate((10, 20), 40.0, 20_000_000),
}
STUDENTS = {
    ("soft-0", "onnx", "float32"): candidate((4, 24), 8.0, 13_000_000),
    ("soft-0", "onnx", "int8"): candidate((6, 26), 4.0, 4_000_000),
    ("soft-0", "litert", "float32"): candidate((4, 24), 10.0, 13_000_000),
    ("soft-0", "litert", "int8"): candidate((30, 90), 2.0, 4_000_000),
}


def test_every_column_follows_from_the_files(tmp_path):
    table = tabulated(tmp_path, TEACHER_FILES | STUDENTS)
    assert table["role"].tolist() == ["teacher"] * 2 + ["candidate"] * 4
    assert table["chosen"].to_dict() == dict.fromkeys(table.index, "no") | {("soft-0", "ONNX", "int8"): "yes"}
    row = table.loc["soft-0", "ONNX", "int8"]
    assert row[["seed", "backbone", "image_size", "images", "multiply_adds"]].tolist() == [0, "lite0", 32, 200, 100]
    assert row[["accuracy", "validation_accuracy"]].tolist() == [174 / 200, 0.94]
    assert row[["accuracy_low", "accuracy_high"]].tolist() == pytest.approx(exact_interval(174, 200))
    # Of the teacher the last 20 images are wrong, of the student the first 26.
    assert row["difference"] == pytest.approx(-6 / 200)
    assert row[["difference_low", "difference_high"]].tolist() == pytest.approx(score_interval(20, 26, 200))
    judged = non_inferiority(20, 26, 200, 0.02)
    assert row["difference_bound"] == pytest.approx(judged.low)
    assert (row["not_worse"], row["images_needed"]) == (judged.not_worse, judged.images_needed)
    assert judged.not_worse == "open"
    assert table.loc["soft-0", "LiteRT", "int8"]["not_worse"] == "no"
    times = {
        call["precision"]: 1000 * np.array(call["seconds"])
        for call in json.loads((tmp_path / "timing.json").read_text())["calls"]
        if (call["network"], call["runtime"], call["threads"], call["batch_size"]) == ("soft-0", "ONNX Runtime", 2, 1)
    }
    assert row["milliseconds"] == pytest.approx(np.median(times["int8"]))
    assert row[["milliseconds_low", "milliseconds_high"]].tolist() == pytest.approx(median_interval(times["int8"]))
    assert row["milliseconds_low"] < row["milliseconds"] < row["milliseconds_high"]
    assert row["times_faster"] == pytest.approx(20 / 4, rel=0.05)
    assert table.loc["soft-0", "LiteRT", "int8"]["times_faster"] == pytest.approx(40 / 2, rel=0.05)
    assert row["times_faster_low"] < row["times_faster"] < row["times_faster_high"]
    assert row[["megabytes", "memory_megabytes"]].tolist() == [4, 12]
    assert set(table["within_limits"]) == {"yes"} and set(table["nearest"]) == {"no"}
    on = table["on_frontier"].loc["soft-0"]
    assert on.to_dict() == {
        ("ONNX", "float32"): "yes", ("ONNX", "int8"): "yes", ("LiteRT", "float32"): "no", ("LiteRT", "int8"): "yes",
    }  # fmt: skip
    teacher = table.loc["teacher", "ONNX", "float32"]
    assert teacher[["difference", "times_faster", "not_worse"]].isna().all() and teacher["on_frontier"] == "no"


@pytest.mark.parametrize(
    ("limits", "chosen"),
    [
        ({"margin": 0.001}, ("onnx", "float32")),  # a standard error of the difference on validation is 0.014
        ({"margin": 0.5}, ("litert", "int8")),
        ({"ms": 3}, ("litert", "int8")),
        ({"mb": 3.9}, None),
        ({"ms": 1, "mb": 2}, None),
    ],
)
def test_the_choice_is_within_the_limits_or_the_nearest_is_named(tmp_path, limits, chosen):
    table = tabulated(tmp_path, TEACHER_FILES | STUDENTS, **limits)
    yes = table[table["chosen"] == "yes"]
    assert [*yes.index] == ([] if chosen is None else [("soft-0", TITLES[chosen[0]], chosen[1])])
    found = read_choice(tmp_path / "tables/frontier.csv")
    if chosen:
        assert found == Choice("soft-0", TITLES[chosen[0]], chosen[1], within_limits=True)
    else:
        nearest = "ONNX" if "ms" not in limits else "LiteRT"
        assert found == Choice("soft-0", nearest, "int8", within_limits=False)
        assert set(table["within_limits"].loc["soft-0"]) == {"no"}


def test_a_teacher_without_files_and_students_without_times(tmp_path):
    """As of a file of predictions: size is the cost, and one row says how accurate the teacher is."""
    untimed = {key: one | {"milliseconds": None} for key, one in STUDENTS.items()}
    table = tabulated(tmp_path, untimed)
    assert table["role"].tolist() == ["teacher"] + ["candidate"] * 4
    teacher = table[table["role"] == "teacher"].iloc[0]
    assert teacher["accuracy"] == 0.9 and teacher[["milliseconds", "megabytes"]].isna().all()
    students = table[table["role"] == "candidate"]
    assert students["difference"].notna().all() and students["times_faster"].isna().all()
    assert read_choice(tmp_path / "tables/frontier.csv") == Choice("soft-0", "ONNX", "int8", within_limits=True)
    assert students["on_frontier"].tolist() == ["yes", "yes", "yes", "no"]  # equal ones dominate neither


def test_a_time_limit_without_times_chooses_nothing(tmp_path):
    untimed = {key: one | {"milliseconds": None} for key, one in STUDENTS.items()}
    table = tabulated(tmp_path, untimed, ms=5)
    assert set(table["chosen"]) == {"no"} and (table["nearest"] == "yes").sum() == 1


def test_what_was_not_written_is_no_candidate(tmp_path):
    failed = dict.fromkeys([key for key in STUDENTS if key[1] == "litert"])
    table = tabulated(tmp_path, TEACHER_FILES | STUDENTS | failed)
    assert [*table.loc["soft-0"].index] == [("ONNX", "float32"), ("ONNX", "int8")]


def test_without_a_candidate_there_is_no_choice_and_the_first_ships(tmp_path):
    table = tabulated(tmp_path, TEACHER_FILES | dict.fromkeys(STUDENTS))
    assert set(table["role"]) == {"teacher"} and set(table["chosen"]) == set(table["nearest"]) == {"no"}
    assert read_choice(tmp_path / "tables/frontier.csv") is None
    assert shipped({"a": 1, "b": 2}, ["a", "b"], tmp_path / "tables/frontier.csv") == {"a": 1}
    assert with_choice(["teacher", "a"], tmp_path / "tables/frontier.csv") == ["teacher", "a"]


def test_the_chosen_one_ships_and_what_is_no_candidate(tmp_path):
    small = {("small-0", "onnx", "float32"): candidate((4, 24), 1.0, 1_000_000)}
    tabulated(tmp_path, TEACHER_FILES | STUDENTS | small)
    files = {"teacher": "t", "soft-0": "s", "small-0": "m"}
    assert shipped(files, ["soft-0", "small-0"], tmp_path / "tables/frontier.csv") == {"teacher": "t", "small-0": "m"}
    assert shipped({"teacher": "t", "soft-0": "s"}, ["soft-0"], None) == {"teacher": "t", "soft-0": "s"}
    assert with_choice(["teacher", "soft-0"], tmp_path / "tables/frontier.csv") == ["teacher", "small-0"]
    assert with_choice(["teacher", "soft-0"], None) == ["teacher", "soft-0"]


def test_the_nearest_exceeds_the_limits_by_the_smallest_factor():
    milliseconds, megabytes = np.array([2.0, 4.0, np.nan]), np.array([9.0, 2.0, 1.0])
    assert nearest(milliseconds, megabytes, ms=1) == 0
    assert nearest(milliseconds, megabytes, ms=1, mb=1) == 1
    assert nearest(milliseconds, megabytes, mb=0.5) == 2
    assert nearest(np.full(3, np.nan), megabytes, ms=1) == 0


def test_the_interval_of_a_median_holds_it_as_often_as_it_says():
    rng = np.random.default_rng(0)
    for rounds in (20, 31):
        intervals = np.array([median_interval(rng.exponential(size=rounds)) for _ in range(2000)])
        held = np.mean((intervals[:, 0] <= np.log(2)) & (np.log(2) <= intervals[:, 1]))
        assert 0.945 < held < 0.985


def test_ratios_are_of_the_same_rounds(tmp_path):
    table = tabulated(tmp_path, TEACHER_FILES | STUDENTS)
    calls = json.loads((tmp_path / "timing.json").read_text())["calls"]
    seconds = {
        network: np.array(call["seconds"])
        for call in calls
        for network in [call["network"]]
        if (call["runtime"], call["precision"], call["threads"], call["batch_size"]) == ("LiteRT", "float32", 2, 1)
    }
    row = table.loc["soft-0", "LiteRT", "float32"]
    expected = ratio_interval(seconds["teacher"], seconds["soft-0"])
    assert row[["times_faster_low", "times_faster_high"]].tolist() == pytest.approx(expected)
