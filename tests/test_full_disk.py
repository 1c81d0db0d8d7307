"""Every rule of the tiny experiment meets a disk that is full, one that fills up, and a limit of file sizes."""

import json
import subprocess
from collections import Counter

import pytest
import yaml
from conftest import ROOT, TINY, copy_project, planned, snakemake

WORDS = {"free": "No space left on device", "limit": "File too large"}


@pytest.fixture
def small_disk(tmp_path):
    """A copy of this project whose results/ is a file system of its own; the logs, which tell of it, are elsewhere."""
    copy_project(tmp_path)
    # Every rule needs only these students.
    settings = yaml.safe_load((tmp_path / "config.yaml").read_text()) | {"students": {"soft": TINY["students"]["soft"]}}
    settings["students"]["soft"]["generations"] = 1
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings))
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(TINY | {"archive": "archive.zip", "students": {}}))
    results = tmp_path / "results"
    results.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", results], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here, so none was filled: {mounted.stderr.strip()}")
    (results / "something").write_text("so that a size of what is used is not 0, which means no limit")
    for logs in ("tiny/logs", "tiny/seed-0/logs"):
        (tmp_path / "roomy" / logs).mkdir(parents=True)
        (results / logs).parent.mkdir(parents=True, exist_ok=True)
        (results / logs).symlink_to(tmp_path / "roomy" / logs)
    yield tmp_path
    subprocess.run(["umount", results], check=True)


@pytest.mark.long
def test_every_rule_on_a_full_disk_says_so_and_a_plain_rerun_completes(small_disk, monkeypatch):
    records = small_disk / "records"
    records.mkdir()
    monkeypatch.setenv("FAULTS", str(records))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests/faults"))
    # One job after the other, for what one leaves free is what the other finds.
    one_by_one = ("--default-resources", "disks=1", "--resources", "disks=1")
    arguments = ("--configfile", "tiny.yaml", "--keep-going", *one_by_one)
    runs, met = 1, 0
    while (done := snakemake(small_disk, *arguments, check=False)).returncode:
        records_of_all = len(list(records.glob("*.json")))
        assert records_of_all > met, f"a run failed without a fault: {done.stdout[-4000:]}"
        runs, met = runs + 1, records_of_all
    assert planned(small_disk) == {}

    faults, rules = Counter(), set()
    for path in sorted(records.glob("*.json")):
        record = json.loads(path.read_text())
        kind, size = record["fault"]
        failed = record["last"].startswith("Error:")
        if failed:
            assert WORDS[kind] in record["last"], (path.name, record["last"])
            faults[kind, size] += 1
            rules.add(path.name.partition(".")[0])
        assert [name for name in record["left"] if "/." in name] == [], path.name
        for name, size in record["left"].items():
            assert size == (small_disk / name).stat().st_size, (path.name, name)
    assert rules == {path.name for path in records.iterdir() if path.suffix == ""}
    for (kind, size), count in sorted(faults.items()):
        print(f"{count} jobs failed: {kind} {size}")
    print(f"{len(rules)} rules, {runs} runs")
