"""What reruns when: every line of the table in docs/reruns.md, by the rules that `snakemake -n` names."""

import contextlib
import os
import re
import shutil
import time

import numpy as np
import pytest
from conftest import ROOT, jpeg, kaggle_zip, planned, snakemake

from snakedistill.core.recipe import NEUTRAL
from snakedistill.results import figures, tables

FIGURES = {f"plot_{name}" for name, figure in figures.FIGURES.items() if figure.fewest_classes == 2}
TABLES = {f"tabulate_{name}" for name in tables.TABLES}
SUMMARY = {"summarise", "summary_to_html"}
TIMING = {"time_networks", "tabulate_timing", "tabulate_frontier", "plot_timing", "plot_frontier", "plot_examples"}
STUDENTS = {
    "train_student",
    "evaluate",
    "write_labels",
    "export_onnx",
    "export_litert",
    "write_submission",
}
# A model card shows numbers of tables, and the bundle has one.
CARDS = {"write_model_card", "write_bundle"}
RESULTS = TABLES | FIGURES | SUMMARY | CARDS | {"weigh_claims", "time_networks"}
SPEED = {"time_backbones", "weigh_claims"}
DATA = {"index_archive", "split_images", "write_arrays"}
ALL = DATA | {"train_teacher"} | STUDENTS | RESULTS | SPEED


def rules(folder, *overlays) -> set[str]:
    return set(planned(folder, *overlays)) - {"all", "total"}


@pytest.fixture
def edited(folder):
    """A function that replaces text in a file of the project for the time of a with block."""

    @contextlib.contextmanager
    def edit(file: str, old: str, new: str):
        path = folder / "workflow" / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        try:
            yield
        finally:
            path.write_text(text)

    return edit


def test_nothing_when_nothing_changed(folder):
    assert "Nothing to be done" in snakemake(folder, "-n", "--configfile", "tiny.yaml").stdout


def test_nothing_when_files_are_touched_or_checked_out_again(folder):
    later = time.time() + 60
    for part in ("workflow", "presets", "profiles", "envs"):
        shutil.rmtree(folder / part)
        shutil.copytree(ROOT / part, folder / part, copy_function=shutil.copyfile)
    for path in [folder / "archive.zip", folder / "config.yaml", *folder.glob("workflow/**/*")]:
        os.utime(path, (later, later))
    assert rules(folder) == set()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("scripts/snakedistill/training/loop.py", '"""Train a network, save', '"""Train one network, save'),
        ("scripts/snakedistill/training/forward.py", "\nPREDICTION_BATCH", "\n# How many at once.\nPREDICTION_BATCH"),
        ("scripts/train.py", "from snakedistill.core.job", "# The job.\nfrom snakedistill.core.job"),
        ("rules/training.smk", "rule train_student:", "# One rule for all.\nrule train_student:"),
    ],
)
def test_nothing_for_comments_and_docstrings(folder, edited, file, old, new):
    with edited(file, old, new):
        assert rules(folder) == set()


def test_a_library_function_reruns_the_rules_that_use_it_and_what_follows(folder, edited):
    library = "scripts/snakedistill/"
    with edited(f"{library}training/loop.py", "sums += sizes @ found", "sums += 1.0 * sizes @ found"):
        assert rules(folder) == ALL - DATA - {"time_backbones"}
    with edited(f"{library}training/prediction.py", "for part, path in predictions.items():", "for part, path in []:"):
        assert rules(folder) == ALL - DATA - {"time_backbones"}, "training runs write the predictions"
    with edited(f"{library}measures/intervals.py", "return float(interval.low)", "return -float(interval.low)"):
        tables = {
            "tabulate_uncertainty",
            "tabulate_classes",
            "tabulate_frontier",
            "tabulate_inheritance",
            "tabulate_lifetimes",
            "tabulate_recursion",
            "tabulate_risk_coverage",
            "plot_examples",
            "plot_frontier",
            "plot_generations",
            "plot_inheritance",
            "plot_movement",
            "plot_recursion_map",
            "plot_reliability",
            "plot_risk_coverage",
            "weigh_claims",
        }
        assert rules(folder) == tables | SUMMARY | CARDS
    with edited(f"{library}export/bundle.py", "The files beside this page", "The files beside"):
        assert rules(folder) == {"write_bundle"}


def test_the_style_of_figures_reruns_figures(folder, edited):
    with edited("scripts/snakedistill/results/figures/style.py", '"grid.color": "0.92"', '"grid.color": "0.9"'):
        assert rules(folder) == FIGURES | SUMMARY


def test_a_student_hyper_parameter_reruns_the_students(folder):
    jobs = planned(folder, {"student": {"learning_rate": 0.01}})
    assert jobs["train_student"] == 6
    assert set(jobs) - {"all", "total"} == STUDENTS | RESULTS | {"write_config"}
    assert jobs["write_labels"] == 3, "labels that are manual or the teacher's stay"


def test_two_more_generations_are_two_more_training_runs(folder):
    jobs = planned(folder, {"students": {"soft": {"generations": 4}}})
    for rule in ("train_student", "evaluate", "write_labels"):
        assert jobs[rule] == 2
    assert set(jobs) & {"train_teacher", "export_onnx", "time_networks", "write_submission"} == set()


@pytest.mark.parametrize(("networks", "exports"), [(["hard-1", "soft-2"], 2), (["hard-1", "soft-1"], 1)])
def test_more_networks_to_export_are_so_many_exports(folder, networks, exports):
    """The teacher, the timed student and the bundled one are exported already."""
    jobs = planned(folder, {"export": {"networks": networks}})
    assert jobs["export_onnx"] == exports
    assert jobs["write_model_card"] == exports
    assert set(jobs) == {"export_onnx", "write_config", "write_model_card", *SUMMARY, "all", "total"}


def test_more_candidates_are_exported_and_timed(folder):
    jobs = planned(folder, {"export": {"networks": "all"}})
    assert jobs["export_onnx"] == 4 and "export_litert" not in jobs
    assert set(jobs) > TIMING and not set(jobs) & {"write_bundle", "train_student"}


def test_another_tolerance_of_int8_exports_and_times_nothing(folder):
    assert rules(folder, {"export": {"int8_max_drop": 0.5}}) == CARDS | SUMMARY | {"write_config"}


@pytest.mark.parametrize("choose", [{"margin": 0.02}, {"ms": 5}, {"mb": 3.5}])
def test_another_choice_tabulates_it_anew(folder, choose):
    assert rules(folder, {"choose": choose}) >= {
        "tabulate_frontier",
        "plot_frontier",
        "write_model_card",
        *SUMMARY,
        "write_config",
    }
    assert not rules(folder, {"choose": choose}) & {"time_networks", "write_bundle", "write_submission", *STUDENTS}


def test_where_the_student_is_chosen_the_candidates_are_exported_and_timed_and_what_ships_follows_the_choice(folder):
    chosen = {"export": {"network": None}}
    jobs = planned(folder, chosen)
    assert (jobs["export_onnx"], jobs["export_litert"], jobs["time_networks"]) == (2, 2, 1)
    assert {"tabulate_frontier", "write_bundle", "write_submission"} < set(jobs)
    assert not set(jobs) & {"train_student", "train_teacher"}


def test_without_int8_everything_is_exported_again(folder):
    jobs = planned(folder, {"export": {"int8": False}})
    assert (jobs["export_onnx"], jobs["export_litert"]) == (3, 3)
    assert jobs["time_networks"] == 1 and not jobs.keys() & {"train_student", "train_teacher"}


def test_a_new_family_is_that_family(folder):
    jobs = planned(folder, {"students": {"mild": {"labels": "soft", "generations": 1}}})
    assert jobs["train_student"] == jobs["evaluate"] == 2
    assert set(jobs) & {"train_teacher", "export_onnx"} == set()
    assert "time_networks" not in jobs


def test_how_a_family_is_taught_reruns_that_family(folder):
    jobs = planned(folder, {"students": {"hard": {"manual_share": 0.3}}})
    for rule in ("train_student", "evaluate", "write_labels"):
        assert jobs[rule] == 2
    assert set(jobs) & {"train_teacher", "export_onnx", "time_networks"} == set()


def test_one_image_in_the_archive_reruns_the_data_and_all_that_follows(folder):
    original = (folder / "archive.zip").read_bytes()
    rng = np.random.default_rng(0)
    members = {f"{name}.{i}.jpg": jpeg(rng, label) for label, name in enumerate(("cat", "dog")) for i in range(20)}
    kaggle_zip(folder / "archive.zip", members, {number: jpeg(rng, number % 2) for number in range(1, 6)})
    os.utime(folder / "archive.zip", (1, 1))
    try:
        assert rules(folder) == ALL
    finally:
        (folder / "archive.zip").write_bytes(original)


def test_a_key_that_may_be_absent_reruns_nothing_where_it_is_neutral(folder):
    """As after an upgrade that brought the keys."""
    path = folder / "config.yaml"
    original = path.read_text()
    keys = "|".join(NEUTRAL.keys() - {"image_size"})
    shorter, lines = re.subn(rf"^  ({keys}):.*\n", "", original, flags=re.MULTILINE)
    assert lines == 2 * (len(NEUTRAL) - 1)
    shorter, lines = re.subn(r"^  augmentation:\n", r"\g<0>    zoom: 0\n", shorter, flags=re.MULTILINE)
    assert lines == 2
    path.write_text(shorter)
    try:
        assert rules(folder) == {"write_config"}
    finally:
        path.write_text(original)


def test_timing_settings_rerun_the_timing(folder):
    assert rules(folder, {"timing": {"rounds": 3}}) == TIMING | SPEED | SUMMARY | {"write_config", "write_model_card"}


def test_the_summary_without_images_reruns_the_summary(folder):
    assert rules(folder, {"summary": {"images": False}}) == SUMMARY | {"write_config"}


def test_the_style_of_the_page_reruns_the_page(folder, edited):
    summary = "scripts/snakedistill/results/summary"
    for file, old, new in (("page.css", "82rem", "83rem"), ("page.js", "64rem", "65rem"), ("gallery.js", "24", "25")):
        with edited(f"{summary}/{file}", old, new):
            assert rules(folder) == {"summary_to_html"}
