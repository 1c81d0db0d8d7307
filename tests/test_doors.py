"""The doors: things from outside the package go through them, and so do the examples of CONTRIBUTING.md."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT, copy_project, jpeg, snakemake
from contracts import CLASSES, check_minimum, check_way, settings_of_options
from PIL import Image
from test_forms import THREE, keeps_the_contract

from snakedistill.configuration.check import checked, too_few_classes
from snakedistill.configuration.reference_page import json_schema
from snakedistill.core.errors import InputError
from snakedistill.core.fingerprint import fingerprint_of_code
from snakedistill.core.network_ids import Network
from snakedistill.data.archive import open_archive
from snakedistill.data.index import write_index
from snakedistill.data.layouts import LAYOUTS, layout_of
from snakedistill.data.layouts.layout import Image as ImageFile
from snakedistill.data.layouts.layout import Layout, Reading
from snakedistill.export.forms import FORMS, Form, Runtime
from snakedistill.networks.backbones import BACKBONES, unusable
from snakedistill.results.figures import FIGURES, plot_figure
from snakedistill.results.figures.figure import Figure, one_picture
from snakedistill.results.run import Run
from snakedistill.teaching import OPTIONS, WAYS, labels_in_words, networks, taught
from snakedistill.teaching.way import Way

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
LIBRARY = "workflow/scripts/snakedistill"


def test_a_way_to_teach(monkeypatch):
    doubt = Way(
        lambda inputs: (inputs.manual + inputs.probability) / 2,
        loss=lambda targets, logit: "a loss",
        from_source="doubts",
    )
    monkeypatch.setitem(WAYS, "doubt", doubt)
    students = {"mine": {"labels": "doubt", "generations": 1}}
    found = networks(students)
    assert found["mine-1"] == Network("mine", 1, "doubt", "mine-0")
    assert labels_in_words(found["mine-0"]) == "doubts of teacher"
    config = CONFIG | {"students": students, "export": CONFIG["export"] | {"network": "mine-1"}}
    assert checked(config)["students"] == students
    assert '"doubt"' in json_schema()


def example_of_a_way(name: str) -> Way:
    namespace: dict[str, Way] = {}
    exec(example(f"teaching/{name}.py"), namespace)
    return namespace[name.upper()]


@pytest.mark.parametrize("name", ["sharpened", "correlated", "decoupled"])
def test_an_example_of_a_way_is_one_with_every_option_that_fits(monkeypatch, name):
    way = example_of_a_way(name)
    monkeypatch.setitem(WAYS, name, way)
    assert OPTIONS["temperature"].fits(way) and not OPTIONS["smoothing"].fits(way)
    for classes in CLASSES:
        if classes >= way.fewest_classes:
            check_minimum(way, classes)
            for options in settings_of_options(name):
                check_way(taught(name, options), classes)


def test_a_way_is_refused_where_it_cannot_teach(monkeypatch):
    """With too few classes, with images that nobody labelled, and with mixed images, if it cannot do these."""
    monkeypatch.setitem(WAYS, "decoupled", example_of_a_way("decoupled"))

    def said(family: dict, **changes: object) -> str:
        students = {"mine": {"labels": "decoupled", "generations": 0} | family}
        export = CONFIG["export"] | {"network": "mine-0"}
        with pytest.raises(InputError) as found:
            checked(CONFIG | {"students": students, "export": export, "paper": None} | changes)
        return str(found.value)

    sentence = "students.mine.labels: expected another value with 2 classes, got decoupled, which needs 3 or more"
    assert sentence in said({})
    assert sentence in too_few_classes({"mine": {"labels": "decoupled", "generations": 0}}, ["ant", "bee"])[0]
    three = {"classes": ["ant", "bee", "fly"]}
    unlabelled = said({"unlabelled": True}, **three)
    assert "mine.unlabelled: expected none with decoupled labels, got True: it is for hard or soft" in unlabelled
    for key in ("mixup", "cutmix"):
        assert f"students.mine.augmentation.{key}: expected 0 with decoupled labels, got 0.3: it mixes two images" in (
            said({"augmentation": {key: 0.3}}, **three)
        )


def test_a_layout(monkeypatch, photographs, tmp_path):
    def read(archive, classes: list[str] | None) -> Reading | None:
        images, rejected = [], []
        for member in archive.members:
            name, hyphen, number = Path(member).stem.partition("-")
            if hyphen:
                images.append(ImageFile(member, f"{name}{number}", name))
            else:
                rejected.append((member, "of no class"))
        return Reading(images, rejected) if images else None

    hyphens = Layout(read, lambda classes: f"names that begin with {classes}", lambda classes: {})
    monkeypatch.setitem(LAYOUTS, "hyphens", hyphens)
    archive = tmp_path / "photos"
    archive.mkdir()
    for name in ("cat", "dog"):
        (archive / f"{name}-7.jpg").write_bytes(photographs[f"{name}.0.jpg"])
    (archive / "notes.txt").write_text("none")
    with open_archive(archive) as opened:
        for classes in (["cat", "dog"], None):
            name, reading = layout_of(opened, classes)
            assert name == "hyphens"
            assert reading.class_names() == ["cat", "dog"]
    index, unusable = tmp_path / "index.csv", tmp_path / "unusable.csv"
    write_index(archive, "hyphens", ["cat", "dog"], index, unusable, threads=1)
    assert pd.read_csv(index)["image_id"].tolist() == ["cat7", "dog7"]
    assert pd.read_csv(unusable).to_numpy().tolist() == [["notes.txt", "of no class"]]
    assert checked(CONFIG | {"layout": "hyphens"})["layout"] == "hyphens"


def test_a_backbone(monkeypatch, tmp_path):
    (tmp_path / "own_backbone.py").write_text(example("networks/small.py"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(BACKBONES, "own", "own_backbone")
    assert unusable("own", 32) is None
    teacher = CONFIG["teacher"] | {"backbone": "own"}
    assert checked(CONFIG | {"teacher": teacher})["teacher"] == teacher
    from snakedistill.networks.classifier import build_network

    assert build_network("teacher", 32, "own").output.shape == (None, 1)


def test_a_form(monkeypatch, tmp_path):
    (tmp_path / "own_form.py").write_text(example("export/ort.py"))
    monkeypatch.syspath_prepend(tmp_path)
    own = Form("Own", "own", "own_form", (Runtime("Own", "own_form", "onnxruntime"),))
    monkeypatch.setitem(FORMS, "own", own)
    assert checked(CONFIG | {"export": CONFIG["export"] | {"forms": ["own"]}})["export"]["forms"] == ["own"]
    keeps_the_contract("own", THREE, tmp_path)


def test_a_figure(monkeypatch, tmp_path):
    (tmp_path / "own_figure.py").write_text(example("results/figures/confidence.py"))
    monkeypatch.syspath_prepend(tmp_path)
    own = Figure("own_figure", one_picture("own"), ("uncertainty",), "recursion", "own", "A figure of one's own.")
    monkeypatch.setitem(FIGURES, "own", own)
    table = pd.DataFrame({"network": ["teacher", "soft-0"], "family": ["teacher", "soft"], "split": "test"})
    table.assign(accuracy=[0.9, 0.8], uncertainty=[0.01, 0.02]).to_csv(tmp_path / "table.csv")
    run = Run([(0, "teacher"), (0, "soft-0")], ["ant", "bee"], {"uncertainty": str(tmp_path / "table.csv")})
    paths = [str(tmp_path / f"own.{suffix}") for suffix in ("svg", "png")]
    plot_figure("own_figure", run, {}, [""], "A run.", paths)
    assert Path(paths[0]).read_text().startswith("<?xml")
    with Image.open(paths[1]) as picture:
        assert picture.width > 1000
    script = ROOT / "workflow/scripts/plot.py"
    before = fingerprint_of_code(script, modules=["own_figure"])
    assert before != fingerprint_of_code(script, modules=["snakedistill.results.figures.timing"])


def in_a_new_process(code: str) -> str:
    """What a program prints that registers something before the rest of the library is imported."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts"), "KERAS_BACKEND": "tensorflow"}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True
    ).stdout


def test_a_transformation():
    code = (
        example("networks/augmentation/brightness.py")
        + f"""
from snakedistill.networks.augmentation import TRANSFORMATIONS
TRANSFORMATIONS["brightness"] = BRIGHTNESS
import yaml
from snakedistill.configuration.check import checked, too_few_classes
config = yaml.safe_load(open({str(ROOT / "config.yaml")!r}))
config["student"]["augmentation"]["brightness"] = "0.5"
print(checked(config)["student"]["augmentation"])
from snakedistill.networks.augmentation.draws import draw
settings = dict(flip=True, shift=0.1)
one = draw(settings, 0, "soft-0", "train", 1, 4, 32)
other = draw(settings | dict(brightness=0.5), 0, "soft-0", "train", 1, 4, 32)
print(list(other), all((one[name] == other[name]).all() for name in one))
import numpy as np
from snakedistill.networks.augmentation.layer import Augmentation
images = np.full((2, 4, 4, 3), 100, np.uint8)
print(np.asarray(Augmentation(["brightness"])(images, [np.array([20, -120], np.float32)]))[:, 0, 0, 0])
"""
    )
    lines = in_a_new_process(code).splitlines()
    assert lines[0] == "{'shift': 0.0, 'flip': True, 'brightness': 0.5}"
    assert lines[1] == "['shift', 'flip', 'brightness'] True"
    assert lines[2] == "[120.   0.]"


def test_a_metric():
    function, line = example("measures/metrics.py", "in ").split("METRICS = {")
    code = f"""
import numpy as np
from snakedistill.measures.metrics import METRICS, Metric
{function}
METRICS.update({{{line}
)
from snakedistill.results.tables import TABLES
print("distance" in TABLES["uncertainty"].values)
from snakedistill.results.summary.sections import SECTIONS
print(SECTIONS["recursion"].heading)
from snakedistill.results.figures import FIGURES
print(FIGURES["generations"].title)
print(METRICS["distance"].of_images(np.array([[0.5, 0.5], [0.0, 1.0]]), np.array([1, 0])))
"""
    lines = in_a_new_process(code).splitlines()
    assert lines[0] == "True"
    assert lines[1].endswith(" and distance, and recursion")
    assert lines[2].endswith(" and distance by generation")
    assert lines[3] == "[1. 2.]"


def examples() -> dict[str, str]:
    """The code of CONTRIBUTING.md by its first line, which names a file, or "in" and a file that gets more."""
    blocks = re.findall(r"```python\n# ((?:in )?workflow/\S+)\n(.*?)```", CONTRIBUTING, re.DOTALL)
    return dict(blocks)


def example(path: str, kind: str = "") -> str:
    return examples()[f"{kind}{LIBRARY}/{path}"]


def carry_out(folder: Path, place: str, code: str) -> None:
    """Do what an example says: write a file, or add imports, functions and entries to one."""
    path = folder / place.removeprefix("in ")
    if not place.startswith("in "):
        assert not path.exists()
        path.write_text(code)
        return
    before, name, entries = re.fullmatch(r"(.*?)^([A-Z]+) = \{\n(.*)\}\n", code, re.DOTALL | re.MULTILINE).groups()
    imports = "".join(line for line in before.splitlines(keepends=True) if line.startswith("from snakedistill"))
    functions = before.replace(imports, "").strip("\n")
    text = path.read_text()
    if imports:
        last = list(re.finditer(r"^(?:from|import) .*\n", text, re.MULTILINE))[-1]
        text = text[: last.end()] + imports + text[last.end() :]
    start = re.search(rf"^{name}\b.*= \{{\n", text, re.MULTILINE)
    end = text.index("\n}\n", start.end()) + 1
    added = f"{functions}\n\n\n" if functions else ""
    path.write_text(text[: start.start()] + added + text[start.start() : end] + entries + text[end:])


@pytest.fixture
def with_examples(tmp_path) -> Path:
    """A copy of this project in which all examples of CONTRIBUTING.md are carried out."""
    copy_project(tmp_path)
    for place, code in examples().items():
        carry_out(tmp_path, place, code)
    rng = np.random.default_rng(0)
    for label, name in enumerate(("ant", "bee")):
        (tmp_path / "insects").mkdir(exist_ok=True)
        for number in range(20):
            (tmp_path / "insects" / f"{name}_{number}.JPG").write_bytes(jpeg(rng, label))
    overlay = {
        "run": "doors",
        "paper": None,
        "archive": "insects",
        "layout": "prefixes",
        "classes": ["ant", "bee"],
        "teacher": {"backbone": "small", "epochs": 1},
        "student": {
            "backbone": "small",
            "epochs": 1,
            "augmentation": {"brightness": 0.2},
            "optimiser": "rmsprop",
            "schedule": "linear",
        },
        "students": {"classic": None, "hard": None, "soft": None, "mine": {"labels": "sharpened", "generations": 1}},
        "export": {"network": "mine-1", "forms": ["ort"]},
    }
    (tmp_path / "doors.yaml").write_text(yaml.safe_dump(overlay))
    return tmp_path


@pytest.mark.long
def test_the_examples_of_the_contributors_page_run(with_examples):
    snakemake(with_examples, "--configfile", "tiny.yaml", "doors.yaml")
    run = with_examples / "results/doors"
    labels = pd.read_csv(run / "seed-0/labels/mine-0.csv").set_index("image_id")["label"]
    parts = [pd.read_csv(run / f"seed-0/predictions/teacher/{part}.csv") for part in ("train", "validation", "test")]
    given = pd.concat(parts).set_index("image_id")["probability"].loc[labels.index]
    np.testing.assert_allclose(labels, given**2 / (given**2 + (1 - given) ** 2), rtol=1e-5)
    assert labels.index[0] == "ant_0.JPG"

    table = pd.read_csv(run / "tables/uncertainty.csv")
    test = pd.read_csv(run / "seed-0/predictions/mine-1/test.csv").merge(pd.read_csv(run / "data/splits.csv"))
    distance = table[(table["network"] == "mine-1") & (table["split"] == "test")]["distance"].item()
    assert distance == pytest.approx(2 * abs(test["probability"] - test["label"]).mean())

    assert (run / "figures/confidence.svg").is_file()
    assert (run / "deploy/model.int8.ort").is_file()
    assert not (run / "deploy/model.tflite").exists()
    assert "| ORT | int8 |" in (run / "deploy/README.md").read_text()
    assert {"ORT", "OpenVINO"} < set(pd.read_csv(run / "timing.csv")["runtime"])
    summary = (run / "summary.md").read_text()
    assert "![confidence](figures/confidence.png)" in summary
    assert "sharpened probabilities of mine-0" in summary
    assert re.search(r"\| network, test \| accuracy \| uncertainty \| distance \|", summary)


def test_the_examples_are_planned_and_rerun_nothing_of_another_run(with_examples, folder):
    """What is added changes no fingerprint of a run that does not use it, except tables and figures of all metrics."""
    jobs = snakemake(with_examples, "-n", "--configfile", "tiny.yaml", "doors.yaml").stdout
    assert re.search(r"^plot_confidence +1$", jobs, re.MULTILINE)
    assert re.search(r"^train_student +2$", jobs, re.MULTILINE)
    assert re.search(r"^export_ort +3$", jobs, re.MULTILINE)  # of the teacher, mine-0 and mine-1
    originals = {}
    try:
        for place, code in examples().items():
            path = folder / place.removeprefix("in ")
            originals[path] = path.read_text() if path.exists() else None
            if "measures" not in place:
                carry_out(folder, place, code)
        rerun = snakemake(folder, "-n", "--configfile", "tiny.yaml").stdout
        rules = set(re.findall(r"^(\w+) +\d+$", rerun, re.MULTILINE)) - {"all", "total"}
        assert rules == {"plot_confidence", "summarise", "summary_to_html"}
    finally:
        for path, text in originals.items():
            path.unlink(missing_ok=True) if text is None else path.write_text(text)
