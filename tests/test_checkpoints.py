"""A training run that is killed resumes from its last checkpoint and ends as one that was never killed."""

import contextlib
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from snakedistill.core.job import job
from snakedistill.core.lineage import record_lineage
from snakedistill.training import loop
from snakedistill.training.checkpoints import Checkpoint, Checkpoints, fingerprint_of_training
from snakedistill.training.loop import train
from snakedistill.training.run import TrainingRun

OUTPUTS = ["soft-0.csv", "soft-0.keras", "soft-0.lineage.json"]
KILLS = int(os.environ.get("KILLS", "30"))


def checkpoint(epochs: int) -> Checkpoint:
    rng = np.random.default_rng(epochs)
    variables = [rng.random((3, 2), dtype=np.float32), np.array([epochs], np.uint32), np.array(epochs, np.int64)]
    history = [{"epoch": epoch, "val_accuracy": 0.1 + 0.2 * epoch} for epoch in range(1, epochs + 1)]
    return Checkpoint(variables, [rng.random(5, dtype=np.float32)], history)


def same(one: Checkpoint, other: Checkpoint) -> bool:
    pairs = zip([*one.variables, *one.best], [*other.variables, *other.best], strict=True)
    equal = all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in pairs)
    return equal and one.history == other.history


def test_the_newest_of_two_is_given_back(tmp_path):
    saved = Checkpoints(tmp_path / "of/soft-0", "f")
    assert saved.latest() is None
    for epochs in (1, 2, 3):
        saved.save(checkpoint(epochs))
    assert sorted(path.name for path in (tmp_path / "of/soft-0").iterdir()) == ["epoch-000002.npz", "epoch-000003.npz"]
    assert same(saved.latest(), checkpoint(3))
    saved.remove()
    assert not (tmp_path / "of/soft-0").exists()


@pytest.mark.parametrize("share", [0, 0.3, 0.99])
def test_a_torn_one_is_skipped(tmp_path, share, capsys):
    saved = Checkpoints(tmp_path, "f")
    saved.save(checkpoint(1))
    saved.save(checkpoint(2))
    newest, older = tmp_path / "epoch-000002.npz", tmp_path / "epoch-000001.npz"
    newest.write_bytes(newest.read_bytes()[: int(share * newest.stat().st_size)])
    assert same(saved.latest(), checkpoint(1))
    said = capsys.readouterr().out
    assert f"{newest} is skipped: " in said
    assert str(older) not in said
    older.write_bytes(b"")
    assert saved.latest() is None


def test_every_flipped_byte_is_noticed_or_harmless(tmp_path):
    saved = Checkpoints(tmp_path, "f")
    saved.save(checkpoint(1))
    saved.save(checkpoint(2))
    path = tmp_path / "epoch-000002.npz"
    whole = path.read_bytes()
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x10]) + whole[position + 1 :])
        found = saved.latest()
        assert same(found, checkpoint(2)) or same(found, checkpoint(1)), position


def test_another_training_run_never_resumes_from_it(tmp_path, capsys):
    Checkpoints(tmp_path, "f").save(checkpoint(2))
    assert Checkpoints(tmp_path, "g").latest() is None
    assert "epoch-000002.npz is skipped: it is from another training run" in capsys.readouterr().out
    assert same(Checkpoints(tmp_path, "f").latest(), checkpoint(2))


def test_the_fingerprint_is_of_settings_and_contents(tmp_path):
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("a")
    one = fingerprint_of_training({"x": 1, "y": 2}, [tmp_path / "a"])
    assert fingerprint_of_training({"y": 2, "x": 1}, [tmp_path / "b"]) == one
    assert fingerprint_of_training({"x": 1, "y": 3}, [tmp_path / "a"]) != one
    (tmp_path / "a").write_text("b")
    assert fingerprint_of_training({"x": 1, "y": 2}, [tmp_path / "a"]) != one


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    """Arguments of a training run that uses all that a checkpoint holds: Adam, cosine, Dropout, order, draws."""
    folder = tmp_path_factory.mktemp("task")
    layers = keras.layers
    images = layers.Input((32, 32, 3))
    x = layers.BatchNormalization()(layers.Conv2D(4, 3, 4, "same", use_bias=False)(images))
    features = layers.GlobalAveragePooling2D()(layers.ReLU()(x))
    keras.Model(images, features).save(folder / "backbone.keras")
    rng = np.random.default_rng(0)
    rows = []
    for part, count in (("train", 48), ("validation", 20)):
        np.save(folder / f"{part}.npy", rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8))
        rows += [{"image_id": f"{part}.{i}", "label": rng.random(), "split": part} for i in range(count)]
    pd.DataFrame(rows).to_csv(folder / "splits.csv", index=False)
    record_lineage(folder / "splits.csv", "soft-0", 0, splits=folder / "splits.csv")
    recipe = {
        "backbone": "backbone.keras", "weights": None, "preprocessing": "paper", "epochs": 12, "batch_size": 16,
        "learning_rate": 1e-2, "schedule": "cosine", "decay": 0, "dropout": 0.5, "batch_norm_momentum": 0.8,
        "augmentation": {"flip": True, "shift": 0.1, "mixup": 0.3, "cutmix": 1.0},
        "validation_augmentation": True, "class_weights": None,
    }  # fmt: skip
    return {
        "network_id": "soft-0", "way": "soft", "recipe": recipe, "image_size": 32, "precision": "float32", "seed": 0,
        "arrays": {part: str(folder / f"{part}.npy") for part in ("train", "validation")},
        "splits": str(folder / "splits.csv"), "labels": str(folder / "splits.csv"),
        "classes": ["cat", "dog"],
        "backbone": str(folder / "backbone.keras"), "code": "1",
    }  # fmt: skip


def outputs(folder) -> dict:
    names = {"model": "soft-0.keras", "history": "soft-0.csv", "checkpoints": "checkpoints"}
    return {name: str(folder / path) for name, path in names.items()}


def result(folder) -> tuple:
    """Bytes of the weights, and the history without the seconds that epochs took."""
    weights = keras.saving.load_model(folder / "soft-0.keras").get_weights()
    history = pd.read_csv(folder / "soft-0.csv").drop(columns="seconds")
    return [weight.tobytes() for weight in weights], history.to_csv()


@pytest.fixture(scope="module")
def uninterrupted(task, tmp_path_factory):
    folder = tmp_path_factory.mktemp("uninterrupted")
    train(TrainingRun(**task), **outputs(folder))
    assert sorted(path.name for path in folder.iterdir()) == OUTPUTS
    return result(folder)


@pytest.fixture(autouse=True)
def a_checkpoint_after_every_epoch(monkeypatch):
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", 0)


class Killed(BaseException):
    pass


def train_until(epoch: int, task: dict, folder, monkeypatch) -> None:
    """Train, and be killed when the checkpoint after an epoch has been saved."""
    whole = Checkpoints.save

    def save(self, checkpoint):
        whole(self, checkpoint)
        if len(checkpoint.history) == epoch:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "save", save)
        with pytest.raises(Killed):
            train(TrainingRun(**task), **outputs(folder))


@pytest.mark.parametrize("epoch", [1, 5, 11, 12])
def test_a_training_run_resumes_bit_for_bit(task, uninterrupted, tmp_path, monkeypatch, capsys, epoch):
    train_until(epoch, task, tmp_path, monkeypatch)
    assert not (tmp_path / "soft-0.keras").exists()
    train(TrainingRun(**task), **outputs(tmp_path))
    assert f"soft-0: resumes after epoch {epoch} of 12" in capsys.readouterr().out
    assert result(tmp_path) == uninterrupted
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.parametrize(("seconds", "epochs"), [(0, list(range(1, 13))), (3600, [])])
def test_checkpoints_are_saved_so_often_and_after_the_last_epoch(task, tmp_path, monkeypatch, seconds, epochs):
    saved = []
    monkeypatch.setattr(Checkpoints, "save", lambda self, checkpoint: saved.append(len(checkpoint.history)))
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", seconds)
    train(TrainingRun(**task), **outputs(tmp_path))
    assert saved == epochs


@pytest.mark.parametrize("change", ["recipe", "way", "code"])
def test_another_recipe_way_or_code_starts_anew(task, tmp_path, monkeypatch, capsys, change):
    short = task | {"recipe": task["recipe"] | {"epochs": 2}}
    train_until(1, task if change == "recipe" else short, tmp_path, monkeypatch)
    capsys.readouterr()
    changed = short | {"recipe": {}, "way": {"way": "hard"}, "code": {"code": "2"}}[change]
    train(TrainingRun(**changed), **outputs(tmp_path))
    said = capsys.readouterr().out
    assert "it is from another training run" in said
    assert "resumes" not in said
    assert len(pd.read_csv(tmp_path / "soft-0.csv")) == 2


def slow_training(task: dict, paths: dict, log: Path) -> None:
    """A training run in a job of its own: the same, with a pause in each epoch, in which a kill may come."""
    original = loop.predicted
    loop.SECONDS_BETWEEN_CHECKPOINTS = 0
    loop.predicted = lambda *arguments: time.sleep(0.05) or original(*arguments)
    with job(log, os.cpu_count()):
        train(TrainingRun(**task), **paths)


def checkpoint_names(folder: Path) -> set[str]:
    """What lies in the folder of checkpoints, which the job makes and deletes meanwhile."""
    try:
        return {path.name for path in (folder / "checkpoints").iterdir()}
    except FileNotFoundError:
        return set()


def moment(folder: Path) -> str:
    """What a stopped training run was doing."""
    if any(name.startswith(".") for name in checkpoint_names(folder)):
        return "while it wrote a checkpoint"
    if any(folder.glob(".soft-0*")) or (folder / "soft-0.keras").exists():
        return "while it saved the network"
    return "in an epoch"


@pytest.mark.long
def test_training_runs_killed_at_random_moments_end_as_if_nothing_had_happened(task, uninterrupted, tmp_path):
    """SIGKILL, and now and then SIGTERM; in a process that has TensorFlow imported, so that a start costs little."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["snakedistill.training.loop"])
    rng = random.Random(0)
    kills, rounds = Counter(), 0
    while kills.total() < KILLS:
        folder = tmp_path / str(rounds)
        rounds += 1
        status = None
        while status != 0:
            process = context.Process(target=slow_training, args=(task, outputs(folder), tmp_path / "log"))
            process.start()
            begun = checkpoint_names(folder)
            deadline = time.monotonic() + 120
            # Wait until it trains again, then for a random while.
            while checkpoint_names(folder) == begun and process.is_alive() and time.monotonic() < deadline:
                time.sleep(0.001)
            process.join(rng.uniform(0, 0.4))
            trains = True
            if process.is_alive():
                kill = signal.SIGKILL if rng.random() < 0.8 else signal.SIGTERM
                with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
                    os.kill(process.pid, signal.SIGSTOP)
                    trains = checkpoint_names(folder) != begun
                    killed = kill.name, moment(folder) if trains else "before it resumed"
                    os.kill(process.pid, kill)
                    os.kill(process.pid, signal.SIGCONT)
            process.join()
            status = process.exitcode
            # Before the job listens to it, SIGTERM ends the process by itself.
            expected = {0, -signal.SIGKILL, 128 + signal.SIGTERM} | ({-signal.SIGTERM} if not trains else set())
            assert status in expected, (tmp_path / "log").read_text()
            if status:
                kills[killed] += 1
        assert result(folder) == uninterrupted
        assert sorted(path.name for path in folder.iterdir()) == OUTPUTS
    for (name, when), count in sorted(kills.items()):
        print(f"{count} {name} {when}")
    print(f"{kills.total()} kills of {rounds} training runs")
