"""More than two classes: files, labels, a training run, tables, figures and the summary, with 3, 10 and 100 of them."""

import importlib
import itertools

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import save_small_backbone
from made_up import MadeUp
from matplotlib import pyplot as plt
from test_figures import overlaps, texts

from snakedistill.core.by_image import MOST_CLASSES_AS_TEXT, read_by_image, suffix, write_by_image
from snakedistill.core.errors import InputError, some
from snakedistill.core.lineage import read_labels, read_predictions
from snakedistill.core.parts import PARTS, TEST
from snakedistill.core.pixels import Pixels
from snakedistill.export.card import card
from snakedistill.measures import metrics
from snakedistill.networks.classifier import build_network, logit_and_probability
from snakedistill.networks.training_model import fused_copy
from snakedistill.results.figures import FIGURES, confusion, predictions, recursion
from snakedistill.results.summary.head import images_in_words
from snakedistill.results.summary.page import write_summary
from snakedistill.results.summary.sections import MOST_CLASSES_LISTED, MOST_CONFUSIONS, SECTIONS
from snakedistill.results.tables import TABLES
from snakedistill.teaching import networks
from snakedistill.teaching.labels import write_labels
from snakedistill.training.loop import train
from snakedistill.training.prediction import write_predictions
from snakedistill.training.run import TrainingRun

THREE = ["ant", "bee", "fly"]
TEN = [f"class {letter}" for letter in "abcdefghij"]
HUNDRED = [f"species of animal {number}" for number in range(100)]
STUDENTS = {"hard": {"labels": "hard", "generations": 1}, "soft": {"labels": "soft", "generations": 2}}
NETWORKS = list(networks(STUDENTS))


def shares(images: int, classes: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(classes), images).astype(np.float32)


@pytest.mark.parametrize("classes", [["cat", "dog"], THREE, ['a, "b"', "x.y", "NA"], [str(n) for n in range(150)]])
def test_numbers_of_images_are_read_as_they_were_written(tmp_path, classes):
    ids = pd.Series(["007", "NA", "a, b", "ü"])
    outputs = shares(4, len(classes))
    outputs = outputs[:, 1:] if len(classes) == 2 else outputs
    path = tmp_path / f"numbers.{suffix(len(classes))}"
    values = {"repeat": np.arange(4), "logit": np.log(outputs), "probability": outputs}
    write_by_image(path, ids, values, classes)
    found = read_by_image(path)
    assert found.image_id.tolist() == ids.tolist()
    assert list(found.values) == list(values)
    for name, array in values.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(np.squeeze(found[name]), np.squeeze(array))
    assert [path.name for path in tmp_path.iterdir()] == [path.name]
    mixed = found.in_order_of(ids[::-1], "one", "other")
    np.testing.assert_array_equal(mixed["repeat"], [3, 2, 1, 0])
    with pytest.raises(InputError, match="1 images of other are not in one, for example NA"):
        found.in_order_of(ids.drop(1), "one", "other")


def test_columns_are_named_by_class_and_many_classes_are_no_text(tmp_path):
    write_by_image(tmp_path / "a.csv", pd.Series(["x"]), {"logit": shares(1, 3), "probability": shares(1, 3)}, THREE)
    assert (tmp_path / "a.csv").read_text().splitlines()[0] == (
        "image_id,logit.ant,logit.bee,logit.fly,probability.ant,probability.bee,probability.fly"
    )
    assert [suffix(classes) for classes in (2, MOST_CLASSES_AS_TEXT, MOST_CLASSES_AS_TEXT + 1)] == ["csv", "csv", "npz"]
    write_by_image(tmp_path / "a.npz", pd.Series(["x"]), {"label": shares(1, 3)}, THREE)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        assert arrays["classes"].tolist() == THREE
        assert arrays["image_id"].tolist() == ["x"]


def test_some_names():
    assert some("abc") == "a, b, c"
    assert some(range(12), " and ").endswith("8 and 9 and 2 more")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Images of 32 pixels in three classes, bright in the left, the middle or the right third, and their split."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    rows = []
    for part, images in {"train": 60, "validation": 30, "test": 30}.items():
        labels = np.arange(images) % 3
        array = rng.integers(0, 100, (images, 32, 32, 3), dtype=np.uint8)
        for image, label in zip(array, labels, strict=True):
            image[:, 10 * label : 10 * label + 10] += 120
        np.save(folder / f"{part}.npy", array)
        rows += [{"image_id": f"{part}.{i}", "label": label, "split": part} for i, label in enumerate(labels)]
    pd.DataFrame(rows).to_csv(folder / "splits.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """A teacher of three classes by manual labels with class weights, its predictions, and a soft student of it."""
    folder = tmp_path_factory.mktemp("trained")
    save_small_backbone(folder / "small.keras")
    recipe = {
        "backbone": str(folder / "small.keras"), "weights": None, "preprocessing": "paper", "epochs": 8,
        "batch_size": 16, "learning_rate": 1e-2, "schedule": "constant", "decay": 0, "dropout": 0.0,
        "batch_norm_momentum": 0.7, "augmentation": {}, "validation_augmentation": False, "class_weights": "balanced",
    }  # fmt: skip
    arrays = {part: data / f"{part}.npy" for part in PARTS}
    splits = data / "splits.csv"
    for network, way, source in (("teacher", "manual", None), ("soft-0", "soft", "teacher")):
        labels = folder / f"labels-{network}.csv"
        given = {part: folder / f"{source}-{part}.csv" for part in PARTS} if source else {}
        write_labels(network, 0, splits, way, source, given, THREE, labels)
        model, history = folder / f"{network}.keras", folder / f"{network}.csv"
        run = TrainingRun(
            network_id=network, way=way, recipe=recipe, image_size=32, precision="float32", seed=0, classes=THREE,
            arrays=arrays, splits=splits, labels=labels,
        )  # fmt: skip
        train(run, model, history, folder / "checkpoints")
        found = {part: folder / f"{network}-{part}.csv" for part in PARTS}
        write_predictions(model, network, 0, splits, arrays, THREE, found)
    return folder


@pytest.mark.parametrize("network", ["teacher", "soft-0"])
def test_a_network_of_three_classes_learns(data, trained, network):
    found = read_predictions(trained / f"{network}-validation.csv", network, 0, splits=data / "splits.csv")
    np.testing.assert_allclose(found["probability"].sum(axis=1), 1, atol=1e-6)
    softmax = np.exp(found["logit"]) / np.exp(found["logit"]).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found["probability"], softmax, atol=1e-6)
    assert metrics.accuracy(found["probability"], np.arange(30) % 3) >= 0.9
    # Validation in training is what the saved network predicts, of the labels that it trained on.
    history = pd.read_csv(trained / f"{network}.csv")
    best = history.loc[history["kept"].idxmax()]
    labels = read_labels(trained / f"labels-{network}.csv", network, 0, data / "splits.csv", 3)
    label = labels["label"][60:90]
    assert best["val_accuracy"] == metrics.accuracy(found["probability"], metrics.answer(label))
    assert best["val_loss"] == pytest.approx(metrics.loss(found["logit"], label), rel=0.05)  # the weights are near 1


def test_soft_labels_of_three_classes_are_the_source_s_probabilities(data, trained):
    labels = read_labels(trained / "labels-soft-0.csv", "soft-0", 0, data / "splits.csv", 3)
    given = [read_predictions(trained / f"teacher-{part}.csv", "teacher", 0)["probability"] for part in PARTS]
    np.testing.assert_array_equal(labels["label"].astype(np.float32), np.concatenate(given))
    assert (trained / "labels-teacher.csv").read_text().startswith("image_id,label\ntrain.0,0\ntrain.1,1\n")


def test_the_head_has_a_logit_for_each_class():
    network = build_network("soft-0", 32, "resnet18", classes=5)
    images = np.random.default_rng(0).uniform(0, 255, (3, 32, 32, 3)).astype(np.float32)
    logit, probability = logit_and_probability(network).predict(images, verbose=0)
    assert logit.shape == probability.shape == (3, 5)
    np.testing.assert_allclose(probability, keras.ops.softmax(logit), atol=1e-6)
    np.testing.assert_allclose(fused_copy(network, "float32").predict(images, verbose=0), logit, atol=1e-4)


def test_the_card_of_more_classes_has_no_threshold():
    about = card(networks(STUDENTS)["soft-0"], THREE, Pixels(32), "run", 0, {})
    assert "threshold" not in about
    assert about["classes"] == '["ant", "bee", "fly"]'


def made_up(folder, classes, seeds=(0,), images=None) -> MadeUp:
    images = images or {"train": 2 * len(classes), "validation": len(classes), "test": 3 * len(classes)}
    accuracy = {(seed, network): 0.6 + 0.05 * n for seed in seeds for n, network in enumerate(NETWORKS)}
    confidence = {network: 0.02 + 0.1 * n for n, network in enumerate(NETWORKS)}
    made = MadeUp(folder, images, accuracy, confidence, NETWORKS, seeds=seeds, classes=tuple(classes))
    keys = itertools.product(
        ("teacher", "soft-0"), ("Keras", "ONNX Runtime"), ("float32", "int8"), (1, 32), ("no", "yes")
    )
    made.time({key: [0.01, 0.02] for key in keys}, (2,))
    return made


@pytest.mark.parametrize("classes", [THREE, TEN, [str(number) for number in range(150)]])
def test_tables_by_counting(tmp_path, classes):
    made = made_up(tmp_path, classes)
    tables = {name: made.tabulate(name) for name in ("uncertainty", "classes", "confusion", "histograms")}
    label = made.splits.set_index("image_id")["label"]
    for (_, network), path in made.run().of_networks(TEST).items():
        found = read_by_image(path)
        probability, manual = found["probability"].astype(np.float64), label[found.image_id].to_numpy()
        answer = probability.argmax(axis=1)
        chosen = {name: table.query(f"network == '{network}' and split == 'test'") for name, table in tables.items()}
        (row,) = chosen["uncertainty"].to_dict("records")
        assert row["accuracy"] == pytest.approx(np.mean(answer == manual))
        assert row["balanced_accuracy"] == pytest.approx(
            np.mean([np.mean(answer[manual == c] == c) for c in set(manual)])
        )
        distance = ((probability - np.eye(len(classes))[answer]) ** 2).sum(axis=1) / 2
        assert row["uncertainty"] == pytest.approx(distance.mean(), rel=1e-5)
        assert 0 <= row["uncertainty_low"] <= row["uncertainty"] <= row["uncertainty_high"] <= 0.5
        assert ("top_2_accuracy" in row) == (len(classes) > 4)
        of_class = chosen["classes"].set_index(chosen["classes"]["class"].astype(str))
        pairs = chosen["confusion"].set_index([chosen["confusion"][name].astype(str) for name in ("class", "answer")])
        assert pairs["images"].sum() == len(manual)
        for number, name in enumerate(classes):
            right = ((answer == number) & (manual == number)).sum()
            assert pairs["images"].get((name, name), 0) == right
            assert of_class.loc[name, "errors"] == (manual == number).sum() - right
            assert of_class.loc[name, "uncertainty"] == pytest.approx(distance[manual == number].mean(), rel=1e-5)
        bins = chosen["histograms"]
        best = probability.max(axis=1)
        for row in bins.itertuples():
            inside = (best >= row.bin_low - 1e-9) & ((best < row.bin_high - 1e-9) | (row.bin_high == 1))
            assert row.relative_frequency == pytest.approx(inside.mean()), row


@pytest.fixture
def saved(monkeypatch):
    """The figures that a plot saves, kept open."""
    figures = []
    for name in ("confusion", "predictions", "recursion", "generations", "examples"):
        module = importlib.import_module(f"snakedistill.results.figures.{name}")
        monkeypatch.setattr(module, "save", lambda figure, run_description, paths: figures.append(figure))
    yield figures
    plt.close("all")


@pytest.mark.parametrize("classes", [THREE, TEN, HUNDRED], ids=len)
def test_figures_are_legible(tmp_path, saved, classes):
    made = made_up(tmp_path, classes)
    for name in ("uncertainty", "histograms", "confusion", "evaluation"):
        made.tabulate(name)
    run = made.run()
    confusion.plot(run, {"": []}, "Run test.", ["teacher", "soft-0"])
    predictions.plot(run, {TEST: []}, "Run test.")
    recursion.plot(run, {"soft": []}, "Run test.")
    importlib.import_module(FIGURES["generations"].module).plot(run, {"": []}, "Run test.")
    assert [overlaps(figure) for figure in saved] == [[]] * 4
    matrix, histogram, along, by_generation = saved
    assert "prediction: probability of the answer" in texts(
        histogram
    ) and "prediction: probability of the answer" in texts(along)
    assert ("top 2 accuracy, share" in texts(by_generation)) == (len(classes) > 4)
    of_many = len(classes) > confusion.MOST_CLASSES
    assert (confusion.OTHERS in texts(matrix)) == of_many
    assert (
        f"the {confusion.MOST_CLASSES} of 100 classes with most errors" in " ".join(texts(matrix)).replace("\n", " ")
    ) == of_many
    assert len(matrix.subfigs[0].axes[0].get_yticks()) == min(len(classes), confusion.MOST_CLASSES)


def test_the_confusion_of_many_classes_shows_those_with_most_errors(tmp_path):
    table = pd.DataFrame(
        [("c", "a", 5), ("c", "c", 1), ("a", "a", 9), ("b", "d", 2), ("b", "b", 1), ("d", "c", 1)],
        columns=["class", "answer", "images"],
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(confusion, "MOST_CLASSES", 2)
        assert confusion.classes_to_show(table, ["a", "b", "c", "d"]) == ["b", "c"]
    assert confusion.classes_to_show(table, ["a", "b", "c", "d"]) == ["a", "b", "c", "d"]
    assert confusion.counts(table, ["b", "c"], ["a", "b", "c", "d"]).tolist() == [[1, 0, 2], [0, 1, 5]]
    assert confusion.counts(table, ["a", "b", "c", "d"], ["a", "b", "c", "d"]).tolist() == [
        [9, 0, 0, 0], [0, 1, 0, 2], [5, 0, 1, 0], [0, 0, 1, 0],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("classes", "seeds"),
    [(TEN, (0,)), (TEN, (0, 1)), (HUNDRED, (0,)), pytest.param(HUNDRED, (0, 1), marks=pytest.mark.long)],
)
def test_the_summary(tmp_path, classes, seeds):
    made = made_up(tmp_path, classes, seeds)
    tables = {name: made.tabulate(name) for name in TABLES}
    counts = [(name, part, 2 + number) for number, name in enumerate(classes) for part in PARTS]
    for name, rows, columns in (
        ("counts", counts, ["class", "split", "images"]),
        ("rejected", [], ["member", "reason"]),
        ("copies", [], ["group", "image_id"]),
    ):
        pd.DataFrame(rows, columns=columns).to_csv(tmp_path / f"{name}.csv", index=False)
    settings = {
        network: {"recipe": {"learning_rate": 0.002, "augmentation": {"shift": 0}}, "image_size": 32}
        for network in NETWORKS
    }
    paths = {name: tmp_path / f"{name}.csv" for name in ("counts", "rejected", "copies")}
    write_summary(
        {"run": "Run made-up."}, [], made.files["index"], [Pixels(32)], **paths, splits=made.files["splits"],
        tables={name: made.files[name] for name in TABLES},
        figures=[], sections_of_pictures={}, inserts=[], headings={key: one.heading for key, one in SECTIONS.items()},
        measurements=made.files["measurements"], exports=[], int8_max_drop=0,
        lineages=made.files["lineages"], settings=settings, students=STUDENTS,
        teacher_is_given=False, shown=["teacher", "soft-0"], choice={"margin": 0.01, "ms": None, "mb": None},
        reference=None, about_reference="",
        summary=tmp_path / "summary.md",
    )  # fmt: skip
    page = (tmp_path / "summary.md").read_text()
    section = page.split("## Errors by class")[1].split("## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| soft-0 | ") and line.count("|") > 6]
    assert len(rows) == min(len(classes), MOST_CLASSES_LISTED)
    if len(classes) > MOST_CLASSES_LISTED:
        assert f"Shown are the {MOST_CLASSES_LISTED} classes on which a network errs most" in section
        assert f"by 100 classes: {classes[0]} (6) to {classes[-1]} (303)" in page
    of_teacher = tables["confusion"].query("network == 'teacher' and split == 'test' and `class` != answer")
    most = of_teacher.groupby(["class", "answer"])["images"].sum().max()
    wrong = [line for line in section.splitlines() if line.startswith("| teacher | ") and line.count("|") == 5]
    assert len(wrong) == MOST_CONFUSIONS
    assert wrong[0].endswith(f" | {most} |")
    assert ("of all seeds together" in section) == (len(seeds) > 1)
    bound = (1 - 1 / len(classes)) / 2
    assert f"{bound:.4g} when all {len(classes)} classes always have the same" in page
    assert "*Top-2 accuracy* is the share of images" in page
    assert len(page) < 60_000


def test_images_in_words_of_many_classes():
    counts = pd.DataFrame({"class": HUNDRED, "images": 2, "split": "train"})
    counts = pd.concat([counts.assign(split=part) for part in PARTS])
    none = pd.DataFrame({"member": [], "reason": []})
    copies, splits = pd.DataFrame({"group": [], "image_id": []}), pd.DataFrame({"image_id": [], "split": []})
    words = images_in_words(counts, none, copies, splits)
    assert "the same number of each class (species of animal 0, " in words
    assert ", 90 more)." in words
