"""The whole workflow, as a user runs it, on an archive of forty small pictures."""

import csv
import json
import math
import os
import pty
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT, jpeg, kaggle_zip, planned, snakemake
from huggingface_hub import ModelCard

from snakedistill.export.chosen import read_choice

PARTS = ("train", "validation", "test")
NETWORKS = ["teacher", "classic-0", "hard-0", "soft-0", "hard-1", "soft-1", "soft-2"]


def test_every_file_of_the_contract_is_there(folder):
    run = folder / "results/tiny"
    expected = [
        "data/index.csv",
        "data/rejected.csv",
        "data/unusable.csv",
        "data/counts.csv",
        "data/splits.csv",
        "data/copies.csv",
        "config.yaml",
    ]
    expected += ["claims.csv", "summary.md", "summary.html", "submission.csv", "timing.csv"]
    expected += ["timing.json", "claims.md", "speed.csv"]
    expected += [f"deploy/{name}" for name in ("model.onnx", "model.int8.onnx", "README.md", "requirements.txt")]
    expected += [f"deploy/{name}" for name in ("model.tflite", "model.int8.tflite")]
    expected += ["deploy/classify.py", "deploy/decoding.py", "deploy/answers.py", "deploy/SHA256SUMS"]
    expected += ["deploy/check.py", "deploy/golden.csv", *(f"deploy/golden/{number:02}.png" for number in range(1, 7))]
    expected += [f"data/images/32-squash-nearest/{part}.npy" for part in PARTS]
    expected += [
        f"tables/{table}.csv"
        for table in ("evaluation", "uncertainty", "histograms", "best_epoch", "classes", "confusion", "timing")
    ]
    expected += [
        f"tables/{table}.csv" for table in ("inheritance", "calibration", "comparisons", "recursion", "first_errors")
    ] + ["tables/risk_coverage.csv", "tables/frontier.csv", "tables/lifetimes.csv"]
    figures = ["1-teacher", "2-training-teacher", "3-training-classic", "4-training-hard", "5-training-soft"]
    figures += ["6-predictions-test", "7-predictions-validation", "8-predictions-train"]
    figures += ["9-recursion-soft", "9-recursion-hard", "generations", "examples", "timing", "frontier"]
    figures += ["recursion_map-soft", "recursion_map-hard", "movement", "inheritance", "reliability", "risk_coverage"]
    expected += [f"figures/{figure}.{suffix}" for figure in figures for suffix in ("svg", "png")]
    for network in ("teacher", "soft-0", "soft-1"):  # the teacher, the timed student and the bundled one
        expected += [f"seed-0/onnx/{network}.{suffix}" for suffix in ("onnx", "int8.onnx", "csv", "json")]
        expected += [f"seed-0/cards/{network}.md"]
        expected += [f"seed-0/litert/{network}.{suffix}" for suffix in ("tflite", "int8.tflite", "csv", "json")]
    for network in NETWORKS:
        expected += [f"seed-0/{kind}/{network}.csv" for kind in ("labels", "history", "evaluation")]
        expected += [f"seed-0/models/{network}.keras"]
        for suffix in ("csv", "lineage.json"):
            expected += [f"seed-0/predictions/{network}/{part}.{suffix}" for part in (*PARTS, "augmented")]
        expected += [f"seed-0/{kind}/{network}.lineage.json" for kind in ("labels", "models")]
    assert [name for name in expected if not (run / name).is_file()] == []
    files = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    others = {name for name in files - set(expected) if not {"logs", "benchmarks"} & set(name.split("/"))}
    assert others == set()
    columns = {
        "data/index.csv": "image_id,member,class,label,width,height,grey,sha256,perceptual_hash",
        "data/copies.csv": "group,image_id,label,equal_bytes,contradiction",
        "data/rejected.csv": "member,reason",
        "data/counts.csv": "class,split,images",
        "data/splits.csv": "image_id,label,split",
        "seed-0/labels/soft-1.csv": "image_id,label",
        "seed-0/history/soft-1.csv": "epoch,loss,accuracy,val_loss,val_accuracy,val_manual_accuracy,learning_rate,"
        "seconds,kept",
        "seed-0/predictions/soft-1/test.csv": "image_id,logit,probability",
        "seed-0/predictions/soft-1/augmented.csv": "image_id,repeat,logit,probability",
        "submission.csv": "id,label",
        "timing.csv": "runtime,network,precision,threads,batch_size,decoding,median,p10,p90,mean,images,seconds_total,"
        "rounds,joules,processor,flags,cores,versions",
        "seed-0/evaluation/soft-1.csv": "split,labels,augmented,repeat,loss,accuracy,label_fit",
    }
    assert {name: (run / name).read_text().splitlines()[0] for name in columns} == columns


def test_the_page_on_files_has_every_csv_and_its_columns(folder):
    run, page = folder / "results/tiny", (ROOT / "docs/files.md").read_text()
    described = {}
    for title, section in re.findall(r"^### (.*?)\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL):
        cells = re.findall(r"^\| (.*?) \|", section, re.MULTILINE)
        for name in re.findall(r"`(.*?)`", title):
            described[name] = {column for cell in cells for column in re.findall(r"`(.*?)`", cell)}
    for path in run.rglob("*.csv"):
        name = path.relative_to(run).as_posix().replace("seed-0/", "seed-K/")
        part, network = "|".join(PARTS), "|".join(NETWORKS)
        name = re.sub(rf"\b({network})\b", "N", re.sub(rf"/({part})\.csv", "/S.csv", name))
        columns = pd.read_csv(path, nrows=0).columns
        of_reference = ("paper_", *(f"{column}_difference" for column in ("loss", "accuracy", "uncertainty")))
        of_reference += ("relative_frequency_difference",)
        assert set(columns) - {one for one in columns if one.startswith(of_reference)} <= described[name], name


def test_the_broken_image_is_rejected_and_the_run_goes_on(folder):
    rejected = pd.read_csv(folder / "results/tiny/data/rejected.csv")
    assert rejected["member"].tolist() == ["train/cat.20.jpg"]
    assert "1 file is not used" in (folder / "results/tiny/summary.md").read_text()


def test_the_page_declares_the_figures_that_it_takes_in(folder):
    """Where files are in a bucket, a job has only the files that its rule names."""
    told = snakemake(folder, "--configfile", "tiny.yaml", "--detailed-summary").stdout
    row = next(line for line in told.splitlines() if line.startswith("results/tiny/summary.html\t"))
    pictures = re.findall(r"\((figures/[^)]+)\)", (folder / "results/tiny/summary.md").read_text())
    assert pictures
    assert [name for name in pictures if f"results/tiny/{name}" not in row] == []


def test_parts_are_disjoint_complete_and_balanced(folder):
    data = folder / "results/tiny/data"
    splits = pd.read_csv(data / "splits.csv")
    assert splits["image_id"].is_unique
    assert set(splits["image_id"]) == set(pd.read_csv(data / "index.csv")["image_id"])
    assert splits.groupby(["split", "label"]).size().to_dict() == {
        ("train", 0): 14, ("train", 1): 14, ("validation", 0): 3, ("validation", 1): 3, ("test", 0): 3, ("test", 1): 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("network", "source"),
    [("hard-0", "teacher"), ("hard-1", "hard-0"), ("soft-0", "teacher"), ("soft-1", "soft-0"), ("soft-2", "soft-1")],
)
def test_every_generation_is_labelled_by_the_one_before(folder, network, source):
    seed = folder / "results/tiny/seed-0"
    labels = pd.read_csv(seed / f"labels/{network}.csv").set_index("image_id")["label"]
    given = pd.concat(pd.read_csv(seed / f"predictions/{source}/{part}.csv") for part in PARTS)
    probability = given.set_index("image_id")["probability"].loc[labels.index]
    expected = probability if network.startswith("soft") else (probability > 0.5).astype(int)
    np.testing.assert_array_equal(labels, expected)
    assert len(labels) == 40


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def answers(folder):
    """Prediction files and labels read with the csv module: (logit, probability, manual, teacher's) of every image."""
    run = folder / "results/tiny"
    manual = {row["image_id"]: float(row["label"]) for row in rows_of(run / "data/splits.csv")}

    def read(network: str, part: str) -> list[dict]:
        family, _, _ = network.partition("-")
        given = {}
        if family in ("hard", "soft"):
            labels = rows_of(run / f"seed-0/labels/{family}-0.csv")
            given = {row["image_id"]: float(row["label"]) for row in labels}
        return [
            {
                "z": float(row["logit"]),
                "p": float(row["probability"]),
                "repeat": int(row.get("repeat", 0)),
                "manual": manual[row["image_id"]],
                "teacher": given.get(row["image_id"]),
            }
            for row in rows_of(run / f"seed-0/predictions/{network}/{part}.csv")
        ]

    return read


def loss_and_accuracy(rows: list[dict], labels: str) -> tuple[float, float]:
    """Formulas (2) and (12), one image after the other."""
    total, right = 0.0, 0
    for row in rows:
        p = 1 / (1 + math.exp(-row["z"]))
        total -= row[labels] * math.log(p) + (1 - row[labels]) * math.log(1 - p)
        right += (p > 0.5) == (row[labels] > 0.5)
    return total / len(rows), right / len(rows)


def test_the_evaluation_table_follows_from_the_prediction_files(folder, answers):
    seen = 0
    for row in rows_of(folder / "results/tiny/tables/evaluation.csv"):
        if row["labels"] == "own":
            continue
        given = answers(row["network"], "augmented" if row["augmented"] == "yes" else row["split"])
        repeats = sorted({one["repeat"] for one in given})
        pairs = [
            loss_and_accuracy([one for one in given if one["repeat"] == repeat], row["labels"]) for repeat in repeats
        ]
        assert float(row["loss"]) == pytest.approx(min(loss for loss, _ in pairs), rel=1e-5)
        assert float(row["accuracy"]) == pytest.approx(max(accuracy for _, accuracy in pairs))
        assert int(row["repeats"]) == len(repeats)
        seen += 1
    # The teacher and the classic student: 3 parts and an augmented test; the others the same by two kinds of labels.
    assert seen == 2 * 4 + 5 * 8


def test_uncertainty_and_class_tables_follow_from_the_prediction_files(folder, answers):
    table = rows_of(folder / "results/tiny/tables/uncertainty.csv")
    assert {(row["network"], row["split"]) for row in table} == {(one, part) for one in NETWORKS for part in PARTS}
    for row in table:
        given = answers(row["network"], row["split"])
        distance = [min(one["p"], 1 - one["p"]) ** 2 for one in given]
        assert float(row["uncertainty"]) == pytest.approx(sum(distance) / len(given), rel=1e-5)
        assert float(row["accuracy"]) == pytest.approx(loss_and_accuracy(given, "manual")[1])
        assert float(row["accuracy_low"]) <= float(row["accuracy"]) <= float(row["accuracy_high"])
        assert float(row["uncertainty_low"]) <= float(row["uncertainty"]) <= float(row["uncertainty_high"])
    table = rows_of(folder / "results/tiny/tables/classes.csv")
    assert len(table) == len(NETWORKS) * len(PARTS) * 2
    for row in table:
        label = {"cat": 0, "dog": 1}[row["class"]]
        given = [one for one in answers(row["network"], row["split"]) if one["manual"] == label]
        wrong = sum((one["p"] > 0.5) != label for one in given)
        assert (int(row["errors"]), int(row["images"])) == (wrong, len(given))
        assert float(row["error_rate"]) == pytest.approx(wrong / len(given))


def test_histograms_and_best_epochs_follow_from_their_files(folder, answers):
    counted = Counter()
    for network in NETWORKS:
        for part in PARTS:
            counted.update((network, part, min(19, int(one["p"] * 20 + 1e-9))) for one in answers(network, part))
    for row in rows_of(folder / "results/tiny/tables/histograms.csv"):
        images = len(answers(row["network"], row["split"]))
        number = round(float(row["bin_low"]) * 20)
        share = counted.pop((row["network"], row["split"], number), 0) / images
        assert float(row["relative_frequency"]) == pytest.approx(share)
    assert not counted
    for row in rows_of(folder / "results/tiny/tables/best_epoch.csv"):
        history = rows_of(folder / f"results/tiny/seed-0/history/{row['network']}.csv")
        best = max(history, key=lambda epoch: (float(epoch["val_accuracy"]), -float(epoch["val_loss"])))
        assert [epoch["epoch"] for epoch in history if epoch["kept"] == "1"] == [best["epoch"]] == [row["epoch"]]


def test_the_run_description_stands_at_the_head_of_the_summary(folder):
    summary = (folder / "results/tiny/summary.md").read_text()
    head = summary.partition("## ")[0]
    assert "Run tiny: images of archive.zip at 32 pixels" in head
    assert "teacher.epochs 2 (25)" in head
    pictures = re.findall(r"!\[.+\]\((.+)\)", summary)
    assert len(pictures) == 20
    assert all((folder / "results/tiny" / picture).is_file() for picture in pictures)


def test_every_claim_has_a_verdict(folder):
    claims = pd.read_csv(folder / "results/tiny/claims.csv")
    assert claims["claim"].drop_duplicates().tolist() == [f"C{number}" for number in range(1, 12)]
    assert set(claims["verdict"]) <= {"holds", "does not hold", "cannot be told"}
    assert (claims.groupby("claim")["verdict"].nunique() == 1).all()
    # Two generations of soft, one of hard: the claim about every step names what is missing.
    missing = claims.query("claim == 'C10'").set_index("evidence")["interval"]
    assert missing["soft-2 - hard-2: accuracy, test"] == "none: this run has no hard-2"


def test_the_report_is_one_file_with_captions_and_run_description(folder):
    command = [sys.executable, "-m", "snakemake", "--configfile", "tiny.yaml", "--report", "report.html"]
    subprocess.run(command, cwd=folder, check=True)  # as README has it, without --cores
    page = (folder / "report.html").read_text()
    chapters = ["01 Result", "02 Which student", "03 Training (section 3)", "04 Time (section 4.1)"]
    chapters += ["05 Predictions (section 4.2)", "06 Accuracy and uncertainty, and recursion (sections 4.3, 4.4)"]
    chapters += ["07 What is inherited", "08 Calibration", "09 Risk and coverage", "10 Examples", "11 Tables"]
    assert [chapter for chapter in chapters if chapter not in page] == []
    # Every result of the report: 18 figures, 12 tables, claims, summary; each caption ends with the run description.
    assert page.count("images of archive.zip at 32 pixels") >= 18 + 12 + 2


def test_the_summary_fits_into_the_data_url_that_browsers_take_from_the_report(folder):
    assert (folder / "results/tiny/summary.html").stat().st_size * 4 / 3 < 2 * 2**20


def test_the_chosen_student_ships(folder, photographs, tmp_path):
    """What was trained stays; the candidates are exported and timed, and every client takes the chosen one."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy, symlinks=True)
    (copy / "mine").mkdir(exist_ok=True)
    (copy / "mine/cat.0.jpg").write_bytes(photographs["cat.0.jpg"])
    run, frontier = copy / "results/tiny", copy / "results/tiny/tables/frontier.csv"

    def shipped(choose: dict, column: str) -> pd.DataFrame:
        overlay = {"export": {"network": None}, "choose": choose}
        (copy / "overlay.yaml").write_text(yaml.safe_dump(overlay))
        snakemake(copy, "--configfile", "tiny.yaml", "overlay.yaml", "--config", "photos=mine", "--", "all", "classify")
        table = pd.read_csv(frontier)
        (row,) = table[table[column] == "yes"].to_dict("records")
        network = row["network"]
        for suffix in ("onnx", "tflite"):
            form = {"onnx": "onnx", "tflite": "litert"}[suffix]
            original = run / f"seed-0/{form}/{network}.{suffix}"
            assert (run / f"deploy/model.{suffix}").read_bytes() == original.read_bytes()
        assert (run / "deploy/README.md").read_text().count(f"# {network}: ") == 1
        answers = pd.read_csv(run / "photos/mine/answers.csv").columns
        assert {column.partition("_")[0] for column in answers} - {"photo", "reason"} == {"teacher", network}
        return table

    table = shipped({"margin": 0.5}, "chosen")
    assert set(table["network"][table["role"] == "candidate"]) == {"classic-0", "hard-0", "soft-0"}
    assert table["milliseconds"].notna().all() and table["memory_megabytes"].notna().all()
    assert len(table) == 4 * 2 * 2 and table["accuracy"].between(0, 1).all()
    timing = pd.read_csv(run / "tables/timing.csv").groupby("network")["runtime"].unique()
    assert set(timing["soft-0"]) == {"ONNX Runtime", "LiteRT"} and "Keras" in set(timing["hard-0"])
    chosen = read_choice(frontier)
    assert chosen.within_limits
    smallest = float(table[table["role"] == "candidate"]["megabytes"].min())
    shipped({"mb": smallest / 2}, "nearest")
    assert "No student is within the limits" in (run / "deploy/README.md").read_text()


def test_chains_of_heads_are_studied_on_request(folder):
    """On images that every head tells apart, so no chain loses anything."""
    doses = {"few": {"labels": "soft", "epochs": 20}, "noisy": {"labels": "hard", "epochs": 20, "label_noise": 0.1}}
    study = {"images": 30, "train": 20, "seeds": 3, "generations": 4, "doses": doses}
    overlay = {"teacher": {"backbone": "extractor.keras", "preprocessing": "none"}, "chains": study}
    (folder / "chains.yaml").write_text(yaml.safe_dump(overlay | {"run": "chains"}))
    snakemake(folder, "--configfile", "tiny.yaml", "chains.yaml", "--", "chains")
    run = folder / "results/chains"
    table, predictions = pd.read_csv(run / "chains.csv"), pd.read_csv(run / "lifetimes.csv")
    assert table.groupby("dose")["generation"].agg(list).to_dict() == {name: [0, 1, 2, 3, 4] for name in doses}
    assert table["accuracy"].between(0, 1).all() and (table["seeds"] == 3).all()
    assert predictions["generation"].tolist() == 2 * [2, 3, 4]
    assert (run / "chains.svg").read_text().startswith("<?xml") and (run / "chains.png").stat().st_size > 10_000
    snakemake(folder, "--configfile", "tiny.yaml", "chains.yaml", "--", "chains")
    assert not (run / "seed-0").exists()  # no network is trained
    done = snakemake(folder, "-n", "--configfile", "tiny.yaml", "--", "chains", check=False)
    assert "chains: expected a mapping, got null; presets/chains.yaml has one" in done.stdout


def classify(folder: Path, photos: str, check: bool = True) -> subprocess.CompletedProcess:
    return snakemake(folder, "--configfile", "tiny.yaml", "--config", f"photos={photos}", "--", "classify", check=check)


def test_your_own_photos_are_classified(folder, photographs):
    (folder / "mine").mkdir()
    for name in ("cat.0.jpg", "dog.0.jpg"):
        (folder / "mine" / name).write_bytes(photographs[name])
    (folder / "mine/note.txt").write_text("no photo")
    classify(folder, "mine")
    table = pd.read_csv(folder / "results/tiny/photos/mine/answers.csv")
    assert list(table)[1:] == [
        "teacher_answer", "teacher_probability_of_dog", "soft-1_answer", "soft-1_probability_of_dog", "reason",
    ]  # fmt: skip
    assert table["photo"].tolist() == ["cat.0.jpg", "dog.0.jpg", "note.txt"]
    assert (folder / "results/tiny/photos/mine/contact-sheet.png").is_file()


def test_every_folder_of_photos_has_answers_of_its_own(folder, photographs, tmp_path):
    photos = ["a/pics", "b/pics", str(tmp_path / "pics"), "../mine, ö"]
    for number, name in enumerate(photos):
        (folder / name).mkdir(parents=True)
        (folder / name / f"{number}.jpg").write_bytes(photographs["cat.0.jpg"])
        classify(folder, name)
    tables = [pd.read_csv(path) for path in (folder / "results/tiny/photos").glob("*/answers.csv")]
    assert {"0.jpg", "1.jpg", "2.jpg", "3.jpg"} <= {name for table in tables for name in table["photo"]}
    names = {path.name.rpartition("-")[0] for path in (folder / "results/tiny/photos").iterdir()}
    assert {"a-pics", "b-pics", "mine-ö"} < names


def test_answers_stay_until_the_next_ones_are_whole(folder, photographs):
    photos, answers = folder / "changing", folder / "results/tiny/photos/changing"
    (photos / "below").mkdir(parents=True)
    (photos / "below/cat.0.jpg").write_bytes(photographs["cat.0.jpg"])
    classify(folder, "changing")
    first = {name: (answers / name).read_bytes() for name in ("answers.csv", "contact-sheet.png")}
    assert "Nothing to be done" in classify(folder, "changing").stdout

    (photos / "below/cat.0.jpg").unlink()
    for _ in range(2):  # nor do they count as up to date afterwards
        failed = classify(folder, "changing", check=False)
        assert failed.returncode != 0
        assert "photos: expected a folder with photos, got changing, which holds no file" in failed.stdout
        assert {name: (answers / name).read_bytes() for name in first} == first

    (photos / "below/dog.0.jpg").write_bytes(photographs["dog.0.jpg"])
    classify(folder, "changing")
    assert pd.read_csv(answers / "answers.csv")["photo"].tolist() == ["below/dog.0.jpg"]
    assert (answers / "contact-sheet.png").read_bytes() != first["contact-sheet.png"]


def test_classify_without_photos_says_so_before_anything_runs(folder):
    done = snakemake(folder, "--configfile", "tiny.yaml", "--", "classify", check=False)
    assert done.returncode != 0
    assert "photos: expected a folder, got null; name one with --config photos=FOLDER" in done.stdout
    assert "Execute" not in done.stdout


def test_the_merged_configuration_is_beside_the_results(folder):
    merged = yaml.safe_load((folder / "results/tiny/config.yaml").read_text())
    assert merged["teacher"]["backbone"] == "resnet18"
    assert merged["teacher"]["dropout"] == 0.5


def test_logs_hold_a_line_an_epoch_and_no_progress_bar(folder):
    log = (folder / "results/tiny/seed-0/logs/train/soft-1.log").read_text()
    assert len(re.findall(r"^soft-1: epoch \d/2: loss .*validation accuracy", log, re.MULTILINE)) == 2
    assert "\r" not in log


def test_the_multiply_adds_of_the_teacher_are_those_of_a_resnet18(folder):
    """1.814 thousand million at 224 pixels (He et al. 2015: 1.8); 32 pixels are a 49th of that."""
    measured = json.loads((folder / "results/tiny/timing.json").read_text())
    assert measured["multiply_adds"]["teacher"] == pytest.approx(1.814e9 / 49, rel=0.01)


def test_a_terminal_gets_a_progress_bar(folder):
    target = "results/tiny/seed-0/models/soft-2.keras"
    command = [sys.executable, "-m", "snakemake", "--cores", "2"]
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
    bars = re.findall(r"soft-2 +\d+% \|.*?\|[^\r\n]*", shown.decode())
    assert bars and max(map(len, bars)) < 80


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["archive=nowhere.zip"],
            r"expected a zip file, a folder or a CSV, got nowhere\.zip; .*nothing.*kaggle competitions",
        ),
        (["archive=config.yaml"], r"expected a zip file, a folder or a CSV, got config\.yaml, which is none of them"),
        (["archive=workflow"], "expected images in folders named cat and dog, got workflow with none among its"),
        (["image_sise=64"], r"image_sise: unknown key; did you mean image_size\?"),
        (["photos=nowhere"], r"photos: expected a folder, got nowhere; there is none at"),
        (["run=../elsewhere"], r"run: expected a name of letters, digits, .* got '\.\./elsewhere'"),
        (
            ["teacher={backbone: typo.keras}"],
            r"teacher\.backbone: expected a saved Keras .* got typo\.keras; there is no",
        ),
        (
            ["student={backbone: resnet18, weights: notop.h5}"],
            r"student\.weights: expected a Keras HDF5 file of weights, got notop\.h5; there",
        ),
        (
            ["student={backbone: resnet18, weights: tiny.yaml}"],
            r"student\.weights: expected a Keras HDF5 .* got tiny\.yaml, which is none",
        ),
        (["teacher={backbone: resnet19}"], r"teacher\.backbone: expected .*, got 'resnet19'; did you mean resnet18\?"),
        (["backend=torch"], r"backend: expected an installed one, got torch"),
        (["classes=[dog, cat]"], r"classes: expected \[cat, dog\], got \[dog, cat\]"),
        (["seeds=3"], r"seeds: expected a list of one or more different integers .* got 3"),
        (
            ["--configfile", "presets/dogs-vs-cats.yaml"],
            r"archive: expected a zip file, a folder or a CSV, got dogs-vs-cats\.zip",
        ),
        (["--configfile", "presets/photos.yaml"], "presets/photos.yaml is now called presets/dogs-vs-cats.yaml"),
        (
            ["--configfile", "presets/paper.yaml"],
            r"archive: expected a zip file, a folder or a CSV, got dogs-vs-cats\.zip",
        ),
    ],
)
def test_bad_configuration_is_one_clear_message(folder, arguments, message):
    arguments = arguments if arguments[0] == "--configfile" else ["--configfile", "tiny.yaml", "--config", *arguments]
    done = snakemake(folder, "-n", *arguments, check=False)
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
    assert "Error: Class cat (label 0) does not fill validation and test" in done.stdout
    assert "Traceback" not in done.stdout
    assert not (folder / "results/few/data/splits.csv").exists()


def test_the_paper_is_planned_in_full(folder, archive):
    jobs = planned(folder, folder / "presets/paper.yaml", config=("--config", f"archive={archive}"))
    assert jobs["train_teacher"] == 1
    assert jobs["train_student"] == 15
    assert jobs["evaluate"] == jobs["write_labels"] == 16
    assert jobs["fetch_weights"] == 1


def test_the_preset_for_photographs_is_planned_from_class_folders(folder):
    """With the weights of the teacher's and of the students' backbone, each of which is fetched once."""
    rng = np.random.default_rng(0)
    for number in range(20):
        path = folder / f"insects/{('bees', 'ants')[number % 2]}/{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(rng, number % 2))
    settings = ("--configfile", "presets/photographs.yaml", "--config", "archive=insects")
    out = snakemake(folder, "-n", *settings).stdout
    jobs = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", out, re.MULTILINE)}
    expected = {"fetch_weights": 2, "write_arrays": 3, "train_teacher": 1, "train_student": 3, "export_onnx": 4}
    assert {rule: jobs[rule] for rule in expected} == expected


def test_every_network_that_leaves_has_a_card_and_the_bundle_begins_with_its_own(folder):
    run = folder / "results/tiny"
    cards = {path.stem: path.read_text() for path in (run / "seed-0/cards").iterdir()}
    assert set(cards) == {"teacher", "soft-0", "soft-1"}
    assert (run / "deploy/README.md").read_text().startswith(cards["soft-1"])
    assert all(f"| {form} | int8 |" in card for form in ("ONNX", "LiteRT") for card in cards.values())
    assert {network for network, card in cards.items() if "The network was not timed." in card} == {"soft-1"}
    assert "   └─ soft labels: soft-0 (extractor, 2 epochs)\n      └─ soft labels: soft-1 (" in cards["soft-1"]
    accuracy, *_ = ModelCard(cards["soft-0"]).data.eval_results
    assert accuracy.metric_name == "accuracy"
    table = pd.read_csv(run / "tables/uncertainty.csv").query("network == 'soft-0' and split == 'test'")
    assert accuracy.metric_value == pytest.approx(table["accuracy"].item())
