"""The whole workflow, as a user runs it, on an archive of forty small pictures."""

import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT, kaggle_zip

TINY = {
    "run": "tiny",
    "image_size": 32,
    "precision": "float32",
    "teacher": {"backbone": "mobilenetv2", "epochs": 2, "batch_size": 8},
    "student": {"epochs": 2, "batch_size": 8, "augmentation": {"flip": True, "shift": 0.1}},
    "students": {
        "classic": {"labels": "manual", "generations": 0},
        "hard": {"labels": "hard", "generations": 1},
        "soft": {"labels": "soft", "generations": 2},
    },
    "evaluation": {"augmented_repeats": 2},
}
PARTS = ("train", "validation", "test")
NETWORKS = ["teacher", "classic-0", "hard-0", "soft-0", "hard-1", "soft-1", "soft-2"]


def snakemake(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
    """Run Snakemake in `folder` with this project's Snakefile."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", folder]
    command += ["--workflow-profile", ROOT / "profiles/default", "--cores", "2", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder)
    if check:
        assert done.returncode == 0, done.stdout[-4000:]
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which the tiny experiment has run."""
    folder = tmp_path_factory.mktemp("workflow")
    rng = np.random.default_rng(0)
    from conftest import jpeg

    members = {f"{name}.{i}.jpg": jpeg(rng, label) for label, name in enumerate(("cat", "dog")) for i in range(20)}
    members["cat.20.jpg"] = members["cat.0.jpg"][:300]
    kaggle_zip(folder / "archive.zip", members)
    shutil.copy(ROOT / "config.yaml", folder)
    (folder / "tiny.yaml").write_text(yaml.safe_dump(TINY | {"archive": "archive.zip"}))
    snakemake(folder, "--configfile", "tiny.yaml")
    return folder


def test_every_file_of_the_contract_is_there(folder):
    run = folder / "results/tiny"
    expected = ["data/index.csv", "data/rejected.csv", "data/splits.csv", "summary.md", "config.yaml"]
    expected += [f"data/images/{part}.npy" for part in PARTS]
    expected += [f"tables/{table}.csv" for table in ("evaluation", "uncertainty", "histograms", "best_epoch")]
    for network in NETWORKS:
        expected += [f"seed-0/{kind}/{network}.csv" for kind in ("labels", "history", "evaluation")]
        expected += [f"seed-0/models/{network}.keras"]
        expected += [f"seed-0/predictions/{network}/{part}.csv" for part in (*PARTS, "augmented")]
    assert [name for name in expected if not (run / name).is_file()] == []
    files = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert {name for name in files - set(expected) if "/logs/" not in f"/{name}"} == set()
    columns = {
        "data/index.csv": "image_id,member,label,width,height,sha256",
        "data/rejected.csv": "member,reason",
        "data/splits.csv": "image_id,label,split",
        "seed-0/labels/soft-1.csv": "image_id,label",
        "seed-0/history/soft-1.csv": "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds",
        "seed-0/predictions/soft-1/test.csv": "image_id,logit,probability",
        "seed-0/predictions/soft-1/augmented.csv": "image_id,repeat,logit,probability",
        "seed-0/evaluation/soft-1.csv": "split,labels,augmented,repeat,loss,accuracy",
    }
    assert {name: (run / name).read_text().splitlines()[0] for name in columns} == columns


def test_the_broken_image_is_rejected_and_the_run_goes_on(folder):
    rejected = pd.read_csv(folder / "results/tiny/data/rejected.csv")
    assert rejected["member"].tolist() == ["train/cat.20.jpg"]
    assert "1 member of the archive was left out" in (folder / "results/tiny/summary.md").read_text()


def test_parts_are_disjoint_complete_and_balanced(folder):
    data = folder / "results/tiny/data"
    splits = pd.read_csv(data / "splits.csv")
    assert splits["image_id"].is_unique
    assert set(splits["image_id"]) == set(pd.read_csv(data / "index.csv")["image_id"])
    assert splits.groupby(["split", "label"]).size().to_dict() == {
        ("train", 0): 14, ("train", 1): 14, ("validation", 0): 3, ("validation", 1): 3, ("test", 0): 3, ("test", 1): 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("network", "giver"),
    [("hard-0", "teacher"), ("hard-1", "hard-0"), ("soft-0", "teacher"), ("soft-1", "soft-0"), ("soft-2", "soft-1")],
)
def test_every_generation_is_labelled_by_the_one_before(folder, network, giver):
    seed = folder / "results/tiny/seed-0"
    labels = pd.read_csv(seed / f"labels/{network}.csv").set_index("image_id")["label"]
    given = pd.concat(pd.read_csv(seed / f"predictions/{giver}/{part}.csv") for part in PARTS)
    probability = given.set_index("image_id")["probability"].loc[labels.index]
    expected = probability if network.startswith("soft") else (probability > 0.5).astype(int)
    np.testing.assert_array_equal(labels, expected)
    assert len(labels) == 40


def test_nothing_reruns_when_nothing_changed(folder):
    assert "Nothing to be done" in snakemake(folder, "--configfile", "tiny.yaml").stdout


def planned(folder: Path, *overlays: dict | Path, config: tuple[str, ...] = ()) -> dict[str, int]:
    """Jobs by rule that Snakemake would run with some overlays on top of the tiny experiment."""
    files = []
    for number, overlay in enumerate(overlays):
        files.append(overlay if isinstance(overlay, Path) else folder / f"overlay{number}.yaml")
        if isinstance(overlay, dict):
            files[-1].write_text(yaml.safe_dump(overlay))
    out = snakemake(folder, "-n", "--configfile", "tiny.yaml", *files, *config).stdout
    return {rule: int(jobs) for rule, jobs in re.findall(r"^(\w+) +(\d+)$", out, re.MULTILINE)}


def test_a_changed_student_recipe_leaves_the_teacher_alone(folder):
    jobs = planned(folder, {"student": {"learning_rate": 0.01}})
    assert jobs["train_student"] == 6
    assert "train_teacher" not in jobs
    assert "write_arrays" not in jobs


def test_two_more_generations_are_two_more_trainings(folder):
    assert planned(folder, {"students": {"soft": {"generations": 4}}})["train_student"] == 2


def test_the_merged_configuration_is_beside_the_results(folder):
    merged = yaml.safe_load((folder / "results/tiny/config.yaml").read_text())
    assert merged["teacher"]["backbone"] == "mobilenetv2"
    assert merged["teacher"]["dropout"] == 0.5


def test_logs_hold_a_line_an_epoch_and_no_progress_bar(folder):
    log = (folder / "results/tiny/seed-0/logs/train/soft-1.log").read_text()
    assert len(re.findall(r"^soft-1: epoch \d/2: loss .*validation accuracy", log, re.MULTILINE)) == 2
    assert "\r" not in log


def test_a_terminal_gets_a_progress_bar(folder):
    target = "results/tiny/seed-0/models/soft-2.keras"
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--cores", "2"]
    command += ["--configfile", "tiny.yaml", "--force", target, "--nocolor"]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    assert process.wait() == 0, shown.decode()[-2000:]
    assert re.search(r"soft-2: +\d+%\|.*\| \d+/8", shown.decode())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["archive=nowhere.zip"], r"archive: nowhere\.zip was given, but there is nothing at .*kaggle competitions"),
        (["image_sise=64"], "image_sise: unknown key; allowed are run, archive"),
        (["run=../elsewhere"], r"run: '\.\./elsewhere' given; allowed is string, that matches"),
    ],
)
def test_bad_configuration_is_one_clear_message(folder, arguments, message):
    done = snakemake(folder, "-n", "--configfile", "tiny.yaml", "--config", *arguments, check=False)
    assert done.returncode != 0
    assert re.search(message, done.stdout)
    assert "Traceback" not in done.stdout


def test_an_error_inside_a_rule_is_shown_without_a_traceback(folder, tmp_path, photographs):
    few = {name: data for name, data in photographs.items() if name in ("cat.0.jpg", "dog.0.jpg", "dog.1.jpg")}
    kaggle_zip(folder / "few.zip", few)
    done = snakemake(
        folder, "--configfile", "tiny.yaml", "--config", "archive=few.zip", "run=few", "--", "split_images", check=False
    )
    assert done.returncode != 0
    assert "Error: Too few usable images for the split: {0: 1, 1: 2} by label" in done.stdout
    assert "Traceback" not in done.stdout
    assert not (folder / "results/few/data/splits.csv").exists()


def test_the_paper_is_planned_in_full(folder, archive):
    jobs = planned(folder, ROOT / "presets/paper.yaml", config=("--config", f"archive={archive}"))
    assert jobs["train_teacher"] == 1
    assert jobs["train_student"] == 15
    assert jobs["predict"] == jobs["evaluate"] == jobs["write_labels"] == 16
    assert jobs["fetch_weights"] == 1
