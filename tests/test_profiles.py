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
    assert set(planned(folder, {"gpu": True})) - {"all", "total"} == {"write_config"}
    # A forced job that fails loses its results, so this is done on a copy.
    folder = shutil.copytree(folder, tmp_path / "copy", symlinks=True)
    # A scheduler that writes down what it is asked for, and takes no job.
    scheduler = ["--executor", "cluster-generic", "--jobs", "1"]
    scheduler += ["--cluster-generic-submit-cmd", "echo {resources.gpu} {resources.mem_mb} > asked; false"]
    target = ["--force", "--configfile", "tiny.yaml", "gpu.yaml", "--", "results/tiny/seed-0/models/soft-2.keras"]
    (folder / "gpu.yaml").write_text("gpu: false")
    assert "no attribute 'gpu'" in snakemake(folder, *scheduler, *target, check=False).stdout
    (folder / "gpu.yaml").write_text("gpu: true")
    done = snakemake(folder, *scheduler, *target, check=False)
    assert (folder / "asked").exists(), done.stdout
    gpus, mem_mb = (folder / "asked").read_text().split()
    assert (gpus, int(mem_mb) > 2000) == ("1", True)


def test_a_benchmark_that_is_gone_reruns_nothing(folder):
    (folder / "results/tiny/seed-0/benchmarks/train/soft-0.tsv").unlink()
    assert "Nothing to be done" in snakemake(folder, "-n", "--configfile", "tiny.yaml").stdout
