"""The profiles, and what the rules ask a scheduler for."""

import re
import shutil

import pytest
import yaml
from conftest import ROOT, planned, snakemake

PROFILES = {path.parent.name: yaml.safe_load(path.read_text()) for path in ROOT.glob("profiles/*/profile.yaml")}
RULES = {
    name: text
    for path in ROOT.glob("workflow/rules/*.smk")
    for name, text in re.findall(r"^rule (\w+):\n(.*?)^    message:", path.read_text(), re.MULTILINE | re.DOTALL)
}


def test_the_profiles_agree_where_no_site_differs():
    assert set(PROFILES) == {"default", "slurm", "generic", "kubernetes"}
    for profile in PROFILES.values():
        assert profile["rerun-triggers"] == PROFILES["default"]["rerun-triggers"]
        assert profile["show-failed-logs"]
    for name in ("generic", "kubernetes"):
        assert PROFILES[name]["set-threads"] == PROFILES["slurm"]["set-threads"]


def test_threads_that_follow_the_cores_are_named_for_a_cluster():
    following = {name for name, text in RULES.items() if "    threads:" in text}
    assert set(PROFILES["slurm"]["set-threads"]) == following


def test_every_rule_says_what_it_needs():
    assert len(RULES) >= 30
    for name, text in RULES.items():
        assert "**LIGHT" in text or ("mem_mb=" in text and "runtime=" in text), name


@pytest.mark.parametrize("profile", ["slurm", "generic"])
def test_nothing_reruns_because_a_cluster_goes_on(folder, profile):
    for settings in ([], ["--set-threads", "train_student=7"]):
        done = snakemake(folder, "-n", "--workflow-profile", profile, *settings, "--configfile", "tiny.yaml")
        assert "Nothing to be done" in done.stdout


def test_a_gpu_is_asked_for_where_there_is_one(folder, tmp_path):
    folder = shutil.copytree(
        folder, tmp_path / "gpu", symlinks=True
    )  # a job that is forced and fails loses its results
    assert set(planned(folder, {"gpu": True})) - {"all", "total"} == {"write_config"}
    for gpu in (True, False):
        (folder / "gpu.yaml").write_text(yaml.safe_dump({"gpu": gpu}))
        # A scheduler that writes down what it is asked for, and takes no job.
        scheduler = ["--executor", "cluster-generic", "--jobs", "1"]
        scheduler += ["--cluster-generic-submit-cmd", f"echo {{resources}} > {folder}/asked; false"]
        target = ["--force", "--configfile", "tiny.yaml", "gpu.yaml", "--", "results/tiny/seed-0/models/soft-2.keras"]
        done = snakemake(folder, *scheduler, *target, check=False)
        assert done.returncode != 0
        assert (folder / "asked").exists(), done.stdout
        asked = (folder / "asked").read_text()
        assert "mem_mb" in asked or "2549" in asked
        assert ("gpu" in asked) == gpu


def test_a_benchmark_that_is_gone_reruns_nothing(folder):
    (folder / "results/tiny/seed-0/benchmarks/train/soft-0.tsv").unlink()
    assert "Nothing to be done" in snakemake(folder, "-n", "--configfile", "tiny.yaml").stdout
