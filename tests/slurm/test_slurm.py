"""The workflow on a real Slurm of one node, and what may go wrong there: `make test-slurm`."""

import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import keras
import pandas as pd
import pytest
import yaml
from conftest import ROOT, copy_project, snakemake

pytestmark = pytest.mark.slurm
EPOCHS = 250
OVERLAY = {
    "run": "cluster",
    "seeds": [0, 1],
    "student": {"backbone": "resnet18", "preprocessing": "paper"},  # whose epochs take long enough to be interrupted
    "students": {
        "hard": {"labels": "hard", "generations": 1},
        "soft": {"labels": "soft", "generations": 1, "epochs": EPOCHS},
    },
}
CONFIG = ["--configfile", "tiny.yaml", "cluster.yaml"]
CHAINS = [f"results/cluster/seed-{seed}/predictions/{n}-1/test.csv" for seed in (0, 1) for n in ("hard", "soft")]
CHAINS += [f"results/cluster/seed-{seed}/predictions/classic-0/test.csv" for seed in (0, 1)]
SOFT_1 = "results/cluster/seed-0/predictions/soft-1/test.csv"
SEED_0 = Path("results/cluster/seed-0")


@pytest.fixture(scope="session")
def slurm():
    script = Path(__file__).with_name("slurm")
    subprocess.run([script, "start"], check=True)
    yield
    subprocess.run([script, "stop"], check=True)


@pytest.fixture(scope="session")
def local(tmp_path_factory) -> Path:
    """A copy of this project in which two seeds have run without a cluster, on two cores."""
    folder = tmp_path_factory.mktemp("local")
    copy_project(folder)
    (folder / "cluster.yaml").write_text(yaml.safe_dump(OVERLAY))
    snakemake(folder, *CONFIG, "--", *CHAINS)
    return folder


@pytest.fixture
def folder(local, slurm, tmp_path) -> Path:
    """The same, before soft-1 of seed 0."""
    folder = shutil.copytree(local, tmp_path / "faults")
    for path in folder.glob(f"{SEED_0}/*/soft-1*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder


def on_slurm(folder: Path, *arguments: str) -> subprocess.Popen:
    """Start Snakemake with the profile `slurm`."""
    command = [sys.executable, "-m", "snakemake", "--workflow-profile", "slurm", *CONFIG]
    command += ["--slurm-init-seconds-before-status-checks", "1", *arguments]
    with (folder / "snakemake.log").open("a") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)


def ends_well(process: subprocess.Popen, folder: Path) -> None:
    assert process.wait(900) == 0, (folder / "snakemake.log").read_text()[-4000:]


def wait_for(what: Callable[[], object], seconds: float = 300):
    """The first true answer of `what`."""
    deadline = time.monotonic() + seconds
    while not (answer := what()):
        assert time.monotonic() < deadline, what
        time.sleep(0.2)
    return answer


def said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def trained_epochs(folder: Path) -> int:
    """Epochs that the training run of soft-1 has saved."""
    saved = sorted((folder / SEED_0 / "checkpoints/soft-1").glob("epoch-*.npz"))
    return int(saved[-1].stem.removeprefix("epoch-")) if saved else 0


def log_of_training(folder: Path) -> str:
    return (folder / SEED_0 / "logs/train/soft-1.log").read_text()


def training_job() -> str:
    """Slurm's number of the training job that runs."""
    return said("squeue", "--noheader", "--states=RUNNING", "--format=%i")


def result(folder: Path, network: str, seed: int = 0) -> tuple:
    """Bytes of weights and predictions, and the history without the seconds that epochs took."""
    run = folder / f"results/cluster/seed-{seed}"
    weights = keras.saving.load_model(run / f"models/{network}.keras").get_weights()
    history = pd.read_csv(run / f"history/{network}.csv").drop(columns="seconds")
    predictions = [(run / f"predictions/{network}/{part}.csv").read_bytes() for part in ("train", "test")]
    return [weight.tobytes() for weight in weights], history.to_csv(), predictions


def resumed(folder: Path, epoch: int) -> bool:
    """Whether the last attempt resumed at `epoch` or later."""
    found = re.search(rf"soft-1: resumes after epoch (\d+) of {EPOCHS}", log_of_training(folder))
    return found is not None and epoch <= int(found[1]) < EPOCHS


def test_the_sample_experiment(slurm, tmp_path):
    copy_project(tmp_path)
    command = [sys.executable, "-m", "snakemake", "--workflow-profile", "slurm"]
    command += ["--slurm-init-seconds-before-status-checks", "1"]
    # One generation instead of six, fewer drawings, and a smaller teacher.
    command += ["--config", "students={hard: {generations: 1}, soft: {generations: 1}}"]
    command += ["sample={images: 200}", "teacher={backbone: resnet18, epochs: 2}", "export={int8_max_drop: 1}"]
    done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout[-4000:]
    assert (tmp_path / "results/sample/summary.html").is_file()
    # Training runs and evaluations of 6 networks and 4 exports were jobs of Slurm; light rules were not.
    submitted = re.findall(r"slurm_logs/rule_(\w+)/", done.stdout)
    assert submitted.count("train_student") == 5
    assert len(submitted) == 2 * 6 + 4 + 6
    assert "write_labels" not in submitted


@pytest.mark.long
def test_chains_of_two_seeds_side_by_side(local, slurm, tmp_path):
    folder = tmp_path / "seeds"
    folder.mkdir()
    copy_project(folder)
    shutil.copy(local / "cluster.yaml", folder)
    ends_well(on_slurm(folder, "--", *CHAINS), folder)
    for seed in (0, 1):
        for network in ("teacher", "classic-0", "hard-0", "soft-0", "hard-1", "soft-1"):
            assert result(folder, network, seed) == result(local, network, seed)
    gantt = runpy.run_path(str(ROOT / "benchmarks/gantt.py"))
    jobs = gantt["jobs"](folder / "results/cluster")
    gantt["draw"](jobs, folder / "gantt.svg")
    training_runs = jobs[jobs["rule"] == "train"]
    pairs = training_runs.merge(training_runs, how="cross", suffixes=("", "_other"))
    pairs = pairs[(pairs["start"] < pairs["end_other"]) & (pairs["start_other"] < pairs["end"])]
    together = {frozenset(pair) for pair in zip(pairs["chain"], pairs["chain_other"], strict=True)}
    students = {chain for chain in training_runs["chain"] if "teacher" not in chain}
    assert len(students) == 6
    assert students <= {chain for pair in together if len(pair) == 2 for chain in pair}
    assert any(len({chain.split()[0] for chain in pair}) == 2 for pair in together)
    # Two cores, a core a student: never three at once.
    for moment in training_runs["start"]:
        assert sum((training_runs["start"] <= moment) & (moment < training_runs["end"])) <= 2


def test_a_training_run_is_cancelled(local, folder):
    process = on_slurm(folder, "--", SOFT_1)
    wait_for(lambda: trained_epochs(folder) >= 3)
    said("scancel", training_job())
    wait_for(lambda: "Stopped by a signal" in log_of_training(folder))
    ends_well(process, folder)
    assert resumed(folder, 3)
    assert result(folder, "soft-1") == result(local, "soft-1")


@pytest.mark.long
def test_a_training_run_reaches_its_time_limit(local, folder):
    """Here it hangs, for the shortest limit that Slurm has is a minute, and the training run is shorter."""
    process = on_slurm(folder, "--set-resources", "train_student:runtime=attempt", "--", SOFT_1)
    wait_for(lambda: trained_epochs(folder) >= 3)
    assert said("squeue", "--noheader", "--format=%l") == "1:00"
    programs = [path.parent for path in Path("/proc").glob("[0-9]*/cmdline") if b"train.py" in path.read_bytes()]
    hung = [int(path.name) for path in programs if (path / "cwd").resolve() == folder]
    for pid in hung:
        os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: "Stopped by a signal" in log_of_training(folder))
    wait_for(lambda: said("squeue", "--noheader", "--states=RUNNING", "--format=%l") == "2:00")
    ends_well(process, folder)
    assert "TIMEOUT" in (folder / "snakemake.log").read_text()
    assert resumed(folder, 3)
    assert result(folder, "soft-1") == result(local, "soft-1")


@pytest.mark.long
def test_the_node_is_drained(local, folder):
    node = said("hostname", "-s")
    process = on_slurm(folder, "--", SOFT_1)
    wait_for(lambda: trained_epochs(folder) >= 3)
    said("scontrol", "update", f"NodeName={node}", "State=DRAIN", "Reason=test")
    # The training run ends as it would have, and what comes after it waits.
    wait_for(lambda: said("squeue", "--noheader", "--format=%T") == "PENDING")
    assert said("sinfo", "--noheader", "--format=%T") == "drained"
    assert (folder / SEED_0 / "models/soft-1.keras").exists()
    time.sleep(5)
    assert not (folder / SOFT_1).exists()
    said("scontrol", "update", f"NodeName={node}", "State=RESUME")
    ends_well(process, folder)
    assert result(folder, "soft-1") == result(local, "soft-1")


@pytest.mark.long
def test_the_controller_is_restarted(local, folder):
    process = on_slurm(folder, "--", SOFT_1)
    wait_for(lambda: trained_epochs(folder) >= 3)
    said("scontrol", "shutdown", "slurmctld")
    before = trained_epochs(folder)
    wait_for(lambda: subprocess.run(["pidof", "slurmctld"], stdout=subprocess.DEVNULL).returncode)
    wait_for(lambda: trained_epochs(folder) > before, 30)
    said("slurmctld")
    ends_well(process, folder)
    assert "resumes" not in log_of_training(folder)
    assert result(folder, "soft-1") == result(local, "soft-1")


@pytest.mark.long
def test_snakemake_is_killed_and_started_again(local, folder):
    process = on_slurm(folder, "--", SOFT_1)
    wait_for(lambda: trained_epochs(folder) >= 3)
    process.kill()
    process.wait()
    # Slurm's jobs outlive Snakemake: they have to be cancelled before it is started again.
    said("scancel", training_job())
    wait_for(lambda: not said("squeue", "--noheader"))
    assert "Stopped by a signal" in log_of_training(folder)
    assert on_slurm(folder, "--", SOFT_1).wait() != 0
    assert on_slurm(folder, "--unlock").wait() == 0
    ends_well(on_slurm(folder, "--rerun-incomplete", "--", SOFT_1), folder)
    assert resumed(folder, 3)
    assert result(folder, "soft-1") == result(local, "soft-1")
