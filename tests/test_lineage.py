"""A file of another seed, network or split, of the very same images, is never read as the one it stands for."""

import json
import os
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from conftest import snakemake

from snakedistill.core.errors import InputError
from snakedistill.core.files import write_csv
from snakedistill.core.lineage import (
    check_lineage,
    check_settings,
    lineage_file,
    read_predictions,
    record_lineage,
    training_settings,
)
from snakedistill.core.parts import PARTS
from snakedistill.export.exporting import export_network
from snakedistill.results.figures import examples as figure_of_examples
from snakedistill.results.run import Run
from snakedistill.results.tables import TABLES, write_table
from snakedistill.teaching.labels import write_labels
from snakedistill.training.evaluation import Measured, write_evaluation
from snakedistill.training.loop import train
from snakedistill.training.prediction import write_predictions
from snakedistill.training.run import TrainingRun

RECIPE = {"backbone": "resnet18", "preprocessing": "paper", "dropout": 0, "batch_norm_momentum": None}
CLASSES = ["cat", "dog"]
DIFFERENT = "was made from different inputs"
SWAPS = {
    "seed": ("soft-0", 1, "splits.csv", "its seed is 1, not 0"),
    "network": ("hard-0", 0, "splits.csv", "its network is hard-0, not soft-0"),
    "split": ("soft-0", 0, "others.csv", r"its splits is \w{64}, not \w{64} \(.*splits\.csv\)"),
}


@pytest.fixture
def run(tmp_path):
    """Model, labels and predictions of soft-0 with seed 0, and two splits of the same six images."""
    ids = [f"cat.{number}" for number in range(6)]
    for name, parts in (("splits", PARTS), ("others", PARTS[::-1])):
        write_csv(pd.DataFrame({"image_id": ids, "label": [0, 1] * 3, "split": parts * 2}), tmp_path / f"{name}.csv")
    (tmp_path / "model.keras").write_text("a network")
    (tmp_path / "timing.json").write_text('{"multiply_adds": {}}')
    write_csv(pd.DataFrame({"image_id": ids, "label": 0.5}), tmp_path / "labels.csv")
    for number, part in enumerate(PARTS):
        rows = {"image_id": ids[number::3], "logit": 0.0, "probability": 0.5}
        write_csv(pd.DataFrame(rows), tmp_path / f"{part}.csv")
        np.save(tmp_path / f"{part}.npy", np.zeros((2, 32, 32, 3), np.uint8))
    for name in ("model.keras", "labels.csv", *(f"{part}.csv" for part in PARTS)):
        record(tmp_path, name)
    return tmp_path


def record(run, name, network="soft-0", seed=0, splits="splits.csv"):
    made_from = {} if name == "model.keras" else {"model": run / "model.keras"}
    record_lineage(run / name, network, seed, splits=run / splits, **made_from)


def training(run):
    arrays = {part: run / f"{part}.npy" for part in PARTS}
    what = TrainingRun(
        network_id="soft-0", way="soft", recipe=RECIPE, image_size=32, precision="float32", seed=0, classes=CLASSES,
        arrays=arrays, splits=run / "splits.csv", labels=run / "labels.csv", backbone="resnet18",
    )  # fmt: skip
    train(what, run / "m.keras", run / "h.csv", run / "checkpoints")


def prediction(run):
    arrays = {part: run / f"{part}.npy" for part in PARTS}
    write_predictions(run / "model.keras", "soft-0", 0, run / "splits.csv", arrays, CLASSES, {"test": run / "out.csv"})


def evaluation(run):
    predictions = {part: run / f"{part}.csv" for part in PARTS}
    measured = Measured(
        model=run / "model.keras", network_id="soft-0", seed=0, splits=run / "splits.csv", predictions=predictions,
        test_images=run / "test.npy", teacher_labels=run / "labels.csv", own_labels=None,
        augmentation={"flip": False, "shift": 0}, repeats=0, classes=CLASSES,
    )  # fmt: skip
    write_evaluation(measured, run / "out.csv", run / "augmented.csv")


def labelling(run):
    predictions = {part: run / f"{part}.csv" for part in PARTS}
    write_labels("soft-1", 0, run / "splits.csv", "soft", "soft-0", predictions, CLASSES, run / "out.csv")


def exporting(run):
    arrays = {part: run / f"{part}.npy" for part in PARTS}
    predictions = {part: run / f"{part}.csv" for part in ("validation", "test")}
    names = {"float32": "out.onnx", "int8": "out.int8.onnx", "answers": "answers.csv", "measurements": "out.json"}
    files = {kind: run / name for kind, name in names.items()}
    model, card = run / "model.keras", {"network": "soft-0"}
    export_network("onnx", model, 0, card, run / "splits.csv", arrays, predictions, 1, files)


ALONE = {"shown": ["soft-0"], "seed": 0, "recipes": {}, "choice": {"margin": 0.01, "ms": None, "mb": None}}


def files_of(run):
    predictions = {part: [run / f"{part}.csv"] for part in PARTS}
    exports = {"measured": str(run / "timing.json"), "form_measurements": [], "form_answers": []}
    return Run([(0, "soft-0")], CLASSES, predictions | exports | {"splits": str(run / "splits.csv")})


def table(name, **settings):
    def tabulating(run):
        write_table(name, files_of(run), settings, None, run / "out.csv")

    tabulating.__name__ = f"table {name}"
    return tabulating


def examples(run):
    shutil.copyfile(run / "test.csv", run / "teacher.csv")
    record(run, "teacher.csv", "teacher")
    files = files_of(run).files | {
        "test": [run / "teacher.csv", run / "test.csv"],
        "test_images": str(run / "test.npy"),
    }
    both = Run([(0, "teacher"), (0, "soft-0")], CLASSES, files)
    pictures = {"": [run / "out.svg", run / "out.png"]}
    figure_of_examples.plot(both, pictures, "run", ["teacher", "soft-0"], chooses=False, seed=0)


READERS = [
    (training, "labels.csv"),
    (prediction, "model.keras"),
    (evaluation, "model.keras"),
    (evaluation, "train.csv"),
    (evaluation, "labels.csv"),
    (labelling, "validation.csv"),
    (exporting, "model.keras"),
    (exporting, "test.csv"),
    (table("uncertainty"), "test.csv"),
    (table("histograms", bin_width=0.05), "train.csv"),
    (table("classes"), "validation.csv"),
    (table("confusion"), "train.csv"),
    (table("inheritance"), "test.csv"),
    (table("calibration"), "validation.csv"),
    (table("risk_coverage"), "test.csv"),
    (table("frontier", **ALONE), "validation.csv"),
    (table("comparisons"), "test.csv"),
    (table("recursion"), "test.csv"),
    (table("first_errors"), "test.csv"),
    (table("lifetimes"), "test.csv"),
]


@pytest.mark.parametrize("swap", SWAPS)
@pytest.mark.parametrize(("read", "name"), READERS, ids=lambda one: getattr(one, "__name__", one))
def test_a_file_of_another_making_is_an_error_that_names_it(run, read, name, swap):
    *making, message = SWAPS[swap]
    record(run, name, *making)
    before = sorted(path.name for path in run.iterdir())
    with pytest.raises(InputError, match=rf"{re.escape(str(run / name))} {DIFFERENT}: {message}.*Delete it"):
        read(run)
    assert sorted(path.name for path in run.iterdir()) == before


def test_every_table_of_predictions_is_a_reader_here():
    read = {name for name, one in TABLES.items() if set(PARTS) & set(one.needs)}
    assert {f"table {name}" for name in read} == {
        reader.__name__ for reader, _ in READERS if reader.__name__.startswith("table ")
    }


@pytest.mark.parametrize(
    ("name", "settings"), [("uncertainty", {}), ("histograms", {"bin_width": 0.5}), ("classes", {}), ("confusion", {})]
)
def test_tables_of_this_making_are_written(run, name, settings):
    table(name, **settings)(run)
    written = pd.read_csv(run / "out.csv")
    assert set(written["network"]) == {"soft-0"}
    assert set(written["split"]) == set(PARTS)


def test_examples_are_of_these_networks(run):
    record(run, "test.csv", "hard-0")
    with pytest.raises(InputError, match=rf"test\.csv {DIFFERENT}: its network is hard-0, not soft-0"):
        examples(run)


def test_predictions_of_another_model_are_not_those_of_this_one(run):
    (run / "model.keras").write_text("the same network, trained again")
    record(run, "model.keras")
    for read, name in ((evaluation, "train"), (exporting, "validation")):
        with pytest.raises(InputError, match=rf"{name}\.csv {DIFFERENT}: its model is .*model\.keras\)"):
            read(run)


def test_what_is_of_this_making_is_read(run):
    labelling(run)
    evaluation(run)
    found = json.loads((run / "out.lineage.json").read_text())
    assert (found["network"], found["seed"]) == ("soft-1", 0)
    assert found["train"] == json.loads((run / "train.lineage.json").read_text())["sha256"]
    check_lineage(run / "augmented.csv", "soft-0", 0, splits=run / "splits.csv", model=run / "model.keras")


def test_settings_of_training_are_recorded_and_compared(run):
    ours = training_settings(RECIPE | {"augmentation": {"shift": 0.1, "flip": True}}, 32, "float32", "tensorflow")
    record_lineage(run / "model.keras", "soft-0", 0, ours, splits=run / "splits.csv")
    found = json.loads(lineage_file(run / "model.keras").read_text())["settings"]
    assert found == ours
    check_settings({"a.keras": found}, {"a.keras": ours})
    other = ours | {"recipe": ours["recipe"] | {"augmentation": {"shift": 0.2, "flip": True}}, "precision": "bfloat16"}
    with pytest.raises(InputError) as error:
        check_settings({"a.keras": found, "b.keras": found}, {"a.keras": other, "b.keras": ours})
    assert str(error.value).splitlines()[1:3] == [
        "  a.keras: expected precision bfloat16, got float32",
        "  a.keras: expected recipe.augmentation.shift 0.2, got 0.1",
    ]
    assert "b.keras" not in str(error.value)


def test_a_changed_file_and_one_without_lineage_are_errors(run):
    rows = (run / "test.csv").read_text()
    (run / "test.csv").write_text(rows.replace("0.5", "0.6", 1))
    with pytest.raises(InputError, match=rf"test\.csv {DIFFERENT}: its sha256 is"):
        read_predictions(run / "test.csv", "soft-0", 0)
    (run / "test.csv").write_text(rows)
    assert read_predictions(run / "test.csv", "soft-0", 0)["probability"].tolist() == [[0.5, 0.5]] * 2
    for damage in (b"", b"{", None):
        lineage = lineage_file(run / "test.csv")
        lineage.write_bytes(damage) if damage is not None else lineage.unlink()
        with pytest.raises(InputError, match=r"Nothing says what .*test\.csv was made from, for .*test\.lineage\.json"):
            read_predictions(run / "test.csv", "soft-0", 0)


def test_files_swapped_between_networks_stop_the_workflow(folder, tmp_path):
    """soft-0's predictions, with their lineage, in the place of the teacher's: no label is made of them."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy, copy_function=os.link, ignore=shutil.ignore_patterns(".snakemake"))
    shutil.copytree(folder / ".snakemake", copy / ".snakemake")
    given = copy / "results/tiny/seed-0/predictions"
    for path in (given / "soft-0").glob("t*"):
        (given / "teacher" / path.name).unlink()
        shutil.copyfile(path, given / "teacher" / path.name)
    done = snakemake(copy, "--configfile", "tiny.yaml", "--", "results/tiny/seed-0/labels/hard-0.csv", check=False)
    assert done.returncode != 0
    wrong = rf"Error: .*predictions/teacher/train\.csv {DIFFERENT}: its network is soft-0, not teacher"
    assert re.search(wrong, done.stdout), done.stdout
