"""A teacher that is given: a file of predictions, or a finished Keras classifier."""

import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_up import MadeUp

from snakedistill.configuration.inputs import _wrong_teacher
from snakedistill.core.by_image import suffix
from snakedistill.core.errors import InputError
from snakedistill.core.lineage import read_predictions
from snakedistill.core.parts import PARTS
from snakedistill.data import given_predictions
from snakedistill.data.foreign_predictions import wrong_columns
from snakedistill.data.given_predictions import form_of_teacher, read_given_predictions
from snakedistill.data.splits import DROPPED, UNPREDICTED, write_splits
from snakedistill.networks.heads import wrong_units
from snakedistill.results.run import Run
from snakedistill.results.tables.evaluation import DURING_TRAINING
from snakedistill.teaching.given_predictions import take_in_predictions

IDS = [f"{name}.{number}" for name in ("cat", "dog") for number in range(20)]
LABEL = np.repeat([0, 1], 20)
PROBABILITY = np.linspace(0, 1, 40)
CLASSES = ["cat", "dog"]
THREE = ["ant", "bee", "fly"]


@pytest.fixture
def index(tmp_path):
    """Forty images, twenty of each class."""
    frame = pd.DataFrame({"image_id": IDS, "member": [f"train/{one}.jpg" for one in IDS], "label": LABEL})
    frame.assign(sha256=IDS, perceptual_hash="00").to_csv(tmp_path / "index.csv", index=False)
    return tmp_path / "index.csv"


@pytest.fixture
def given(tmp_path):
    """A function that writes a file of predictions, by default a right one."""

    def write(**columns):
        frame = pd.DataFrame(columns or {"image_id": IDS, "probability": PROBABILITY})
        frame.to_csv(tmp_path / "given.csv", index=False)
        return str(tmp_path / "given.csv")

    return write


def split(index, given=None, **other) -> dict:
    files = {name: str(index.parent / f"{name}.csv") for name in ("splits", "copies", "rejected", "counts")}
    (index.parent / "unusable.csv").write_text("member,reason\n")
    shares = {"train": 0.5, "validation": 0.25, "test": 0.25}
    settings = {"classes": CLASSES, "shares": shares, "seed": 0, "near_duplicates": None, "balanced": True}
    write_splits(str(index), str(index.parent / "unusable.csv"), **settings, **files, predictions=given)
    return files


def take_in(index, given, classes: list[str] = CLASSES, splits: str | None = None) -> dict[str, str]:
    splits = splits or split(index)["splits"]
    paths = {part: str(index.parent / f"{part}.{suffix(len(classes))}") for part in PARTS}
    take_in_predictions(given, str(index), splits, classes, 0, paths, str(index.parent / "evaluation.csv"))
    return paths


def test_predictions_are_read_by_id_in_any_order(index, given):
    order = np.random.default_rng(0).permutation(40)
    found = read_given_predictions(given(image_id=np.array(IDS)[order], probability=PROBABILITY[order]), index, CLASSES)
    assert found.image_id.tolist() == np.array(IDS)[order].tolist()
    assert found["probability"].dtype == found["logit"].dtype == np.float32
    np.testing.assert_array_equal(found["probability"][:, 0], PROBABILITY[order].astype(np.float32))
    inside = (PROBABILITY[order] > 0) & (PROBABILITY[order] < 1)
    sure = PROBABILITY[order][inside]
    np.testing.assert_allclose(found["logit"][inside, 0], np.log(sure / (1 - sure)), rtol=1e-6)


def test_the_logit_of_a_sure_probability_is_finite_and_the_probability_stays(index, given):
    found = read_given_predictions(given(image_id=["cat.0", "dog.0"], probability=[0, 1]), index, CLASSES)
    assert found["probability"].tolist() == [[0], [1]]
    assert np.isfinite(found["logit"]).all()
    assert found["logit"][:, 0].tolist() == pytest.approx([np.log(2.0**-149), np.log(2.0**24 - 1)])


def test_logits_become_probabilities_and_paths_ids(index, given):
    path = given(path=["train/dog.1.jpg", "train/cat.2.jpg"], logit=[-800.0, 3.0], note=["any", "thing"])
    found = read_given_predictions(path, index, CLASSES)
    assert found.image_id.tolist() == ["dog.1", "cat.2"]
    assert found["logit"].tolist() == [[-800], [3]]
    assert found["probability"][:, 0].tolist() == pytest.approx([0, 1 / (1 + np.exp(-3))])


def test_a_byte_order_mark_and_empty_lines_are_no_matter(index, tmp_path):
    (tmp_path / "given.csv").write_bytes('\ufeffimage_id,logit\r\n\r\n"cat.0",1\r\n\r\n'.encode())
    assert read_given_predictions(tmp_path / "given.csv", index, CLASSES).image_id.tolist() == ["cat.0"]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("cow.1,0.5", r"given.csv, row 2, image 'cow.1': .* got a row of other images, of which this is the first"),
        ("cat.1,", r"row 2, image 'cat.1': expected probability to be a number from 0 to 1, got ''"),
        ("cat.1", r"row 2, image 'cat.1': expected probability to be a number from 0 to 1, got ''"),
        ("cat.1,nan", r"row 2, image 'cat.1': expected probability to be a number from 0 to 1, got 'nan'"),
        ("cat.1,1.0001", r"row 2, image 'cat.1': .* got '1.0001'"),
        ("cat.1,-1e-9", r"row 2, image 'cat.1': .* got '-1e-9'"),
        ("cat.1,high", r"row 2, image 'cat.1': .* got 'high'"),
        ("cat.0,0.5", r"row 2, image 'cat.0': expected one row of each image, got a second one after row 1"),
    ],
)
def test_the_first_bad_row_is_named(index, tmp_path, row, sentence):
    (tmp_path / "given.csv").write_text(f"image_id,probability\ncat.0,0.5\n{row}\ncat.5,0.7\n")
    with pytest.raises(InputError, match=sentence):
        read_given_predictions(tmp_path / "given.csv", index, CLASSES)


@pytest.mark.parametrize("value", ["inf", "nan", "1e39"])
def test_a_logit_must_be_finite(index, tmp_path, value):
    (tmp_path / "given.csv").write_text(f"image_id,logit\ncat.0,{value}\n")
    with pytest.raises(InputError, match=f"row 1, image 'cat.0': expected logit to be a finite number, got '{value}'"):
        read_given_predictions(tmp_path / "given.csv", index, CLASSES)


@pytest.mark.parametrize(
    ("head", "sentence"),
    [
        (
            "id,probability",
            r"expected columns image_id or path in .*, got id, probability, without image_id or path: see docs/bring",
        ),
        (
            "image_id,score",
            r"expected columns of one of probability, logit, probability.<class>, logit.<class> in .*, got image_id",
        ),
        (
            "image_id,logit,probability",
            r"expected columns of one of probability, logit, .* in .*, got image_id, logit, prob",
        ),
        ("", r"expected columns image_id or path in .*, got an empty file"),
    ],
)
def test_the_columns_must_be_there(index, tmp_path, head, sentence):
    (tmp_path / "given.csv").write_text(head)
    with pytest.raises(InputError, match=sentence):
        read_given_predictions(tmp_path / "given.csv", index, CLASSES)
    (tmp_path / "right.csv").write_text("path,logit\n")
    assert wrong_columns(tmp_path / "right.csv", form_of_teacher(CLASSES)) is None


def test_what_is_taken_in_is_in_the_form_of_a_networks_predictions(index, given, tmp_path):
    paths = take_in(index, given())
    splits = pd.read_csv(tmp_path / "splits.csv")
    for part, path in paths.items():
        found = read_predictions(path, "teacher", 0, splits=tmp_path / "splits.csv")
        assert found.image_id.tolist() == splits["image_id"][splits["split"] == part].tolist()
        expected = dict(zip(IDS, PROBABILITY.astype(np.float32), strict=True))
        assert found["probability"][:, 1].tolist() == [expected[one] for one in found.image_id]
    lineage = json.loads((tmp_path / "test.lineage.json").read_text())
    assert set(lineage) == {"network", "seed", "sha256", "splits", "given"}
    evaluation = pd.read_csv(tmp_path / "evaluation.csv")
    assert evaluation["split"].tolist() == list(PARTS)
    assert evaluation[["labels", "augmented", "repeat"]].drop_duplicates().to_numpy().tolist() == [["manual", "no", 0]]


def test_images_of_the_index_that_the_split_does_not_use_need_no_prediction(index, given, tmp_path):
    frame = pd.read_csv(index)
    frame.iloc[1:].to_csv(index, index=False)  # one of the dogs is then dropped
    splits = pd.read_csv(split(index)["splits"])["image_id"]
    used = splits.tolist()
    assert len(used) == 38
    take_in(index, given(image_id=used, probability=[0.5] * 38))
    take_in(index, given(image_id=IDS[1:], probability=[0.5] * 39))


def test_missing_predictions_are_an_error_or_drop_their_images(index, given, tmp_path):
    path = given(image_id=IDS[2:], probability=PROBABILITY[2:])
    with pytest.raises(
        InputError, match=r"each of the 40 images of the split, got none of 2 of them, the first cat\.0"
    ):
        take_in(index, path)
    files = split(index, path)
    rejected = pd.read_csv(files["rejected"])
    assert rejected["member"][:2].tolist() == ["train/cat.0.jpg", "train/cat.1.jpg"]
    assert rejected["reason"].tolist() == [UNPREDICTED] * 2 + [DROPPED] * 2
    splits = pd.read_csv(files["splits"])
    assert len(splits) == 36 and not splits["image_id"].isin(IDS[:2]).any()
    assert pd.read_csv(files["counts"])["images"].sum() == 36


# Of three classes.


@pytest.fixture
def of_three(tmp_path):
    """A function that writes a file of predictions of three classes, and the index of six images."""
    ids = [f"{name}.{number}" for name in THREE for number in range(2)]
    pd.DataFrame({"image_id": ids, "member": ids}).to_csv(tmp_path / "index.csv", index=False)

    def write(header: str, *rows: str):
        (tmp_path / "given.csv").write_text("\n".join([header, *rows]) + "\n")
        return str(tmp_path / "given.csv"), tmp_path / "index.csv"

    return write


def test_probabilities_of_classes_are_found_by_name_and_divided_by_their_sum(of_three):
    path, index = of_three(
        "probability.fly,note,probability.ant,image_id,probability.bee",
        "0.333,x,0.333,bee.1,0.333",
        "0.2,x,0.3,ant.0,0.5",
        "1,x,0,fly.0,0",
    )
    found = read_given_predictions(path, index, THREE)
    assert found.image_id.tolist() == ["bee.1", "ant.0", "fly.0"]
    expected = np.array([[1 / 3, 1 / 3, 1 / 3], [0.3, 0.5, 0.2], [0, 0, 1]])
    assert found["probability"].dtype == found["logit"].dtype == np.float32
    np.testing.assert_array_equal(found["probability"], expected.astype(np.float32))
    np.testing.assert_allclose(found["logit"][:2], np.log(expected[:2]), rtol=1e-6)
    np.testing.assert_allclose(found["logit"][2], [np.log(2.0**-149), np.log(2.0**-149), 0], rtol=1e-6)


def test_logits_of_classes_become_probabilities(of_three):
    path, index = of_three("path,logit.bee,logit.fly,logit.ant", "ant.0,2,3,1", "ant.1,-1e38,0,1e38", "bee.0,7,7,7")
    found = read_given_predictions(path, index, THREE)
    np.testing.assert_array_equal(found["logit"], np.array([[1, 2, 3], [1e38, -1e38, 0], [7, 7, 7]], np.float32))
    shares = np.exp([1, 2, 3]) / np.exp([1, 2, 3]).sum()
    np.testing.assert_allclose(found["probability"], [shares, [1, 0, 0], [1 / 3] * 3], rtol=1e-6)


def test_more_rows_than_are_computed_at_once_are_all_read(of_three, tmp_path, monkeypatch):
    monkeypatch.setattr(given_predictions, "_ROWS_AT_ONCE", 2)
    rows = [f"{name}.{number},0.5,0.25,0.25" for name in THREE for number in range(2)]
    found = read_given_predictions(*of_three("image_id,probability.ant,probability.bee,probability.fly", *rows), THREE)
    np.testing.assert_allclose(found["logit"], np.log([[0.5, 0.25, 0.25]] * 6), rtol=1e-6)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (
            "0.5,0.3,0.3",
            r"row 2, image 'bee.1': expected the probabilities of 3 classes to sum to 1 within 0.001, got a sum of "
            r"1\.1$",
        ),
        ("0.4,0.3,0.2985", r"row 2, image 'bee.1': .* got a sum of 0\.9985$"),
        ("0.5,-0.1,0.6", r"row 2, image 'bee.1': expected probability\.bee to be a number from 0 to 1, got '-0.1'"),
        ("0.5,0.5", r"row 2, image 'bee.1': expected probability\.fly to be a number from 0 to 1, got ''"),
        ("0.5,nan,0.5", r"row 2, image 'bee.1': expected probability\.bee to be a number from 0 to 1, got 'nan'"),
        ("high,0.5,0.5", r"row 2, image 'bee.1': expected probability\.ant .* got 'high'"),
    ],
)
def test_the_first_bad_row_of_three_classes_is_named(of_three, row, sentence):
    header = "image_id,probability.ant,probability.bee,probability.fly"
    path, index = of_three(header, "ant.0,0.2,0.2,0.601", f"bee.1,{row}", "cow.1,0,0,1")
    with pytest.raises(InputError, match=sentence):
        read_given_predictions(path, index, THREE)


@pytest.mark.parametrize("value", ["inf", "1e39", ""])
def test_a_logit_of_three_classes_must_be_finite(of_three, value):
    path, index = of_three("image_id,logit.ant,logit.bee,logit.fly", f"ant.0,1,{value},2")
    with pytest.raises(InputError, match=f"row 1, .* expected logit.bee to be a finite number, got '{value}'"):
        read_given_predictions(path, index, THREE)


ALL_THREE = "expected columns probability.ant, probability.bee, probability.fly in"


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        (
            "image_id,probability.ant,probability.bee",
            f"{ALL_THREE} .*, got image_id, probability.ant, probability.bee, without probability.fly: see docs/bring",
        ),
        (
            "image_id,probability.ant,probability.bee,probability.cow",
            f"{ALL_THREE} .*, got .*, probability.cow, without probability.fly: see docs",
        ),
        ("image_id,probability", f"{ALL_THREE} .*, got image_id, probability, without probability.ant, probab"),
        ("image_id,logit.ant", "expected columns logit.ant, logit.bee, logit.fly in .*, without logit.bee, logit.fly"),
        (
            ",".join(["image_id", *(f"{what}.{name}" for what in ("probability", "logit") for name in THREE)]),
            "expected columns of one of probability, logit, ",
        ),
        ("probability.ant,probability.bee,probability.fly", "expected columns image_id or path in .*, got prob"),
    ],
)
def test_columns_of_every_class_must_be_there_before_the_first_job(of_three, header, sentence):
    path, index = of_three(header)
    with pytest.raises(InputError, match=sentence):
        read_given_predictions(path, index, THREE)
    assert planning(THREE, predictions=path) == [f"teacher.predictions: {wrong_columns(path, form_of_teacher(THREE))}"]


def test_long_lists_of_columns_are_shortened(of_three):
    names = [f"class_{number}" for number in range(1000)]
    path, _ = of_three(",".join(["image_id", *(f"probability.{name}" for name in names[:-1])]))
    said = wrong_columns(path, form_of_teacher(names))
    assert "probability.class_9, 990 more in" in said
    assert said.endswith("990 more, without probability.class_999: see docs/bring-your-own-teacher.md")


@pytest.mark.parametrize("classes", [THREE, [*THREE, *(f"class_{number}" for number in range(98))]])
def test_predictions_of_more_classes_are_taken_in(of_three, tmp_path, classes):
    given = np.random.default_rng(0).dirichlet(np.ones(len(classes)), 6)
    ids = pd.read_csv(tmp_path / "index.csv")["image_id"]
    frame = pd.DataFrame(given, columns=[f"probability.{name}" for name in classes]).assign(image_id=ids)
    frame.iloc[::-1].to_csv(tmp_path / "given.csv", index=False)
    parts = [part for part in PARTS for _ in range(2)]
    pd.DataFrame({"image_id": ids, "label": [0, 1, 2, 0, 1, 2], "split": parts}).to_csv(
        tmp_path / "splits.csv", index=False
    )
    splits = str(tmp_path / "splits.csv")
    paths = take_in(tmp_path / "index.csv", str(tmp_path / "given.csv"), classes, splits)
    rows = pd.read_csv(tmp_path / "evaluation.csv").set_index("split")
    for number, (part, path) in enumerate(paths.items()):
        found = read_predictions(path, "teacher", 0, splits=splits)
        own = slice(2 * number, 2 * number + 2)
        assert found.image_id.tolist() == ids[own].tolist()
        np.testing.assert_allclose(found["probability"], given[own], rtol=1e-6)
        label = np.array([0, 1, 2, 0, 1, 2])[own]
        assert rows.loc[part, "accuracy"] == (given[own].argmax(axis=1) == label).mean()
        assert rows.loc[part, "loss"] == pytest.approx(-np.log(given[own][range(2), label]).mean(), rel=1e-6)


def planning(classes: list[str] | None, **teacher) -> list[str]:
    """What planning says of a given teacher."""
    return _wrong_teacher({"predictions": None, "classifier": None} | teacher, classes)


def test_columns_are_not_looked_at_where_the_classes_are_not_known(of_three):
    path, _ = of_three("image_id,logit.ant")
    assert planning(None, predictions=path) == []


LACKING = dict.fromkeys(("augmented", "labels", "histories", "measurements"), ("teacher",))


class OfPredictions(MadeUp):
    """A made-up run whose teacher is a file of predictions."""

    def run(self, reference: str | None = None) -> Run:
        kept = {
            name: [path for path in self.files[name] if not Path(path).name.startswith("teacher.")] for name in LACKING
        }
        return replace(super().run(reference), files=self.files | kept, lacking=LACKING)

    def time(self, seconds: dict, threads: tuple[int, ...]) -> None:
        super().time(seconds, threads)
        found = json.loads(Path(self.files["measured"]).read_text())
        found["calls"] = [call for call in found["calls"] if call["network"] != "teacher"]
        del found["multiply_adds"]["teacher"]
        Path(self.files["measured"]).write_text(json.dumps(found))


@pytest.fixture
def of_predictions(tmp_path):
    return OfPredictions(tmp_path, {"train": 40, "validation": 20, "test": 20})


def test_tables_have_what_is_known_of_a_teacher_without_a_model(of_predictions):
    evaluation = of_predictions.tabulate("evaluation")
    assert DURING_TRAINING not in set(evaluation["augmented"][evaluation["network"] == "teacher"])
    assert DURING_TRAINING in set(evaluation["augmented"][evaluation["network"] == "soft-0"])
    assert "teacher" not in set(of_predictions.tabulate("best_epoch")["network"])
    assert "teacher" in set(of_predictions.tabulate("uncertainty")["network"])
    timing = of_predictions.tabulate("timing")
    assert set(timing["network"]) == {"soft-0"} and timing["seconds"].notna().all()
    assert timing[["ratio", "ratio_low", "ratio_high"]].isna().all(axis=None)


# Of a finished classifier.

keras = pytest.importorskip("keras")
SIDE = 16


def body(side: int | None = SIDE):
    images = keras.layers.Input((side, side, 3))
    features = keras.layers.Conv2D(4, 3, activation="relu")(images)
    return images, keras.layers.GlobalAveragePooling2D()(keras.layers.BatchNormalization()(features))


def classifier(units: int, *ends, activation: str | None = None, side: int | None = SIDE, **dense):
    images, features = body(side)
    answer = keras.layers.Dense(units, activation=activation, **dense)(features)
    for end in ends:
        answer = end(answer)
    return keras.Model(images, answer, name="mine")


def probabilities(network, pixels: np.ndarray) -> np.ndarray:
    return network.predict(pixels, verbose=0)


def softmax(logit: np.ndarray) -> np.ndarray:
    shares = np.exp(logit - logit.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


HEADS = {
    "sigmoid": (lambda: classifier(1, activation="sigmoid"), lambda answer: answer),
    "logit": (lambda: classifier(1), lambda answer: 1 / (1 + np.exp(-answer))),
    "logit, then sigmoid": (lambda: classifier(1, keras.layers.Activation("sigmoid")), lambda answer: answer),
    "softmax": (lambda: classifier(2, activation="softmax"), lambda answer: answer[:, 1:]),
    "two logits": (lambda: classifier(2), lambda answer: 1 / (1 + np.exp(answer[:, :1] - answer[:, 1:]))),
    "two logits, then softmax": (lambda: classifier(2, keras.layers.Softmax()), lambda answer: answer[:, 1:]),
    "softmax as an activation, no bias": (
        lambda: classifier(2, keras.layers.Activation("softmax"), use_bias=False),
        lambda answer: answer[:, 1:],
    ),
    "a side that is open": (lambda: classifier(1, activation="sigmoid", side=None), lambda answer: answer),
    "softmax of three": (lambda: classifier(3, activation="softmax"), lambda answer: answer),
    "three logits": (lambda: classifier(3), softmax),
    "three logits, then softmax": (lambda: classifier(3, keras.layers.Softmax()), lambda answer: answer),
    "softmax of three as an activation, no bias": (
        lambda: classifier(3, keras.layers.Activation("softmax"), use_bias=False),
        lambda answer: answer,
    ),
}


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (5, SIDE, SIDE, 3)).astype(np.float32)


@pytest.mark.parametrize("preprocessing", ["none", "paper"])
@pytest.mark.parametrize("name", HEADS)
def test_a_classifier_answers_as_it_did(tmp_path, pixels, name, preprocessing):
    from snakedistill.networks.classifier import logit_and_probability
    from snakedistill.networks.given_classifier import as_teacher

    make, probability_of_answer = HEADS[name]
    classes = 3 if "three" in name else 2
    given = make()
    given.save(tmp_path / "mine.keras")
    assert wrong_units(tmp_path / "mine.keras", classes) is None
    network = as_teacher(str(tmp_path / "mine.keras"), SIDE, preprocessing, classes)
    assert network.name == "teacher"
    assert network.input.shape == (None, SIDE, SIDE, 3)
    scale = 255 if preprocessing == "paper" else 1
    expected = probability_of_answer(probabilities(given, pixels / scale))
    logit, probability = logit_and_probability(network).predict(pixels, verbose=0)
    np.testing.assert_allclose(probability, expected, atol=1e-5)
    np.testing.assert_allclose(softmax(logit) if classes == 3 else 1 / (1 + np.exp(-logit)), expected, atol=1e-5)


def test_a_sequential_with_a_backbone_of_any_size_is_taken_in(tmp_path, pixels):
    from snakedistill.networks.given_classifier import as_teacher
    from snakedistill.results.figures.scheme import stages

    images, _ = inner = body(None)
    maps = keras.layers.Conv2D(6, 3, strides=2)(images)
    backbone = keras.Model(inner[0], maps, name="backbone")
    layers = [keras.layers.Input((SIDE, SIDE, 3)), keras.layers.Rescaling(1 / 255), backbone]
    layers += [keras.layers.Flatten(), keras.layers.Dropout(0.5), keras.layers.Dense(2, "softmax")]
    given = keras.Sequential(layers)
    given.save(tmp_path / "mine.keras")
    network = as_teacher(str(tmp_path / "mine.keras"), SIDE, "none", 2)
    np.testing.assert_allclose(probabilities(network, pixels), probabilities(given, pixels)[:, 1:], atol=1e-5)
    assert [stage.shape for stage in stages(network)] == [(SIDE, SIDE, 3), (7, 7, 6), (1,), (1,)]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: classifier(10, activation="softmax"), "ends with Dense with 10 units and softmax activation"),
        (lambda: classifier(1, activation="tanh"), "ends with Dense with 1 units and tanh activation"),
        (lambda: classifier(2, activation="sigmoid"), "ends with Dense with 2 units and sigmoid activation"),
        (
            lambda: classifier(1, keras.layers.Softmax()),
            r"ends with Softmax \(.*\) after Dense with 1 units and linear",
        ),
        (
            lambda: classifier(1, keras.layers.Activation("sigmoid"), activation="relu"),
            r"ends with Activation sigmoid \(.*\) after Dense with 1 units and relu",
        ),
        (lambda: keras.Model(*body()), "ends with GlobalAveragePooling2D"),
        (lambda: classifier(1, side=20), r"expected one input of \[16, 16, 3\], .* got .* with \[20, 20, 3\]"),
    ],
)
def test_other_networks_are_refused_by_what_they_are(tmp_path, make, sentence):
    from snakedistill.networks.given_classifier import as_teacher

    make().save(tmp_path / "mine.keras")
    with pytest.raises(InputError, match=sentence):
        as_teacher(str(tmp_path / "mine.keras"), SIDE, "none", 2)


def test_two_outputs_are_refused(tmp_path):
    from snakedistill.networks.given_classifier import as_teacher

    images, features = body()
    keras.Model(images, [keras.layers.Dense(1)(features), features]).save(tmp_path / "mine.keras")
    with pytest.raises(InputError, match="ends with 2 outputs"):
        as_teacher(str(tmp_path / "mine.keras"), SIDE, "none", 2)


@pytest.mark.parametrize(
    ("classes", "make", "units"),
    [
        (2, lambda: classifier(3, activation="softmax"), 3),
        (3, lambda: classifier(2, keras.layers.Softmax()), 2),
        (3, lambda: classifier(1, keras.layers.Activation("sigmoid")), 1),
        (
            3,
            lambda: keras.Sequential(
                [
                    keras.layers.Input((SIDE, SIDE, 3)),
                    keras.layers.Flatten(),
                    keras.layers.Dense(5),
                    keras.layers.Softmax(),
                ]
            ),
            5,
        ),
    ],
)
def test_another_number_of_units_is_said_while_planning_and_when_taken_in(tmp_path, classes, make, units):
    from snakedistill.networks.given_classifier import as_teacher

    path = str(tmp_path / "mine.keras")
    make().save(path)
    own = rf"Dense .*with {classes} units and softmax or linear activation, which may be .*, for {classes} classes"
    (line,) = planning(THREE[:classes], classifier=path)
    ends = f"ends with Dense with {units} units: see docs/bring-your-own-teacher.md"
    assert re.fullmatch(rf"teacher\.classifier: expected {own}, got {path}, which {ends}", line)
    with pytest.raises(InputError, match=rf"expected {own}, got .*Dense with {units} units and .*: see docs/bring"):
        as_teacher(path, SIDE, "none", classes)


def test_a_classifier_of_another_form_is_left_to_the_job(tmp_path):
    path = str(tmp_path / "mine.keras")
    inner = classifier(5)
    images, features = body()
    for network in (
        keras.Sequential([keras.layers.Input((SIDE, SIDE, 3)), inner]),
        keras.Model(images, features),
        keras.Model(images, [keras.layers.Dense(5)(features), features]),
    ):
        network.save(path)
        assert planning(THREE, classifier=path) == []
    assert planning(None, classifier=path) == []
    for config in ("{}", "no json", '{"class_name": "Functional", "config": {"layers": [], "output_layers": 3}}'):
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("config.json", config)
        assert planning(THREE, classifier=path) == []


def test_a_dense_layer_that_is_used_twice_is_found(tmp_path):
    images, features = body()
    dense, end = keras.layers.Dense(4), keras.layers.Softmax()
    end(keras.layers.Dense(3)(features))
    answer = end(dense(dense(features)))
    for outputs in (answer, [answer]):
        keras.Model(images, outputs).save(tmp_path / "mine.keras")
        assert "ends with Dense with 4 units" in wrong_units(tmp_path / "mine.keras", 3)
