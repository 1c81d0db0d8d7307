"""Phases of a training run, and the contracts of optimisers and schedules: tests that run over all entries."""

import ast
import math
import shutil
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, save_small_backbone
from keras import layers

from snakedistill.core.lineage import record_lineage
from snakedistill.core.recipe import NEUTRAL
from snakedistill.data.images import SelectedImages
from snakedistill.networks import training_model as networks
from snakedistill.networks.classifier import HEAD, build_network
from snakedistill.teaching import WAYS
from snakedistill.training import loop, run
from snakedistill.training.checkpoints import Checkpoints
from snakedistill.training.launches import launch_for
from snakedistill.training.loop import fit_epoch, train
from snakedistill.training.optimisers import OPTIMISERS
from snakedistill.training.phases import Phase, compile_for_training, phases_of
from snakedistill.training.schedules import SCHEDULES, learning_rate

RECIPE = {
    "weights": None, "preprocessing": "paper", "epochs": 3, "batch_size": 16, "learning_rate": 1e-2,
    "schedule": "cosine", "decay": 0, "dropout": 0.3, "batch_norm_momentum": 0.8,
    "augmentation": {"flip": True, "shift": 0.1}, "validation_augmentation": True, "class_weights": None,
}  # fmt: skip


def phase(**changes) -> Phase:
    (of_recipe,) = phases_of(RECIPE | changes)
    return of_recipe


HEAD_FIRST = (
    Phase(**{**vars(phase(epochs=2, optimiser="sgd", warmup=0.5)), "trains": "head"}),
    phase(epochs=2, optimiser="adamw", weight_decay=0.01),
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Images of noise with labels of their brightness, and a backbone."""
    folder = tmp_path_factory.mktemp("data")
    keras.utils.set_random_seed(0)
    save_small_backbone(folder / "small.keras")
    rng, rows = np.random.default_rng(0), []
    for part, count in {"train": 40, "validation": 20}.items():
        labels = np.arange(count) % 2
        images = rng.integers(0, 156, (count, 32, 32, 3)) + 100 * labels[:, None, None, None]
        np.save(folder / f"{part}.npy", images.astype(np.uint8))
        rows += [{"image_id": f"{part}.{i}", "label": label, "split": part} for i, label in enumerate(labels)]
    pd.DataFrame(rows).to_csv(folder / "splits.csv", index=False)
    record_lineage(folder / "splits.csv", "soft-0", 0, splits=folder / "splits.csv")
    return folder


def train_in(data: Path, folder: Path, labels: Path | None = None, **changes) -> tuple[list[bytes], str]:
    """Train: bytes of the weights, and the history without the seconds that epochs took."""
    folder.mkdir(exist_ok=True)
    what = run.TrainingRun(
        network_id="soft-0", way="soft", recipe=RECIPE | {"backbone": str(data / "small.keras")} | changes,
        image_size=32, precision="float32", seed=0, classes=["dark", "bright"],
        arrays={part: data / f"{part}.npy" for part in ("train", "validation")},
        splits=data / "splits.csv", labels=labels or data / "splits.csv",
    )  # fmt: skip
    train(what, folder / "model.keras", folder / "history.csv", folder / "checkpoints")
    weights = keras.saving.load_model(folder / "model.keras").get_weights()
    history = pd.read_csv(folder / "history.csv").drop(columns="seconds")
    return [weight.tobytes() for weight in weights], history.to_csv()


@pytest.fixture
def head_first(monkeypatch):
    monkeypatch.setattr(run, "phases_of", lambda recipe: HEAD_FIRST)
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", 0)


@pytest.fixture(scope="module")
def uninterrupted(data, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(run, "phases_of", lambda recipe: HEAD_FIRST)
        return train_in(data, tmp_path_factory.mktemp("uninterrupted"))


class Killed(BaseException):
    pass


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_a_training_run_of_two_phases_resumes_bit_for_bit(
    data, uninterrupted, head_first, tmp_path, monkeypatch, capsys, epoch
):
    """Killed within the first phase, between the two, and within the second."""
    whole = Checkpoints.save

    def save(self, checkpoint):
        whole(self, checkpoint)
        if len(checkpoint.history) == epoch:
            assert (checkpoint.phase, checkpoint.before) == {1: (0, 0), 2: (0, 0), 3: (1, 2)}[epoch]
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "save", save)
        with pytest.raises(Killed):
            train_in(data, tmp_path)
    assert train_in(data, tmp_path) == uninterrupted
    assert f"soft-0: resumes after epoch {epoch} of 4" in capsys.readouterr().out


def test_each_phase_has_its_own_learning_rates(uninterrupted):
    _, history = uninterrupted
    rates = [float(line.split(",")[-2]) for line in history.splitlines()[1:]]
    assert rates[1] == pytest.approx(0) and rates[3] == pytest.approx(0)
    assert rates[2] == pytest.approx(0.01 / 2)  # the second phase begins anew


def test_other_phases_start_anew(data, uninterrupted, head_first, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patched:
        patched.setattr(run, "phases_of", lambda recipe: HEAD_FIRST[::-1])
        patched.setattr(networks.keras.Model, "save", lambda *_, **__: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            train_in(data, tmp_path)
    assert list((tmp_path / "checkpoints").iterdir())
    assert train_in(data, tmp_path) == uninterrupted
    assert "it is from another training run" in capsys.readouterr().out


def test_in_the_phase_of_the_head_the_backbone_stays_as_it_is(data):
    """Its moving averages too; afterwards every layer trains that did before."""
    backbone = keras.saving.load_model(data / "small.keras")
    backbone.layers[1].trainable = False
    backbone.save(data / "partly.keras")
    network = build_network("soft-0", 32, str(data / "partly.keras"))
    model = networks.training_model(network, "float32", {})
    flags = [layer.trainable for layer in model._flatten_layers()]
    assert False in flags
    before, trained = model.get_weights(), [weight.path for weight in model.trainable_weights]
    images = np.load(data / "train.npy")
    with networks.only(model, "head"):
        compile_for_training(model, 1e-2, WAYS["soft"].loss)
        assert len(model.trainable_weights) == 2 and all(HEAD in weight.path for weight in model.trainable_weights)
        fit_epoch(model, iter([(images, {"label": np.ones((40, 1), np.float32)})]), abs, launch_for(model))
    changed = [not np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True)]
    assert changed == [HEAD in weight.path for weight in model.weights]
    assert [layer.trainable for layer in model._flatten_layers()] == flags
    assert [weight.path for weight in model.trainable_weights] == trained
    with networks.only(model, "all"):
        assert [layer.trainable for layer in model._flatten_layers()] == flags


KEYS = {"head_first": True, "batch_norm": "frozen", "best_epoch": "loss", "epochs": 2, "patience": 2}


def test_the_head_alone_is_epoch_0_and_may_be_all(data, tmp_path):
    """Fitted to the features of the backbone, which stays as it is."""
    train_in(data, tmp_path, head_first=True, epochs=0)
    history = pd.read_csv(tmp_path / "history.csv")
    assert history[["epoch", "learning_rate", "kept"]].to_numpy().tolist() == [[0, 0, 1]]
    network = keras.saving.load_model(tmp_path / "model.keras")
    backbone = keras.saving.load_model(data / "small.keras")
    weights = [weight for weight in network.weights if HEAD not in weight.path]
    for mine, its in zip(weights, backbone.weights, strict=True):
        np.testing.assert_array_equal(mine, its)
    probability = network.predict(np.load(data / "validation.npy"), verbose=0)[:, 0]
    label = np.arange(20) % 2
    assert history["val_accuracy"][0] == np.mean((probability > 0.5) == label) == 1
    loss = -np.mean(np.log(np.where(label, probability, 1 - probability)))
    assert history["val_loss"][0] == pytest.approx(loss, abs=1e-6)


def test_a_head_is_fitted_with_the_weights_of_the_classes(data, tmp_path):
    """With labels that no feature tells apart, the answer is the share of the classes, which the weights make equal."""
    splits = pd.read_csv(data / "splits.csv").assign(label=lambda rows: (np.arange(len(rows)) % 4 == 0).astype(int))
    for name, class_weights in (("all", None), ("balanced", "balanced")):
        folder = tmp_path / name
        shutil.copytree(data, folder)
        for part, count in {"train": 40, "validation": 20}.items():
            np.save(folder / f"{part}.npy", np.full((count, 32, 32, 3), 99, np.uint8))
        splits.to_csv(folder / "splits.csv", index=False)
        record_lineage(folder / "splits.csv", "soft-0", 0, splits=folder / "splits.csv")
        train_in(folder, folder / "out", head_first=True, epochs=0, class_weights=class_weights)
        network = keras.saving.load_model(folder / "out" / "model.keras")
        probability = network.predict(np.load(folder / "train.npy")[:1], verbose=0)[0, 0]
        assert probability == pytest.approx({None: 0.25, "balanced": 0.5}[class_weights], abs=0.01)


def test_the_head_alone_is_kept_where_training_makes_it_worse(data, tmp_path):
    train_in(data, tmp_path / "head", head_first=True, epochs=0)
    train_in(data, tmp_path / "all", **KEYS | {"learning_rate": 10.0})
    kept = pd.read_csv(tmp_path / "all" / "history.csv")["kept"].tolist()
    assert kept == [1, 0, 0]
    head, both = (keras.saving.load_model(tmp_path / name / "model.keras").get_weights() for name in ("head", "all"))
    for mine, its in zip(head, both, strict=True):
        np.testing.assert_array_equal(mine, its)


def test_frozen_batch_normalisations_stay_while_the_rest_trains(data, tmp_path):
    train_in(data, tmp_path, **KEYS | {"learning_rate": 1e-4, "patience": None})
    assert pd.read_csv(tmp_path / "history.csv")["kept"].tolist()[0] == 0
    network, backbone = (keras.saving.load_model(path) for path in (tmp_path / "model.keras", data / "small.keras"))
    before = {weight.path.split("/", 1)[-1]: weight for weight in backbone.weights}
    normalisations = [layer.name for layer in backbone.layers if isinstance(layer, layers.BatchNormalization)]
    changed = {}
    for weight in network.get_layer(backbone.name).weights:
        layer = weight.path.split("/")[-2]
        of_kind = changed.setdefault(layer in normalisations, [])
        of_kind.append(not np.array_equal(weight, before[weight.path.split("/", 1)[-1]]))
    assert changed == {True: [False] * len(changed[True]), False: [True] * len(changed[False])}


@pytest.mark.parametrize("rows", [1, 2])
def test_a_training_run_resumes_bit_for_bit_after_its_head(data, tmp_path, monkeypatch, capsys, rows):
    """Killed after the head alone, and after the first epoch."""
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", 0)
    expected, whole = train_in(data, tmp_path / "whole", **KEYS), Checkpoints.save

    def save(self, checkpoint):
        whole(self, checkpoint)
        if len(checkpoint.history) == rows:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "save", save)
        with pytest.raises(Killed):
            train_in(data, tmp_path / "killed", **KEYS)
    assert train_in(data, tmp_path / "killed", **KEYS) == expected
    assert f"soft-0: resumes after epoch {rows - 1} of 2" in capsys.readouterr().out


def test_what_the_terminal_calls_accuracy_is_with_manual_labels(data, tmp_path, capsys):
    """A source that is always wrong, with which the head agrees."""
    turned = pd.read_csv(data / "splits.csv").assign(label=lambda rows: 1 - rows["label"])
    turned.to_csv(tmp_path / "labels.csv", index=False)
    record_lineage(tmp_path / "labels.csv", "soft-0", 0, splits=data / "splits.csv")
    train_in(data, tmp_path / "run", labels=tmp_path / "labels.csv", head_first=True, epochs=0)
    history = pd.read_csv(tmp_path / "run/history.csv")
    assert history[["val_accuracy", "val_manual_accuracy"]].to_numpy().tolist() == [[1, 0]]
    said = "validation accuracy 0.000, agreement with the source's labels 1.000"
    assert capsys.readouterr().out.count(said) == 2  # of the head alone, and of the best epoch


def test_of_equal_accuracies_the_lower_loss_is_kept():
    rows = [{"epoch": epoch, "val_accuracy": acc, "val_loss": loss} for epoch, acc, loss in
            [(1, 0.9, 0.5), (2, 0.9, 0.4), (3, 0.9, 0.4), (4, 0.8, 0.1)]]  # fmt: skip
    assert loop.Progress("accuracy", rows).best_row["epoch"] == 2
    assert loop.Progress("loss", rows).best_row["epoch"] == 4


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 1.0])
def test_a_share_is_of_each_class_and_within_a_larger_one(share):
    label = np.repeat([0, 1, 2], [50, 7, 400])
    rows, more = (run.rows_of_share(label, one, 3) for one in (share, (share + 1) / 2))
    assert np.bincount(label[rows]).tolist() == [math.ceil(share * count) for count in (50, 7, 400)]
    assert set(rows) <= set(more) and (np.diff(rows) > 0).all()
    assert share == 1 or rows.tolist() != run.rows_of_share(label, share, 4).tolist()


def test_a_network_is_trained_on_its_share_of_the_images_alone(data, tmp_path, monkeypatch):
    read = []
    monkeypatch.setattr(
        SelectedImages,
        "read",
        lambda self, rows: read.append(self._rows[rows]) or self._images.read(self._rows[rows]),
    )
    half, _ = train_in(data, tmp_path / "half", train_share=0.5)
    whole, _ = train_in(data, tmp_path / "whole")
    assert half != whole
    label = pd.read_csv(data / "splits.csv").query("split == 'train'")["label"].to_numpy()
    assert set(np.concatenate(read)) == set(run.rows_of_share(label, 0.5, 0))
    assert (tmp_path / "whole").is_dir() and train_in(data, tmp_path / "again", train_share=1.0)[0] == whole


def test_a_phase_ends_after_its_patience():
    patient = phase(epochs=10, patience=2)
    assert not patient.ended([math.inf]) and not patient.ended([math.inf, 3.0, 2.0, 2.5])
    assert patient.ended([math.inf, 3.0, 2.0, 2.5, 2.0]) and not patient.ended([2.0, 2.5, 1.9])
    assert not phase(epochs=10).ended([1.0] * 10) and phase(epochs=10).ended([1.0] * 11)


def test_a_training_run_stops_when_it_fits_its_labels_and_warns_where_it_does_not(data, tmp_path, capsys):
    train_in(data, tmp_path / "fits", epochs=9, until_label_fit=0.6)
    of_epochs = pd.read_csv(tmp_path / "fits/history.csv")["accuracy"]
    assert of_epochs.iloc[-1] >= 0.6 and (of_epochs.iloc[:-1] < 0.6).all() and len(of_epochs) < 9
    assert f"soft-0: stops after {len(of_epochs)} of 9 epochs: it fits" in capsys.readouterr().out
    train_in(data, tmp_path / "not", epochs=1, learning_rate=1e-6, until_label_fit=1)
    assert "Warning: soft-0: after 1 epochs it fits" in capsys.readouterr().out


def test_a_training_run_stops_after_its_patience_and_keeps_the_best_epoch(data, tmp_path, monkeypatch, capsys):
    scripted = iter([(0.5, 0.6), (0.4, 0.7), (0.45, 0.8), (0.4, 0.7), (0.1, 1.0)])
    monkeypatch.setattr(run.Validation, "loss_and_accuracy", lambda self, logit: next(scripted))
    _, history = train_in(data, tmp_path, epochs=9, patience=2)
    assert len(history.splitlines()) == 1 + 4
    said = capsys.readouterr().out
    assert "soft-0: stops after 4 of 9 epochs: the last 2 had no lower loss on validation" in said
    assert "soft-0, seed 0: best epoch 3 of 4, validation accuracy " in said
    assert "agreement with the source's labels 0.800, " in said


def test_a_recipe_without_the_neutral_keys_has_the_same_phases():
    assert phases_of(RECIPE | NEUTRAL) == phases_of(RECIPE)


# Contracts


def small_model() -> networks.TrainingModel:
    keras.utils.set_random_seed(0)
    inputs = layers.Input((4,))
    return networks.TrainingModel(inputs, layers.Dense(1)(layers.Dropout(0.2)(layers.Dense(3, "relu")(inputs))))


@pytest.fixture(scope="module")
def batch() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(64, 4)).astype(np.float32)
    return inputs, {"label": (inputs.sum(axis=1, keepdims=True) > 0).astype(np.float32)}


def compiled(optimiser: str, schedule: str = "constant", rate: float = 0.03) -> networks.TrainingModel:
    model, decay = small_model(), 0.0 if OPTIMISERS[optimiser].weight_decay == "never" else 0.01
    compile_for_training(model, learning_rate(schedule, rate, 60, 0, 0.1), WAYS["soft"].loss, optimiser, decay)
    return model


def fitted(model: networks.TrainingModel, batch: tuple, epochs: int) -> list[float]:
    launch = launch_for(model)
    return [fit_epoch(model, iter([batch]), abs, launch)[0] for _ in range(epochs)]


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_every_optimiser_learns_and_resumes_bit_for_bit_from_its_state(batch, optimiser, schedule):
    model = compiled(optimiser, schedule)
    losses = fitted(model, batch, 30)
    assert losses[-1] < 0.9 * losses[0]
    kept = [np.array(variable) for variable in (*model.variables, *model.optimizer.variables)]
    other = compiled(optimiser, schedule)
    for variable, value in zip((*other.variables, *other.optimizer.variables), kept, strict=True):
        variable.assign(value)
    assert fitted(other, batch, 5) == fitted(model, batch, 5)
    for one, its in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, its)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_weights_decay_by_a_share_whatever_the_gradient_is(optimiser):
    """With a gradient of 0 a step leaves 1 - rate x decay of a kernel, and a bias as it is."""
    decays = OPTIMISERS[optimiser].weight_decay != "never"
    model = small_model()
    compile_for_training(model, 0.1, WAYS["soft"].loss, optimiser, 0.2 if decays else 0.0)
    model.set_weights([weight + 1 for weight in model.get_weights()])
    before = model.get_weights()
    model.optimizer.apply([keras.ops.zeros(weight.shape) for weight in model.trainable_variables])
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_allclose(new, old * (1 - 0.1 * 0.2) if decays and old.ndim > 1 else old, rtol=1e-6)


REFERENCES = {  # share of the largest rate at step t, from 0, of n
    "constant": lambda t, n, decay: 1 / (1 + decay * t),
    "cosine": lambda t, n, decay: (1 + np.cos(np.pi * np.minimum(t / n, 1))) / 2,
}


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.33])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_begins_at_the_learning_rate_after_a_straight_rise(schedule, warmup):
    steps, decay = 50, 0.01 if SCHEDULES[schedule].decays else 0.0
    found = learning_rate(schedule, 0.2, steps, decay, warmup)
    rates = np.array([float(found(t)) if callable(found) else found for t in range(steps + 1)])
    rising = round(warmup * steps)
    np.testing.assert_allclose(rates[: rising + 1], 0.2 * np.arange(1, rising + 2) / (rising + 1), rtol=1e-6)
    assert (rates[rising:] >= -1e-9).all() and rates.max() <= 0.2 * (1 + 1e-6)
    if schedule in REFERENCES:
        t = np.arange(steps + 1 - rising)
        expected = 0.2 * REFERENCES[schedule](t, steps - rising, decay)
        np.testing.assert_allclose(rates[rising:], expected, rtol=1e-5, atol=1e-8)


def test_sgd_has_a_momentum():
    weight = keras.Variable(np.ones(3, np.float32))
    built, expected, velocity = OPTIMISERS["sgd"].build(0.1, None), np.ones(3), np.zeros(3)
    for gradient in np.random.default_rng(0).normal(size=(5, 3)):
        built.apply([keras.ops.convert_to_tensor(gradient.astype(np.float32))], [weight])
        velocity = 0.9 * velocity - 0.1 * gradient
        expected = expected + velocity
        np.testing.assert_allclose(weight, expected, rtol=1e-5)


def test_adamw_is_adam_and_a_decay():
    """Loshchilov and Hutter, algorithm 2, with their eta_t in the learning rate."""
    theta = np.random.default_rng(1).normal(size=(2, 3))
    weight = keras.Variable(theta.astype(np.float32))
    built, m, v = OPTIMISERS["adamw"].build(0.05, 0.1), np.zeros((2, 3)), np.zeros((2, 3))
    for t, g in enumerate(np.random.default_rng(0).normal(size=(20, 2, 3)), start=1):
        built.apply([keras.ops.convert_to_tensor(g.astype(np.float32))], [weight])
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        step = np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-7)
        theta = theta - 0.05 * 0.1 * theta - 0.05 * step
        np.testing.assert_allclose(weight, theta, atol=2e-5, err_msg=f"step {t}")


def test_functions_of_training_are_short():
    """At most ten parameters and sixty lines, so that a training run can be read in parts."""
    for path in sorted((ROOT / "workflow/scripts/snakedistill/training").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                parameters = len([*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs])
                lines = node.end_lineno - node.lineno + 1
                assert parameters <= 10 and lines <= 60, f"{path.name}: {node.name}: {parameters}, {lines}"
