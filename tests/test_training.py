import json
from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import save_small_backbone

from snakedistill.core.errors import InputError
from snakedistill.core.lineage import check_lineage, record_lineage
from snakedistill.core.outputs import labels_of_classes, shares_of_classes
from snakedistill.core.parts import TEST
from snakedistill.data.images import MappedImages
from snakedistill.measures import metrics
from snakedistill.networks import fused
from snakedistill.networks.augmentation import active, mixing
from snakedistill.networks.augmentation.draws import draw, random_stream
from snakedistill.networks.augmentation.layer import Augmentation
from snakedistill.networks.classifier import build_network, load_network, logit_and_probability
from snakedistill.networks.training_model import TrainingModel, evaluation_model, training_model
from snakedistill.teaching import WAYS, taught
from snakedistill.teaching.consistent import labels_of_views
from snakedistill.teaching.labels import write_labels
from snakedistill.teaching.losses import loss_of_images
from snakedistill.teaching.way import LabelInputs
from snakedistill.training import loop
from snakedistill.training.batches import batches
from snakedistill.training.evaluation import Measured, write_evaluation
from snakedistill.training.forward import predicted
from snakedistill.training.launches import forward_for, launch_for
from snakedistill.training.loop import HISTORY, fit_epoch, train, training_batches
from snakedistill.training.phases import compile_for_training
from snakedistill.training.prediction import write_predictions
from snakedistill.training.run import TrainingRun
from snakedistill.training.schedules import learning_rate
from snakedistill.training.validation import Validation, correct

CLASSES = ["left", "right"]
PARTS = {"train": 40, "validation": 20, "test": 20}
RECIPE = {
    "weights": None, "preprocessing": "paper", "epochs": 3, "batch_size": 16,
    "learning_rate": 1e-3, "schedule": "constant", "decay": 0, "dropout": 0.2, "batch_norm_momentum": 0.8,
    "augmentation": {"flip": False, "shift": 0.05}, "validation_augmentation": True, "class_weights": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Arrays of 32 pixels, bright on the left for label 0 and on the right for label 1, their split, and a backbone."""
    folder = tmp_path_factory.mktemp("data")
    save_small_backbone(folder / "small.keras")
    rng = np.random.default_rng(0)
    rows = []
    for part, images in PARTS.items():
        labels = np.arange(images) % 2
        array = rng.integers(0, 100, (images, 32, 32, 3), dtype=np.uint8)
        for image, label in zip(array, labels, strict=True):
            image[:, 16 * label : 16 * label + 16] += 120
        np.save(folder / f"{part}.npy", array)
        rows += [{"image_id": f"{part}.{i}", "label": label, "split": part} for i, label in enumerate(labels)]
    splits = folder / "splits.csv"
    pd.DataFrame(rows).to_csv(splits, index=False)
    record_lineage(splits, "soft-0", 0, splits=splits)  # its labels serve as those of soft-0
    return folder


def train_in(
    data, folder, network_id="soft-0", labels=None, way="soft", options=None, more=None, predictions=None, **changes
):
    folder.mkdir(exist_ok=True)
    run = TrainingRun(
        network_id=network_id,
        way=way,
        options=options or {},
        recipe=RECIPE | {"backbone": str(data / "small.keras")} | changes,
        image_size=32,
        precision="float32",
        seed=0,
        classes=CLASSES,
        arrays={part: data / f"{part}.npy" for part in PARTS},
        splits=data / "splits.csv",
        labels=labels or data / "splits.csv",
        **more or {},
    )
    train(run, folder / "model.keras", folder / "history.csv", folder / "checkpoints", predictions)
    return pd.read_csv(folder / "history.csv")


def predict_in(data, folder):
    arrays = {part: data / f"{part}.npy" for part in PARTS}
    predictions = {part: folder / f"{part}.csv" for part in PARTS}
    write_predictions(folder / "model.keras", "soft-0", 0, data / "splits.csv", arrays, CLASSES, predictions)
    return {part: pd.read_csv(folder / f"{part}.csv") for part in PARTS}


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    history = train_in(data, folder, backbone="resnet18")
    predict_in(data, folder)
    return folder, history


def test_adam_with_decay_follows_formulas_4_to_10_step_by_step():
    """For t < k of formulas (6) and (7) m and v are corrected; Keras, like formula (10) with (9), corrects eta."""
    eta, d, beta_1, beta_2, epsilon = 1e-3, 0.01, 0.9, 0.999, 1e-7
    rng = np.random.default_rng(0)
    theta = rng.normal(size=5)
    rate = learning_rate("constant", eta, 50, d)
    ours, its = fused.Adam(rate), keras.optimizers.Adam(rate)
    variables = [keras.Variable(theta.astype(np.float32)) for _ in range(2)]
    m = v = np.zeros(5)
    for t in range(1, 41):
        g = rng.normal(size=5)
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        eta_t = eta / (1 + d * (t - 1)) * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        theta = theta - eta_t * m / (np.sqrt(v) + epsilon)
        for optimizer, variable in zip((ours, its), variables, strict=True):
            optimizer.apply([keras.ops.convert_to_tensor(g.astype(np.float32))], [variable])
            np.testing.assert_allclose(variable, theta, atol=2e-6, err_msg=f"step {t}")


def test_accuracy_in_training_is_formula_11_on_soft_labels():
    rng = np.random.default_rng(0)
    logit = np.r_[rng.normal(size=50), 0.0, 1e-9].astype(np.float32)
    label = np.r_[rng.random(50), 0.5, 0.2].astype(np.float32)
    probability = 1 / (1 + np.exp(-logit.astype(np.float32)))
    answer = metrics.answer(shares_of_classes(label[:, None]))
    expected = metrics.correct(shares_of_classes(probability[:, None]), answer)
    np.testing.assert_array_equal(np.ravel(correct(label[:, None], logit[:, None])), expected)
    keras_own = np.mean(keras.metrics.binary_accuracy(label[:, None], probability[:, None]))
    assert keras_own < expected.mean()  # why it is not used


def test_accuracy_in_training_of_more_classes():
    logit = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    label = np.random.default_rng(1).dirichlet(np.ones(4), 50).astype(np.float32)
    expected = metrics.correct(logit, metrics.answer(label))
    np.testing.assert_array_equal(correct(label, logit), expected)


def test_batches_pass_once_over_all_images_in_the_given_order(data):
    images = MappedImages(data / "train.npy")
    order = np.random.default_rng(0).permutation(40)
    labels = np.arange(40, dtype=np.float32)[:, None]
    passed = list(batches(images, 16, targets={"label": labels}, order=order))
    assert [len(targets["label"]) for _, targets in passed] == [16, 16, 8]
    np.testing.assert_array_equal(np.concatenate([targets["label"] for _, targets in passed])[:, 0], order)
    np.testing.assert_array_equal(np.concatenate([image for image, _ in passed]), np.load(data / "train.npy")[order])
    for augmentation in ({"shift": 0.1}, {"shift": 0.1, "flip": True}):
        draws = draw(augmentation, 0, "soft-0", "train", 1, 40, 32)
        passed = list(batches(images, 16, draws, {"label": labels}, order))
        together = [np.concatenate(column) for column in zip(*(inputs for inputs, _ in passed), strict=True)]
        for mine, its in zip(together, [np.load(data / "train.npy"), *draws.values()], strict=True):
            np.testing.assert_array_equal(mine, its[order])


def test_a_network_learns_and_its_best_epoch_is_kept(data, trained):
    folder, history = trained
    assert history.columns.tolist() == [
        "epoch", "loss", "accuracy", "val_loss", "val_accuracy", "val_manual_accuracy", "learning_rate", "seconds",
        "kept",
    ]  # fmt: skip
    assert history["epoch"].tolist() == [1, 2, 3]
    validation = predict_in(data, folder)["validation"]
    labels = pd.read_csv(data / "splits.csv").query("split == 'validation'")["label"].to_numpy()
    assert np.mean((validation["probability"] > 0.5) == labels) >= 0.9


@pytest.mark.parametrize(
    "augmentation",
    [{}, {"flip": False, "shift": 0}, {"mixup": 0.4, "cutmix": 1.0}],
    ids=["missing", "off", "mixed in training alone"],
)
def test_a_network_trains_and_is_evaluated_without_augmentation(data, tmp_path, augmentation):
    """It takes the images alone. Keras would only warn of inputs of another structure, which is an error here."""
    history = train_in(data, tmp_path, augmentation=augmentation, epochs=2)
    assert np.isfinite(history["loss"]).all()
    assert mixing(augmentation) or history["loss"].is_monotonic_decreasing
    predictions = predict_in(data, tmp_path)
    # Validation in training, on the training model, is what the saved network predicts for the images as they are.
    best = history.loc[history["kept"].idxmax()]
    label = pd.read_csv(data / "splits.csv").query("split == 'validation'")["label"].to_numpy()
    logit = predictions["validation"]["logit"]
    assert best["val_loss"] == pytest.approx(np.mean(np.logaddexp(0, logit) - label * logit), rel=1e-3)
    files = [tmp_path / f"{name}.csv" for name in ("evaluation", "augmented")]
    given = {part: tmp_path / f"{part}.csv" for part in PARTS}
    splits = data / "splits.csv"
    test = data / "test.npy"
    measured = Measured(
        model=tmp_path / "model.keras", network_id="soft-0", seed=0, splits=splits, predictions=given,
        test_images=test, teacher_labels=None, own_labels=None, augmentation=augmentation, repeats=3, classes=CLASSES,
    )  # fmt: skip
    write_evaluation(measured, *files)
    evaluation, augmented = map(pd.read_csv, files)
    assert evaluation[["split", "augmented", "repeat"]].values.tolist() == [[part, "no", 0] for part in PARTS]
    assert augmented.columns.tolist() == ["image_id", "repeat", "logit", "probability"]
    assert len(augmented) == 0


@pytest.mark.parametrize("way", [name for name, way in WAYS.items() if way.fewest_classes == 2])
def test_a_step_of_each_way_is_of_its_loss(data, way):
    """Loss and accuracy that a training run records are those of the way's definition, before the weights change."""
    network = build_network("soft-0", 32, str(data / "small.keras"))
    training = training_model(network, "float32", {})
    compile_for_training(training, 1e-3, WAYS[way].loss)
    images = MappedImages(data / "test.npy")
    manual, probability = np.arange(20) % 2, np.linspace(0.02, 0.98, 20, dtype=np.float32)
    given = LabelInputs(manual, np.full(20, TEST), 2, None, probability=shares_of_classes(probability[:, None]))
    label = labels_of_classes(WAYS[way].label(given), 2)
    label = label[:, 1].astype(np.float32)
    logit = np.asarray(training(images.read(slice(None)), training=True))[:, 0].astype(np.float64)
    targets = {name: {"label": label[:, None], "manual": np.int32(manual)}[name] for name in WAYS[way].targets}
    passed = batches(images, 20, targets=targets)
    loss, accuracy = fit_epoch(training, passed, abs, launch_for(training, list(targets)))
    p = 1 / (1 + np.exp(-logit))
    assert loss == pytest.approx(loss_of_images(WAYS[way].loss, targets, logit[:, None]).mean(), rel=1e-4)
    assert accuracy == pytest.approx(np.mean((p > 0.5) == (label > 0.5)))


def test_class_weights_reach_the_losses_of_the_history(data, tmp_path, capsys):
    """One batch, no learning to speak of and labels of 0.2: both weighted losses follow from the plain ones."""
    same = {"epochs": 1, "learning_rate": 1e-12, "batch_size": 40, "augmentation": {"flip": False, "shift": 0.0}}
    labels = pd.read_csv(data / "splits.csv")[["image_id"]].assign(label=0.2)
    labels.to_csv(tmp_path / "labels.csv", index=False)
    record_lineage(tmp_path / "labels.csv", "soft-0", 0, splits=data / "splits.csv")
    found = {
        weights: train_in(data, tmp_path / str(weights), labels=tmp_path / "labels.csv", **same, class_weights=weights)
        for weights in (None, "balanced")
    }
    assert "weights of the classes in the loss: 0.625, 2.5" in capsys.readouterr().out
    weight = 0.8 * 0.625 + 0.2 * 2.5
    for name in ("loss", "val_loss"):
        assert found["balanced"][name][0] == pytest.approx(weight * found[None][name][0], rel=1e-5)
    assert found["balanced"]["val_accuracy"][0] == found[None]["val_accuracy"][0]


def test_of_equally_accurate_epochs_the_one_of_the_lower_loss_is_kept(data, tmp_path, monkeypatch):
    """Three epochs whose values are set; the weights must be those of a training run that ends after the second."""
    for name, values in (("three", [(9, 0.5), (1, 0.75), (2, 0.75)]), ("two", [(9, 0.5), (1, 0.75)])):
        scripted = iter(values)
        monkeypatch.setattr(Validation, "loss_and_accuracy", lambda self, logit, scripted=scripted: next(scripted))
        history = train_in(data, tmp_path / name, epochs=len(values))
        assert history["kept"].tolist() == [0, 1, 0][: len(values)]
    two, three = (keras.saving.load_model(tmp_path / name / "model.keras").get_weights() for name in ("two", "three"))
    assert all(np.array_equal(a, b) for a, b in zip(two, three, strict=True))


def test_the_same_training_run_twice_gives_the_same_bytes(data, trained, tmp_path):
    folder, history = trained
    again = train_in(data, tmp_path, backbone="resnet18")
    pd.testing.assert_frame_equal(history.drop(columns="seconds"), again.drop(columns="seconds"))
    predict_in(data, tmp_path)
    for part in PARTS:
        assert (tmp_path / f"{part}.csv").read_bytes() == (folder / f"{part}.csv").read_bytes()


def test_predictions_give_back_the_same_float32(data, trained):
    folder, _ = trained
    frame = pd.read_csv(folder / "test.csv", dtype={"logit": np.float32, "probability": np.float32})
    network = logit_and_probability(keras.saving.load_model(folder / "model.keras"))
    images = MappedImages(data / "test.npy")
    logit, probability = predicted(forward_for(network), images)
    np.testing.assert_array_equal(frame["logit"], logit[:, 0])
    np.testing.assert_array_equal(frame["probability"], probability[:, 0])
    expected, _ = network.predict(images.read(slice(None)), verbose=0)
    np.testing.assert_allclose(logit, expected, atol=1e-5)


def test_labels_that_miss_an_image_stop_the_training_run(data, tmp_path):
    pd.read_csv(data / "splits.csv")[1:].to_csv(tmp_path / "labels.csv", index=False)
    record_lineage(tmp_path / "labels.csv", "soft-0", 0, splits=data / "splits.csv")
    with pytest.raises(InputError, match=r"1 images of .*splits.csv are not in .*labels.csv.*train\.0"):
        train_in(data, tmp_path, labels=tmp_path / "labels.csv")
    assert not (tmp_path / "model.keras").exists()


def test_a_loss_that_is_no_number_stops_the_training_run(data, tmp_path):
    with pytest.raises(InputError, match=r"soft-0: the loss is nan in epoch .* lower learning_rate than 1e\+30"):
        train_in(data, tmp_path, learning_rate=1e30)
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_never_beats_chance_is_told_of(data, tmp_path, monkeypatch, capsys):
    for accuracies, told in (([0.5, 0.5], True), ([0.5, 0.75], False)):
        scripted = iter(np.repeat(accuracies, 2))  # with the labels and with manual ones
        monkeypatch.setattr(metrics, "accuracy", lambda probability, label, scripted=scripted: next(scripted))
        train_in(data, tmp_path / str(told), epochs=2)
        assert ("Warning: soft-0: no epoch of 2 did better" in capsys.readouterr().out) == told


@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_labels_are_the_sources_answers_or_probabilities(data, trained, tmp_path, kind):
    folder, _ = trained
    predictions = {part: folder / f"{part}.csv" for part in PARTS}
    write_labels("soft-1", 0, data / "splits.csv", kind, "soft-0", predictions, CLASSES, tmp_path / "labels.csv")
    labels = pd.read_csv(tmp_path / "labels.csv")
    given = pd.concat(pd.read_csv(path) for path in predictions.values())
    assert labels["image_id"].tolist() == pd.read_csv(data / "splits.csv")["image_id"].tolist()
    expected = (given["probability"] > 0.5).astype(int) if kind == "hard" else given["probability"]
    np.testing.assert_array_equal(labels["label"].astype(np.float32), expected.astype(np.float32))


def test_manual_labels_are_the_splits_own(data, tmp_path):
    write_labels("classic-0", 0, data / "splits.csv", "manual", None, {}, CLASSES, tmp_path / "labels.csv")
    expected = pd.read_csv(data / "splits.csv")[["image_id", "label"]]
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "labels.csv"), expected)


def test_a_training_step_is_traced_once_whatever_its_batches():
    traces = []

    class Counted(keras.layers.Dense):
        def call(self, inputs):
            traces.append(inputs.shape[0])
            return super().call(inputs)

    images = keras.Input((3,))
    model = TrainingModel(images, Counted(1)(images))
    compile_for_training(model, 1e-3, WAYS["soft"].loss)
    traces.clear()
    sizes = [4, 4, 4, 1, 2]
    batches = [(np.ones((size, 3), np.float32), {"label": np.ones((size, 1), np.float32)}) for size in sizes]
    seen = []
    fit_epoch(model, iter(batches), seen.append, launch_for(model))
    assert len(seen) == len(sizes)
    assert traces == [None]


def test_a_prediction_is_traced_once_whatever_its_batches():
    traces = []

    class Counted(keras.layers.Flatten):
        def call(self, inputs):
            traces.append(inputs.shape[0])
            return super().call(inputs)

    images = keras.Input((2, 2, 3))
    model = keras.Model(images, Counted()(images))
    forward = forward_for(model)
    traces.clear()
    for size in (4, 4, 1, 2):
        (output,) = forward(np.full((size, 2, 2, 3), 7, np.uint8))
        np.testing.assert_array_equal(output, np.full((size, 12), 7, np.float32))
    assert traces == [None]


def test_labels_of_some_of_the_images_are_refused(data, trained, tmp_path):
    folder, _ = trained
    some = {"train": folder / "train.csv"}
    with pytest.raises(InputError, match=r"40 images of .*splits\.csv are not in the predictions"):
        write_labels("soft-1", 0, data / "splits.csv", "soft", "soft-0", some, CLASSES, tmp_path / "labels.csv")


def test_evaluation_measures_every_part_and_the_augmented_test(data, trained, tmp_path):
    folder, _ = trained
    predictions = {part: folder / f"{part}.csv" for part in PARTS}
    write_labels("soft-0", 0, data / "splits.csv", "soft", "soft-0", predictions, CLASSES, tmp_path / "teacher.csv")
    measured = Measured(
        model=folder / "model.keras", network_id="soft-0", seed=0, splits=data / "splits.csv", predictions=predictions,
        test_images=data / "test.npy", teacher_labels=tmp_path / "teacher.csv", own_labels=tmp_path / "teacher.csv",
        augmentation={"flip": True, "shift": 0.3}, repeats=4, classes=CLASSES,
    )  # fmt: skip
    write_evaluation(measured, tmp_path / "evaluation.csv", tmp_path / "augmented.csv")
    table = pd.read_csv(tmp_path / "evaluation.csv")
    assert len(table) == 3 * 2 + 4 * 2
    plain = table.query("augmented == 'no' and split == 'test'").set_index("labels")
    test = pd.read_csv(folder / "test.csv")
    manual = pd.read_csv(data / "splits.csv").query("split == 'test'")["label"].to_numpy()
    loss = np.mean(np.logaddexp(0, test["logit"]) - manual * test["logit"])
    assert plain.loc["manual", "loss"] == pytest.approx(loss, rel=1e-4)
    assert plain.loc["teacher", "accuracy"] == 1.0  # here the network is its own teacher
    on_train = (table["split"] == "train") & (table["augmented"] == "no")
    assert (table["label_fit"][on_train] == 1).all() and table["label_fit"][~on_train].isna().all()
    own = pd.read_csv(tmp_path / "teacher.csv")
    of_train = own["image_id"].isin(pd.read_csv(data / "splits.csv").query("split == 'train'")["image_id"])
    turned = own.index[of_train][:10]
    own.loc[turned, "label"] = 1 - own.loc[turned, "label"]
    own.to_csv(tmp_path / "own.csv", index=False)
    record_lineage(tmp_path / "own.csv", "soft-0", 0, splits=data / "splits.csv")
    write_evaluation(replace(measured, own_labels=tmp_path / "own.csv"), tmp_path / "other.csv", tmp_path / "o.csv")
    assert set(pd.read_csv(tmp_path / "other.csv")["label_fit"].dropna()) == {1 - 10 / of_train.sum()}
    manual_labels = table.query("augmented == 'yes' and labels == 'manual'").set_index("repeat")
    assert manual_labels["loss"].nunique() > 1
    for repeat, group in pd.read_csv(tmp_path / "augmented.csv").groupby("repeat"):
        assert group["image_id"].tolist() == test["image_id"].tolist()
        answers = group["probability"].to_numpy() > 0.5
        assert manual_labels.loc[repeat, "accuracy"] == pytest.approx(np.mean(answers == (manual == 1)))


def test_a_consistent_source_answers_the_view_that_the_student_sees(data, trained, tmp_path):
    """The labels of a batch are the source's probabilities of its flipped and shifted images."""
    augmentation = {"flip": True, "shift": 0.2}
    source = load_network(trained[0] / "model.keras")
    images = MappedImages(data / "train.npy")
    draws = draw(augmentation, 0, "soft-0", "train", 1, len(images), 32)
    order = np.arange(40)[::-1]
    plain = {"label": np.zeros((40, 1), np.float32)}
    answer = forward_for(evaluation_model(source, augmentation))
    hooks = [labels_of_views(answer, WAYS["soft"])]
    found = [targets["label"] for _, targets in batches(images, 16, draws, plain, order, hooks)]
    assert [len(label) for label in found] == [16, 16, 8]
    _, probability = predicted(answer, images, draws)
    np.testing.assert_allclose(np.concatenate(found), probability[order], atol=1e-6)
    _, of_plain = predicted(forward_for(evaluation_model(source, {})), images)
    assert np.abs(of_plain - probability).max() > 0.01
    tempered = labels_of_views(answer, taught("soft", {"temperature": 4.0}))
    _, targets = next(batches(images, 40, draws, plain, hooks=[tempered]))
    logit, _ = predicted(answer, images, draws)
    np.testing.assert_allclose(targets["label"], 1 / (1 + np.exp(-logit / 4)), atol=1e-6)


def test_a_consistent_training_run_without_augmentation_is_a_soft_one(data, trained, tmp_path):
    """The file's labels and the source's answers in training are the same then, but for rounding."""
    folder, _ = trained
    record_lineage(folder / "model.keras", "soft-0", 0, splits=data / "splits.csv")
    predictions = {part: folder / f"{part}.csv" for part in PARTS}
    write_labels("soft-1", 0, data / "splits.csv", "soft", "soft-0", predictions, CLASSES, tmp_path / "labels.csv")
    changes = {"labels": tmp_path / "labels.csv", "augmentation": {}, "epochs": 1}
    soft = train_in(data, tmp_path / "soft", "soft-1", **changes)
    source = {"source": "soft-0", "source_model": folder / "model.keras"}
    views = train_in(data, tmp_path / "views", "soft-1", options={"consistent": True}, more=source, **changes)
    assert views["loss"][0] == pytest.approx(soft["loss"][0], rel=1e-3)
    with pytest.raises(InputError, match="its network is soft-0, not teacher"):
        train_in(data, tmp_path / "wrong", "soft-1", more=source | {"source": "teacher"}, **changes)


def test_a_training_run_answers_all_images_as_its_saved_network_does(data, tmp_path):
    predictions = {part: tmp_path / f"answered/{part}.csv" for part in PARTS}
    train_in(data, tmp_path, predictions=predictions)
    saved = predict_in(data, tmp_path)
    for part, path in predictions.items():
        pd.testing.assert_frame_equal(pd.read_csv(path), saved[part])
        check_lineage(path, "soft-0", 0, splits=data / "splits.csv", model=tmp_path / "model.keras")


def test_a_training_run_that_is_killed_while_it_answers_trains_no_epoch_again(data, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", 0)
    predictions = {part: tmp_path / f"{part}.csv" for part in PARTS}
    with monkeypatch.context() as killed:
        killed.setattr(loop, "write_predictions", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train_in(data, tmp_path, predictions=predictions)
    first = pd.read_csv(tmp_path / "history.csv")
    monkeypatch.setattr(loop, "fit_epoch", lambda *_: 1 / 0)
    pd.testing.assert_frame_equal(train_in(data, tmp_path, predictions=predictions), first)
    assert "resumes after epoch 3 of 3" in capsys.readouterr().out
    assert all(path.exists() for path in predictions.values()) and not (tmp_path / "checkpoints").exists()


def test_a_network_begins_with_the_weights_of_its_source(data, tmp_path, capsys):
    """A step of nothing leaves them as they are, and no head is fitted first."""
    folder, labels = tmp_path / "source", tmp_path / "labels.csv"
    predictions = {part: folder / f"{part}.csv" for part in PARTS}
    train_in(data, folder, predictions=predictions, epochs=1)
    write_labels("soft-1", 0, data / "splits.csv", "soft", "soft-0", predictions, CLASSES, labels)
    begins = {"source": "soft-0", "initial": folder / "model.keras"}
    still = {"labels": labels, "epochs": 1, "learning_rate": 1e-12, "batch_norm": "frozen"}
    options = {"source_weights": True}
    history = train_in(data, tmp_path / "on", "soft-1", options=options, more=begins, head_first=True, **still)
    assert history["epoch"].tolist() == [1] and "soft-1: begins with the weights of soft-0" in capsys.readouterr().out
    weights = (keras.saving.load_model(path / "model.keras").get_weights() for path in (folder, tmp_path / "on"))
    for before, after in zip(*weights, strict=True):
        np.testing.assert_allclose(after, before, atol=1e-6)
    check_lineage(tmp_path / "on/model.keras", "soft-1", 0, source=folder / "model.keras")
    with pytest.raises(InputError, match="its network is soft-0, not teacher"):
        train_in(data, tmp_path / "wrong", "soft-1", options=options, more=begins | {"source": "teacher"}, **still)


def test_a_source_of_another_size_sees_the_same_views_at_its_own_size(data):
    """Flips and shifts are the same shares of the side, the box of cutmix is the very same."""
    augmentation = {"flip": True, "shift": 0.25, "cutmix": 1.0}
    images = MappedImages(data / "train.npy")
    larger = np.load(data / "train.npy").repeat(2, axis=1).repeat(2, axis=2)
    np.save(data / "larger.npy", larger)
    seen = []

    def hook(inputs, targets):
        seen.append(inputs)
        return targets

    run = TrainingRun(
        network_id="soft-0", way="soft", recipe=RECIPE | {"augmentation": augmentation}, image_size=32,
        precision="float32", seed=0, classes=CLASSES, arrays={}, splits="", labels="",
    )  # fmt: skip
    prepared = SimpleNamespace(
        run=run,
        images={"train": images},
        images_of_source=MappedImages(data / "larger.npy"),
        targets={"train": {"label": np.zeros((40, 1), np.float32)}},
        hooks=(hook,),
    )
    passed = list(training_batches(prepared, 2))
    assert [len(inputs[0]) for inputs, _ in passed] == [len(inputs[0]) for inputs in seen] == [16, 16, 8]
    layer = Augmentation(active(augmentation))
    for (own, _), (image, shift, flip, box) in zip(passed, seen, strict=True):
        np.testing.assert_array_equal(image, own[0].repeat(2, axis=1).repeat(2, axis=2))
        np.testing.assert_allclose(shift, 2 * own[1], rtol=1e-6)
        assert np.abs(shift).max() > 4
        np.testing.assert_array_equal(flip, own[2])
        np.testing.assert_array_equal(box, own[3])
        views = [np.asarray(layer(inputs[0], list(inputs[1:]))) for inputs in (own, (image, shift, flip, box))]
        means = views[1].reshape(len(image), 32, 2, 32, 2, 3).mean(axis=(2, 4))
        assert np.corrcoef(views[0].ravel(), means.ravel())[0, 1] > 0.95


def test_a_consistent_training_run_reads_the_arrays_of_its_source(data, tmp_path):
    """A source at 48 pixels teaches a student at 32, and its images are those that the plan names."""
    keras.utils.set_random_seed(1)
    source = build_network("teacher", 48, "resnet18", None, "paper", 0, None, 2)
    source.save(tmp_path / "source.keras")
    record_lineage(tmp_path / "source.keras", "teacher", 0, splits=data / "splits.csv")
    larger = np.load(data / "train.npy")[:, np.arange(48) * 2 // 3][:, :, np.arange(48) * 2 // 3]
    np.save(tmp_path / "train.npy", larger)
    np.save(tmp_path / "short.npy", larger[:7])
    more = {"source": "teacher", "source_model": tmp_path / "source.keras"}
    given = {"options": {"consistent": True}, "epochs": 1}
    found = train_in(
        data, tmp_path / "views", more=more | {"source_arrays": {"train": tmp_path / "train.npy"}}, **given
    )
    assert np.isfinite(found["loss"][0])
    with pytest.raises(InputError, match=r"short\.npy: expected 40 images, as soft-0 trains on, got 7"):
        train_in(data, tmp_path / "short", more=more | {"source_arrays": {"train": tmp_path / "short.npy"}}, **given)


def labelled(data, folder, network_id, **values):
    """A file of labels of this network."""
    pd.read_csv(data / "splits.csv")[["image_id", "label"]].assign(**values).to_csv(folder / "labels.csv", index=False)
    record_lineage(folder / "labels.csv", network_id, 0, splits=data / "splits.csv")
    return folder / "labels.csv"


def test_a_stage_of_the_teacher_is_the_teacher_after_so_many_epochs(data, tmp_path):
    """It has the draws, the initial weights and the learning rates of the whole training run."""
    found = {}
    for network_id, stop_after in (("teacher", None), ("early", 1)):
        (tmp_path / network_id).mkdir()
        labels = labelled(data, tmp_path / network_id, network_id)
        recipe = {"labels": labels, "epochs": 2, "schedule": "cosine", "learning_rate": 1e-5}
        found[network_id] = train_in(
            data, tmp_path / network_id, network_id, way="manual", more={"stop_after": stop_after}, **recipe
        )
    columns = HISTORY[: HISTORY.index("seconds")]
    pd.testing.assert_frame_equal(found["early"][columns], found["teacher"][columns][:1])
    check_lineage(tmp_path / "early/model.keras", "early", 0, splits=data / "splits.csv")


def test_a_stage_of_no_epochs_has_the_initial_weights_of_the_teacher(data, tmp_path):
    labels = labelled(data, tmp_path, "early")
    history = train_in(data, tmp_path, "early", labels, "manual", more={"stop_after": 0}, backbone="resnet18")
    assert history.columns.tolist() == HISTORY and len(history) == 0
    check_lineage(tmp_path / "model.keras", "early", 0, splits=data / "splits.csv")
    keras.utils.set_random_seed(int(random_stream(0, "teacher", "weights").integers(2**31)))
    built = build_network("early", 32, "resnet18", None, "paper", 0.2, 0.8, 2).get_weights()
    stage = load_network(tmp_path / "model.keras").get_weights()
    assert all(map(np.array_equal, stage, built))


def test_images_without_a_manual_label_join_the_training_part(data, tmp_path, capsys):
    """Those of train, given a second time so, are as many more images, with the labels of the other file."""
    np.save(tmp_path / "more.npy", np.load(data / "train.npy")[:10])
    pd.DataFrame({"image_id": [f"test1/{i}.jpg" for i in range(10)], "label": 0.5}).to_csv(
        tmp_path / "more.csv", index=False
    )
    record_lineage(tmp_path / "more.csv", "soft-0", 0, splits=data / "splits.csv")
    unlabelled = {"images": tmp_path / "more.npy", "labels": tmp_path / "more.csv"}
    wider = train_in(
        data, tmp_path / "wider", more={"unlabelled": unlabelled}, epochs=1, batch_size=50, augmentation={}
    )
    assert "soft-0: trains on 50 images, of which 10 have no manual label" in capsys.readouterr().out
    plain = train_in(data, tmp_path / "plain", epochs=1, batch_size=40, augmentation={})
    assert wider["loss"][0] != plain["loss"][0]
    assert json.loads((tmp_path / "wider/model.lineage.json").read_text())["unlabelled"]


def test_an_image_weighs_in_the_loss_and_one_of_weight_0_does_not_count(data, tmp_path):
    splits = pd.read_csv(data / "splits.csv")
    of_left = (splits["label"] == 0).to_numpy(float)
    losses = []
    for label in (splits["label"], 0):  # of the images of weight 0 another label
        labels = labelled(data, tmp_path, "sure-0", label=label, weight=2 * of_left)
        history = train_in(data, tmp_path / "weighted", "sure-0", labels, "manual", augmentation={}, epochs=2)
        losses.append(history[["loss", "val_loss"]])
    np.testing.assert_allclose(*losses, rtol=1e-3)
    labelled(data, tmp_path, "sure-0", weight=np.ones(len(splits)))
    ones = train_in(data, tmp_path / "ones", "sure-0", labels, "manual", augmentation={}, epochs=1)
    labelled(data, tmp_path, "sure-0")
    without = train_in(data, tmp_path / "without", "sure-0", labels, "manual", augmentation={}, epochs=1)
    assert ones["loss"][0] == pytest.approx(without["loss"][0], rel=1e-5)
    assert ones["val_loss"][0] == pytest.approx(without["val_loss"][0], rel=1e-3)
    assert losses[0]["loss"][0] != pytest.approx(without["loss"][0], rel=1e-2)
