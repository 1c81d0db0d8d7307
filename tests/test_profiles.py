"""The profiles, and what the rules ask a scheduler for."""

import json
import shutil
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT, copy_project, planned, snakemake

from snakedistill.export.forms import FORMS
from snakedistill.results.figures import FIGURES

PROFILES = {path.parent.name: yaml.safe_load(path.read_text()) for path in ROOT.glob("profiles/*/profile.yaml")}


# What Snakemake logs of each job that it would run, as lines of JSON; it clears handlers, but no filters.
LOGGED = """
import json, sys
from snakemake.cli import main
from snakemake.logging import logger
from snakemake_interface_logger_plugins.common import LogEvent

def write(record):
    if getattr(record, "event", None) == LogEvent.JOB_INFO:
        resources = {name: str(value) for name, value in record.resources.items()}
        print(json.dumps({"rule": record.rule_name, "threads": record.threads} | resources))
    return True

logger.addFilter(write)
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory) -> dict[str, dict]:
    """Threads and resources that Snakemake asks a Slurm for, by rule; local rules ask for none."""
    folder = tmp_path_factory.mktemp("asked")
    copy_project(folder)
    arguments = ["--cores", "2", "-n", "--workflow-profile", "slurm", "--configfile", "tiny.yaml"]
    arguments += ["--config", "archive=null", "photos=workflow", "--", "all", "classify"]
    command = [sys.executable, "-c", LOGGED, *arguments]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    jobs = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {job["rule"]: job for job in jobs}


def test_the_profiles_agree_where_no_site_differs():
    assert set(PROFILES) == {"default", "slurm", "generic", "kubernetes"}
    for profile in PROFILES.values():
        assert profile["rerun-triggers"] == PROFILES["default"]["rerun-triggers"]
        assert profile["show-failed-logs"]
    for name in ("generic", "kubernetes"):
        assert PROFILES[name]["set-threads"] == PROFILES["slurm"]["set-threads"]


def test_a_cluster_gets_the_threads_of_the_profile(asked):
    threads = PROFILES["slurm"]["set-threads"]
    assert set(threads) <= set(asked)
    assert {rule: job["threads"] for rule, job in asked.items()} == {rule: threads.get(rule, 1) for rule in asked}


def test_every_job_on_a_cluster_asks_for_memory_and_time(asked):
    of_a_cluster = {rule: resources for rule, resources in asked.items() if "mem_mb" in resources}
    assert set(of_a_cluster) > set(PROFILES["slurm"]["set-threads"])
    # Whatever forms and figures there are: an export is a job of a cluster, a plot is not.
    assert {f"export_{form}" for form in FORMS} <= set(of_a_cluster)
    assert not {f"plot_{name}" for name in FIGURES} & set(of_a_cluster)
    for rule, resources in of_a_cluster.items():
        assert int(resources["mem_mb"]) >= 2000, rule
        # By the size of files that are not made yet, some times are to be determined.
        assert resources["runtime"] == "<TBD>" or int(resources["runtime"]) >= 10, rule


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
    scheduler = ["--executor", "cluster-generic", "--jobs", "1", "--seconds-between-status-checks", "1"]
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
