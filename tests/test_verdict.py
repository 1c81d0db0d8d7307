"""The sentence on the chosen student: what it says in each case, and what it leaves out."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from candidates import frontier, row, times

from snakedistill.plan.last_lines import last_lines
from snakedistill.results.verdict import verdict

TEACHER = row("teacher", role="teacher", size=224, times=times(24), megabytes=20.3, multiply_adds=4e8)
STUDENT = row("soft-0", size=128, times=times(6, seed=1), megabytes=13.2, multiply_adds=1e8)
SMALL = row("soft-0", "int8", size=128, times=times(3.1, seed=2), megabytes=4.1, multiply_adds=1e8)


def test_the_sentence_in_full():
    table = frontier([TEACHER, STUDENT | {"alone": (9, 16)}, SMALL | {"alone": (9, 17)}], images=2000)
    assert verdict(table, 0.01) == (
        "soft-0 at 128 pixels in int8: 0.4 points below the teacher [-1.0, +0.1], not worse by more than 1 point; "
        "4.1 MB instead of 20; 3.1 ms instead of 24 [x 7.7 to 7.8]."
    )


def test_a_file_as_large_with_the_same_multiply_adds_is_never_faster():
    same = {"megabytes": 20.3, "multiply_adds": 4e8, "size": 224}
    table = frontier([TEACHER, row("soft-0", times=times(14, seed=1), **same)])
    assert verdict(table, 0.01) == (
        "soft-0 at 224 pixels in float32: as accurate as the teacher on the test images [-0.4, +0.4], not worse by "
        "more than 1 point; 20 MB, as large as the teacher; 14 ms for the same multiply-adds as the teacher, which "
        "takes 24."
    )
    assert "faster" not in verdict(table, 0.01) and "x" not in verdict(table, 0.01).replace("pixels", "")


def test_of_two_equal_students_one_is_chosen_and_none_is_called_better():
    equal = {"megabytes": 4.1, "size": 128, "alone": (3, 5), "multiply_adds": 1e8}
    table = frontier([TEACHER, *(row(name, times=times(3.1, seed=1), **equal) for name in ("soft-0", "hard-0"))])
    assert verdict(table, 0.01).startswith("hard-0 at 128 pixels in float32: 0.2 points below the teacher [")
    assert "soft-0" not in verdict(table, 0.01)


def test_a_student_that_is_better_than_the_teacher():
    assert ": 1.2 points above the teacher [+0.5, +2.2], better than it; 13" in verdict(
        frontier([TEACHER, STUDENT | {"alone": (14, 2)}]), 0.01
    )
    measured_higher = verdict(frontier([TEACHER, STUDENT | {"alone": (6, 3)}]), 0.01)
    assert "0.3 points above the teacher [-0.4, +1.0], not worse by more than 1 point" in measured_higher
    assert "better" not in measured_higher


def test_a_student_that_is_worse_by_more_than_the_margin():
    said = verdict(frontier([TEACHER, STUDENT | {"alone": (5, 50)}]), 0.01)
    assert ": 4.5 points below the teacher [-6.1, -3.2], worse by more than 1 point; 13 MB" in said


@pytest.mark.parametrize(
    ("limits", "given", "measured"),
    [
        ({"ms": 1}, "1 ms", "3.1 ms"),
        ({"mb": 2}, "2 MB", "4.1 MB"),
        ({"ms": 1, "mb": 8}, "1 ms and 8 MB", "3.1 ms and 4.1 MB"),
    ],
)
def test_where_none_is_within_the_limits_the_nearest_is_named(limits, given, measured):
    table = frontier([TEACHER, STUDENT, SMALL], **limits)
    assert (table["chosen"] == "no").all()
    assert verdict(table, 0.01, **limits) == (
        f"No student is within {given}, so none is chosen; the nearest, soft-0 at 128 pixels in int8, has {measured}."
    )


def test_a_limit_of_1_ms_that_one_student_keeps():
    quick = row("tiny-0", "int8", size=96, times=times(0.84, seed=3), megabytes=1.2, alone=(2, 40), multiply_adds=1e7)
    table = frontier([TEACHER, STUDENT, quick], ms=1)
    assert verdict(table, 0.01, ms=1) == (
        "tiny-0 at 96 pixels in int8: 3.8 points below the teacher [-5.2, -2.7], worse by more than 1 point; 1.2 MB "
        "instead of 20; 0.84 ms instead of 24 [x 28 to 29]."
    )


def test_a_limit_of_time_without_times():
    table = frontier(
        [{name: value for name, value in one.items() if name != "times"} for one in (TEACHER, STUDENT)], ms=1
    )
    assert verdict(table, 0.01, ms=1) == (
        "No student is known to be within 1 ms, because none was timed: none is chosen."
    )  # fmt: skip


def test_40_images_tell_nothing_and_the_sentence_says_how_many_would():
    said = verdict(frontier([TEACHER, STUDENT], images=40), 0.01)
    assert (
        "[-8.8, +8.8], and 40 test images cannot tell whether it is worse by more than 1 point (about 270 would)"
        in said
    )
    at_the_margin = verdict(frontier([TEACHER, STUDENT | {"alone": (0, 1)}], images=100), 0.01)
    assert "worse by more than 1 point (at this difference no number would)" in at_the_margin


def test_three_classes_change_nothing():
    """The table counts right answers, of any number of classes; a margin of half a point is in words too."""
    said = verdict(frontier([TEACHER, STUDENT | {"alone": (40, 44)}], images=30_000, margin=0.005), 0.005)
    assert ": 0.01 points below the teacher [-0.1, +0.05], not worse by more than 0.5 points;" in said


def test_a_teacher_that_is_a_file_of_predictions_has_no_size_and_no_time():
    given = row("teacher", "", "", role="teacher")
    table = frontier([given, STUDENT | {"alone": (3, 5)}])
    assert verdict(table, 0.01) == (
        "soft-0 at 128 pixels in float32: 0.2 points below the teacher [-0.9, +0.4], not worse by more than 1 point; "
        "13 MB; 6.0 ms an image."
    )


def test_a_teacher_that_is_not_exported_is_compared_by_accuracy_alone():
    table = frontier([TEACHER | {"form": np.nan, "precision": "float32", "megabytes": np.nan}, STUDENT])
    assert verdict(table, 0.01).endswith("; 13 MB; 6.0 ms an image.")


def test_int8_that_costs_accuracy_says_so():
    table = frontier([TEACHER, STUDENT, SMALL | {"alone": (2, 11)}])
    assert "; 0.9 points below its own float32 file on these images; 4.1 MB" in verdict(table, 0.01)


def test_times_that_cannot_be_told_apart_are_not_called_faster():
    near = row("soft-0", size=128, times=times(24.2, 0.3, seed=6), megabytes=13.2, multiply_adds=3e8)
    assert "; 26 ms, not to be told from the teacher's 24 [x 0.88 to 1.04]" in verdict(frontier([TEACHER, near]), 0.01)


def test_a_slower_student_is_called_slower():
    slow = row("soft-0", size=128, times=times(36, seed=5), megabytes=13.2, multiply_adds=3e8)
    assert "; 36 ms, slower than the teacher's 24 [x 1.4" in verdict(frontier([TEACHER, slow]), 0.01)


def test_the_form_is_named_where_there_are_several():
    in_litert = SMALL | {"form": "LiteRT", "times": times(2.0, seed=4)}
    assert verdict(frontier([TEACHER, SMALL, in_litert]), 0.01).startswith("soft-0 at 128 pixels in int8 (LiteRT): ")


def test_without_an_export_nothing_is_chosen():
    assert verdict(frontier([TEACHER, STUDENT]).iloc[:1], 0.01) == "No student was exported, so none is chosen."


def test_the_last_lines_in_the_terminal_warn_of_networks_that_learned_nothing(tmp_path):
    best = {"seed": 0, "network": "soft-0", "epochs": 3, "epoch": 1, "val_accuracy": 0.5, "chance": 0.5}
    answered = {"seed": 0, "network": "soft-0", "split": "test", "class": "cat", "answer": "dog", "images": 30}
    tables = {
        "frontier": frontier([TEACHER, SMALL]),
        "best_epoch": pd.DataFrame([best]),
        "confusion": pd.DataFrame([answered]),
    }
    for name, table in tables.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    files = SimpleNamespace(tables={name: tmp_path / f"{name}.csv" for name in tables}, exports=[])
    config = {"choose": {"margin": 0.01, "ms": None, "mb": None}, "export": {"int8_max_drop": 0.02}}
    result, warning = last_lines(files, config)
    assert result.startswith("Result: soft-0 at ")
    assert warning.startswith("Warning: soft-0, seed 0, learned nothing: its best epoch, 1 of 3, is no better on ")
    assert "it answers dog to every test image" in warning
