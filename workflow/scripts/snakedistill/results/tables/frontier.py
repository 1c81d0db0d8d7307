"""Accuracy, time and size of every exported student beside the teacher, and which student is chosen."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from snakedistill.core.files import read_csv
from snakedistill.core.joins import join_one_to_one
from snakedistill.core.parts import TEST, VALIDATION
from snakedistill.export.forms import FORMS, PRECISIONS
from snakedistill.export.usable import read_measurements
from snakedistill.measures.choice import NO, YES, choose, nearest, non_inferiority, on_frontier, within_limits
from snakedistill.measures.intervals import exact_interval, median_interval, ratio_interval, score_interval
from snakedistill.results.run import Run
from snakedistill.results.tables.table import Table

TEACHER, CANDIDATE = "teacher", "candidate"
COLUMNS = ["seed", "network", "form", "precision", "role", "backbone", "image_size", "images"]
COLUMNS += ["accuracy", "accuracy_low", "accuracy_high", "validation_accuracy"]
COLUMNS += ["difference", "difference_low", "difference_high", "difference_bound", "not_worse", "images_needed"]
COLUMNS += ["milliseconds", "milliseconds_low", "milliseconds_high"]
COLUMNS += ["times_faster", "times_faster_low", "times_faster_high"]
COLUMNS += ["megabytes", "memory_megabytes", "multiply_adds", "within_limits", "on_frontier", "chosen", "nearest"]


@dataclass(frozen=True)
class File:
    """A file of the teacher or of a candidate, or the teacher without one.

    Attributes:
        network: id.
        form: title of the form; empty without a file.
        precision: float32 or int8.
        role: `TEACHER` or `CANDIDATE`.
        right: which images it answers right, bool [n], by part: validation and test.
        seconds: of one image, without decoding, in the form's first runtime on all threads, float [rounds]; [0] where
            it was not timed.
        megabytes: its size, NaN without a file.
        memory_megabytes: see `export.memory`, NaN where not measured.
        multiply_adds: of one image, NaN where not known.
    """

    network: str
    form: str
    precision: str
    role: str
    right: dict[str, np.ndarray]
    seconds: np.ndarray
    megabytes: float
    memory_megabytes: float
    multiply_adds: float

    @property
    def name(self) -> str:
        """What tells it from the others."""
        return f"{self.network} {self.form} {self.precision}"


def rows(run: Run, shown: Sequence[str], seed: int, recipes: dict[str, dict[str, Any]], choice: dict) -> pd.DataFrame:
    """The files of the teacher and of every candidate: how accurate, fast and large they are, and which one is chosen.

    Args:
        run: the run.
        shown: ids of the teacher and a student.
        seed: the training seed whose networks are exported in all forms.
        recipes: backbone and image_size of the networks that have a model, by id.
        choice: margin, ms and mb, see `measures.choice`.

    Returns:
        A row for each file of the first seed, in float32 and in int8, and one of a teacher that has none; the columns
        are `COLUMNS`, and docs/files.md says what is in them. `measures.choice` has the rules.
    """
    (teacher, *_), margin = shown, choice["margin"]
    splits, measured = read_csv(run.splits(seed)), json.loads(Path(run.file("measured")).read_text(encoding="utf-8"))
    of_teacher = _without_file(run, teacher, seed, measured)
    files = []
    for measurements, answers in zip(run.files["form_measurements"], run.files["form_answers"], strict=True):
        files += _of_export(read_measurements(measurements), _right(answers, splits), measured, teacher)
    if not any(file.role == TEACHER for file in files):
        files = [of_teacher, *files]
    seconds_of_teacher = {
        file.form: file.seconds for file in files if (file.role, file.precision) == (TEACHER, PRECISIONS[0])
    }
    found = []
    for file in files:
        recipe = recipes.get(file.network, {"backbone": "", "image_size": None})
        row: dict[str, Any] = {"seed": seed, "network": file.network, "form": file.form, "precision": file.precision}
        row |= {"role": file.role, **recipe, **_accuracies(file)}
        if file.network != teacher or file.precision != PRECISIONS[0]:
            row |= _beside_teacher(file.right[TEST], of_teacher.right[TEST], margin)
            row |= _times_faster(seconds_of_teacher.get(file.form, np.empty(0)), file.seconds)
        row |= _milliseconds(file.seconds)
        row |= {name: getattr(file, name) for name in ("megabytes", "memory_megabytes", "multiply_adds")}
        found.append(row)
    table = pd.DataFrame(found, columns=COLUMNS)
    types = dict.fromkeys(("image_size", "images", "images_needed", "multiply_adds"), "Int64")
    return _chosen(table, files, **choice).astype(types)


def _without_file(run: Run, teacher: str, seed: int, measured: dict) -> File:
    """The teacher by its predictions, which its own file in float32 answers too."""
    right = {}
    for part in (VALIDATION, TEST):
        given = next(one for one in run.answers((part,)) if (one.seed, one.network) == (seed, teacher))
        right[part] = given.answer == given.label
    adds = _number(measured["multiply_adds"].get(teacher))
    return File(teacher, "", PRECISIONS[0], TEACHER, right, np.empty(0), np.nan, np.nan, adds)


def _right(answers: str, splits: pd.DataFrame) -> dict[str, dict[str, np.ndarray]]:
    """Which images were answered right, bool [n], by precision and part; of a file that was not written nowhere."""
    parts = (VALIDATION, TEST)
    of_parts = splits[splits["split"].isin(parts)]
    joined = join_one_to_one(of_parts, read_csv(answers).drop(columns="split"), "the split", answers)
    found = {}
    for precision in [precision for precision in PRECISIONS if precision in joined]:
        right = joined[precision] == joined["label"]
        found[precision] = {part: right[joined["split"] == part].to_numpy(bool) for part in parts}
    return found


def _of_export(export: dict, right: dict, measured: dict, teacher: str) -> list[File]:
    """The files of a network in a form."""
    network = export["network"]
    role = TEACHER if network == teacher else CANDIDATE
    (form,) = (key for key, one in FORMS.items() if one.title == export["form"])
    threads = max(call["threads"] for call in measured["calls"])
    found = []
    for precision, size in export["bytes"].items():
        how = {"network": network, "runtime": FORMS[form].runtimes[0].title, "precision": precision, "threads": threads}
        how |= {"batch_size": 1, "decoding": "no"}
        seconds = [call["seconds"] for call in measured["calls"] if all(call[key] == how[key] for key in how)]
        memory = measured["memory"].get(network, {}).get(form, {}).get(precision)
        adds = measured["multiply_adds"].get(network)
        times = np.array(seconds[0] if seconds else [], float)
        sizes = size / 1e6, _number(memory) / 1e6
        found.append(File(network, export["form"], precision, role, right[precision], times, *sizes, _number(adds)))
    return found


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _accuracies(file: File) -> dict[str, float]:
    right = file.right[TEST]
    low, high = exact_interval(int(right.sum()), len(right))
    found = {"images": len(right), "accuracy": right.mean(), "accuracy_low": low, "accuracy_high": high}
    return found | {"validation_accuracy": file.right[VALIDATION].mean()}


def _beside_teacher(right: np.ndarray, of_teacher: np.ndarray, margin: float) -> dict[str, Any]:
    """The difference of the accuracies on test, and whether it is worse than the margin."""
    alone, teacher_alone = int((right & ~of_teacher).sum()), int((of_teacher & ~right).sum())
    low, high = score_interval(alone, teacher_alone, len(right))
    found = non_inferiority(alone, teacher_alone, len(right), margin)
    return {
        "difference": found.difference,
        "difference_low": low,
        "difference_high": high,
        "difference_bound": found.low,
        "not_worse": found.not_worse,
        "images_needed": found.images_needed,
    }


def _milliseconds(seconds: np.ndarray) -> dict[str, float]:
    if not len(seconds):
        return {}
    low, high = median_interval(1000 * seconds)
    return {"milliseconds": 1000 * np.median(seconds), "milliseconds_low": low, "milliseconds_high": high}


def _times_faster(of_teacher: np.ndarray, seconds: np.ndarray) -> dict[str, float]:
    if not len(of_teacher) or not len(seconds):
        return {}
    low, high = ratio_interval(of_teacher, seconds)
    ratio = np.median(of_teacher) / np.median(seconds)
    return {"times_faster": ratio, "times_faster_low": low, "times_faster_high": high}


def _chosen(table: pd.DataFrame, files: list[File], margin: float, ms: float | None, mb: float | None) -> pd.DataFrame:
    """The table with what is decided of its rows: yes or no."""
    table["within_limits"] = _yes(within_limits(table["milliseconds"], table["megabytes"], ms, mb))
    table[["on_frontier", "chosen", "nearest"]] = NO
    rows = np.flatnonzero(table["role"] == CANDIDATE)
    if not len(rows):
        return table
    candidates, of_candidates = table.iloc[rows], [files[row] for row in rows]
    milliseconds, megabytes = candidates["milliseconds"].to_numpy(float), candidates["megabytes"].to_numpy(float)
    cost = megabytes if np.isnan(milliseconds).all() else milliseconds
    table.loc[rows, "on_frontier"] = _yes(on_frontier(candidates["accuracy"].to_numpy(), cost))
    chosen = choose(
        np.array([file.right[VALIDATION] for file in of_candidates]),
        (candidates["within_limits"] == YES).to_numpy(),
        [file.seconds for file in of_candidates],
        megabytes,
        [file.name for file in of_candidates],
        margin,
    )
    if chosen is not None:
        table.loc[rows[chosen], "chosen"] = YES
    else:
        table.loc[rows[nearest(milliseconds, megabytes, ms, mb)], "nearest"] = YES
    return table


def _yes(true: np.ndarray) -> np.ndarray:
    return np.where(true, YES, NO)


FRONTIER = Table(
    rows,
    needs=("form_measurements", "form_answers", "measured", "splits", "validation", "test"),
    keys=("network", "form", "precision"),
    values=("accuracy", "difference", "milliseconds", "times_faster", "megabytes"),
    differences=False,
    section="frontier",
    settings=("shown", "seed", "recipes", "choice"),
    title="accuracy, time and size of every exported student",
    caption="""Every exported student of generation 0 in every form and precision, and the teacher: accuracy on the test
part with its exact 95 % interval, the paired difference to the teacher, whether it is *not worse* by more than the
margin (one-sided, 95 %), the median time of one image, and the size of the file. On the frontier is a file where no
other student's is as accurate and as fast. Validation chooses: the cheapest that is about as accurate as the best.""",
)
"""Accuracy, time and size of every exported student, and the choice."""
