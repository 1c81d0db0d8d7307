"""Every rule of the tiny experiment meets a disk that is full, one that fills up, and a limit of file sizes."""

import json
import re
import subprocess
from collections import Counter

import pytest
import yaml
from conftest import ROOT, TINY, copy_project, planned, snakemake

RULES = {
    "plot_examples", "plot_frontier", "plot_generations", "plot_inheritance", "plot_movement", "plot_predictions",
    "plot_recursion", "plot_recursion_map", "plot_reliability", "plot_risk_coverage", "plot_scheme", "plot_timing",
    "plot_training", "evaluate",
    "export_litert", "export_onnx", "index_archive", "labels", "split_images", "summarise",
    "summary_to_html", "tabulate_best_epoch",
    "tabulate_calibration", "tabulate_classes", "tabulate_comparisons", "tabulate_confusion", "tabulate_evaluation",
    "tabulate_first_errors", "tabulate_frontier", "tabulate_histograms", "tabulate_inheritance", "tabulate_lifetimes",
    "tabulate_recursion", "tabulate_risk_coverage", "tabulate_timing", "tabulate_uncertainty", "time_backbones",
    "time_networks",
    "train_student", "train_teacher", "weigh_claims",
    "write_arrays", "write_bundle", "write_config", "write_model_card", "write_submission",
}  # fmt: skip
WORDS = {"free": "No space left on device", "limit": "File too large"}


@pytest.fixture
def small_disk(tmp_path):
    """A copy of this project whose results/ is a file system of its own.

    Logs, which tell of it, and Snakemake's own benchmark files are elsewhere.
    """
    copy_project(tmp_path)
    # Every rule needs only these students.
    settings = yaml.safe_load((tmp_path / "config.yaml").read_text())
    settings["students"] = {"soft": {"labels": "soft", "generations": 1}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings))
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(TINY | {"archive": "archive.zip", "students": {}}))
    results = tmp_path / "results"
    results.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", results]).returncode == 0
    (results / "something").write_text("so that a size of what is used is not 0, which means no limit")
    for elsewhere in ("tiny/logs", "tiny/benchmarks", "tiny/seed-0/logs", "tiny/seed-0/benchmarks"):
        (tmp_path / "roomy" / elsewhere).mkdir(parents=True)
        (results / elsewhere).parent.mkdir(parents=True, exist_ok=True)
        (results / elsewhere).symlink_to(tmp_path / "roomy" / elsewhere)
    yield tmp_path
    if mounted:
        subprocess.run(["umount", results], check=True)


@pytest.mark.long
def test_every_rule_on_a_full_disk_says_so_and_a_plain_rerun_completes(small_disk, monkeypatch):
    records = small_disk / "records"
    records.mkdir()
    monkeypatch.setenv("FAULTS", str(records))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests/faults"))
    # One job after the other, for what one leaves free is what the other finds.
    one_by_one = ("--default-resources", "disks=1", "--resources", "disks=1")
    arguments = ("--configfile", "tiny.yaml", "--keep-going", "--retries", "1", *one_by_one)
    runs, failed, finished = 0, Counter(), False
    while not finished:
        done = snakemake(small_disk, *arguments, check=False)
        runs += 1
        failed.update(re.findall(r"Error in rule (?:write_(?=labels))?(\w+)", done.stdout))
        finished = done.returncode == 0
        assert finished or runs <= 50, done.stdout[-4000:]
    assert planned(small_disk) == {}

    faults = Counter()
    for path in sorted(records.glob("*.json")):
        record = json.loads(path.read_text())
        kind, size = record["fault"]
        if record["error"].startswith("Error: "):
            assert WORDS[kind] in record["error"], (path.name, record["error"])
            faults[path.name.partition(".")[0], f"{kind} {size}"] += 1
        assert [name for name in record["left"] if "/." in name] == [], path.name
        for name, size in record["left"].items():
            assert size == (small_disk / name).stat().st_size, (path.name, name)
    assert Counter(rule for rule, _ in faults.elements()) == failed
    assert {rule for rule, _ in faults} > {"train_teacher", "train_student", "export_onnx", "summary_to_html"}
    print(f"{runs} runs; jobs that failed by fault: {dict(Counter(fault for _, fault in faults.elements()))}")
    rules = {path.name for path in records.iterdir() if path.suffix == ""}
    if not (small_disk / "results").is_mount():
        pytest.skip("no file system can be mounted here, so none was filled; only limits of file sizes were met")
    assert {rule for rule, fault in faults if fault == "free 0"} == rules == RULES
