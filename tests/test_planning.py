"""What is known before the first job: files that are there, and a rough estimate."""

import json
import zipfile

import pytest
import yaml
from conftest import ROOT, TINY, copy_project, kaggle_zip, planned, snakemake

from snakedistill.configuration import estimate as estimates
from snakedistill.configuration import inputs
from snakedistill.configuration.estimate import announcement, estimate
from snakedistill.configuration.inputs import with_inputs
from snakedistill.core.errors import InputError

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
PAPER = yaml.safe_load((ROOT / "presets/paper.yaml").read_text())


def checked(**other) -> None:
    with_inputs(CONFIG | other, software_deployed=False)


def test_everything_that_is_missing_is_said_at_once():
    teacher = CONFIG["teacher"] | {"backbone": "typo.keras"}
    families = CONFIG["students"] | {"soft": {"labels": "soft", "generations": 1, "weights": "typo.h5"}}
    with pytest.raises(InputError) as raised:
        checked(archive="typo.zip", photos="typo", teacher=teacher, students=families)
    lines = [line.strip().split(":")[0] for line in str(raised.value).splitlines()[1:]]
    assert lines == ["archive", "photos", "teacher.backbone", "students.soft.weights"]


def test_archives_of_every_layout_are_accepted(archive, photographs, tmp_path):
    checked(archive=str(archive))  # train.zip inside
    with zipfile.ZipFile(archive) as outer:
        outer.extractall(tmp_path / "zips")
    checked(archive=str(tmp_path / "zips/train.zip"))
    checked(archive=str(tmp_path / "zips"))
    with zipfile.ZipFile(tmp_path / "zips/train.zip") as inner:
        inner.extractall(tmp_path / "folders")
    checked(archive=str(tmp_path / "folders"))
    checked(archive=str(tmp_path / "folders/train"))


def test_archives_of_another_kind_are_refused(archive, tmp_path):
    (tmp_path / "picture.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "empty").mkdir()
    with zipfile.ZipFile(tmp_path / "notes.zip", "w") as other:
        other.writestr("train/notes.txt", "no picture")
    for name, sentence in {
        "picture.jpg": "expected a zip file, a folder or a CSV, got .*picture.jpg, which is none of them",
        "empty": "expected images named cat.<number>.jpg and dog.<number>.jpg, got .*empty with none for it",
        "notes.zip": "got .*notes.zip with none among its 1 files, such as train/notes.txt",
    }.items():
        with pytest.raises(InputError, match=sentence):
            checked(archive=str(tmp_path / name))
    with zipfile.ZipFile(archive) as outer:
        outer.extract("train.zip", tmp_path)
    with pytest.raises(InputError, match=r"expected images named ant\.<number>\.jpg"):
        checked(archive=str(tmp_path / "train.zip"), classes=["ant", "dog"])


def test_files_of_another_kind_are_refused(tmp_path):
    (tmp_path / "a.keras").write_text("no zip")
    with pytest.raises(InputError, match=r"teacher.backbone: expected a saved Keras .* got .*a.keras, which is none"):
        checked(teacher=CONFIG["teacher"] | {"backbone": str(tmp_path / "a.keras")})
    with pytest.raises(
        InputError, match=r"student.weights: expected a Keras HDF5 file of weights, got .*, which is none"
    ):
        checked(student=CONFIG["student"] | {"weights": str(tmp_path / "a.keras")})


@pytest.mark.parametrize("preprocessing", ["paper", None])
def test_an_extractor_that_rescales_images_is_not_given_rescaled_ones(tmp_path, preprocessing):
    inner = {"class_name": "Functional", "config": {"layers": [{"class_name": "Rescaling", "config": {}}]}}
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as saved:
        saved.writestr("config.json", json.dumps({"class_name": "Functional", "config": {"layers": [inner]}}))
    student = CONFIG["student"] | {"backbone": str(tmp_path / "a.keras"), "preprocessing": preprocessing}
    if preprocessing is None:
        checked(student=student)
        return
    with pytest.raises(
        InputError, match=r"student\.preprocessing: expected none or null with .*a\.keras, which rescales"
    ):
        checked(student=student)


def test_a_backend_must_be_installed_or_brought(monkeypatch):
    monkeypatch.setattr(inputs.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="backend: expected an installed one, got jax"):
        checked(backend="jax")
    with_inputs(CONFIG | {"backend": "jax"}, software_deployed=True)
    with pytest.raises(InputError, match="backend: expected tensorflow or jax with conda or a container, got torch"):
        with_inputs(CONFIG | {"backend": "torch"}, software_deployed=True)


@pytest.fixture
def with_bfloat16(monkeypatch):
    monkeypatch.setattr(estimates, "computes_in_bfloat16", lambda: True)


def test_the_estimate_follows_the_configuration(with_bfloat16, tmp_path):
    nowhere = tmp_path / "counts.csv"
    sample = estimate(CONFIG, 2, nowhere)
    assert (sample.networks, sample.images) == (16, 1700)
    assert 2 / 60 < sample.hours < 15 / 60  # measured: 5 minutes
    assert 1 < sample.gigabytes < 3
    assert estimate(CONFIG, 1, nowhere).hours == pytest.approx(2 * sample.hours)
    assert estimate(CONFIG | {"seeds": [0, 1]}, 2, nowhere).networks == 32
    assert estimate(CONFIG | {"image_size": 224}, 2, nowhere).hours > 3 * sample.hours
    nowhere.write_text("class,split,images\ncat,train,17000\n")
    assert estimate(CONFIG, 2, nowhere).images == 17000


def test_the_paper_at_full_scale_is_days_on_a_cpu(with_bfloat16, photographs, tmp_path):
    kaggle_zip(tmp_path / "a.zip", photographs)
    (tmp_path / "counts.csv").write_text("class,split,images\ncat,train,25000\n")
    config = CONFIG | PAPER | {"archive": str(tmp_path / "a.zip"), "evaluation": CONFIG["evaluation"]}
    assert estimate(config, 2, tmp_path / "counts.csv").hours > 72


def test_the_images_of_an_archive_are_counted_or_guessed(archive, tmp_path):
    guessed = estimate(CONFIG | {"archive": str(archive)}, 2, tmp_path / "none").images
    assert guessed == archive.stat().st_size // 23_000  # the mean of Kaggle's photographs
    with zipfile.ZipFile(archive) as outer:
        outer.extract("train.zip", tmp_path)
    config = with_inputs(CONFIG | {"archive": str(tmp_path / "train.zip")}, software_deployed=True)
    assert estimate(config, 2, tmp_path / "none").images == 40


def test_the_announcement_says_that_it_is_an_estimate(with_bfloat16, monkeypatch, tmp_path):
    expected = estimate(CONFIG, 1, tmp_path / "none")
    said = announcement(expected, 3, 1, "bfloat16")
    assert said.startswith("Training runs: 3 to do, of 16 in the whole experiment.\nRough estimate")
    assert "about 1,700 images on 1 core without a GPU" in said
    assert "bfloat16" not in said
    monkeypatch.setattr(estimates, "computes_in_bfloat16", lambda: False)
    assert "no instructions for bfloat16 that TensorFlow uses: precision=float32 is" in announcement(
        expected, 3, 1, "bfloat16"
    )
    for precision in ("float32", "auto"):
        assert "bfloat16" not in announcement(expected, 3, 1, precision)


def test_the_layout_says_which_files_are_expected(archive, tmp_path):
    with zipfile.ZipFile(archive) as outer:
        outer.extract("train.zip", tmp_path)
    checked(archive=str(tmp_path / "train.zip"), layout="kaggle")
    with pytest.raises(InputError, match=r"expected images named ant\.<number>\.jpg, got .*; see classes and layout"):
        checked(archive=str(tmp_path / "train.zip"), layout="kaggle", classes=["ant", "dog"])


def test_how_to_get_the_papers_archive_is_said_where_there_is_a_paper():
    with pytest.raises(InputError, match="kaggle competitions download"):
        checked(archive="typo.zip")
    with pytest.raises(InputError) as raised:
        checked(archive="typo.zip", paper=None)
    assert "kaggle" not in str(raised.value).lower()


def test_a_reference_must_be_a_folder_of_tables(tmp_path):
    checked(reference=str(ROOT / "workflow/reference"))
    (tmp_path / "notes.csv").write_text("a,b\n")
    with pytest.raises(InputError, match=r"reference: expected a folder with some of evaluation\.csv, .* got "):
        checked(reference=str(tmp_path))
    (tmp_path / "uncertainty.csv").write_text("family,generation,split\n")
    with pytest.raises(
        InputError,
        match=r"expected a column balanced_accuracy or uncertainty or accuracy or top_2_accuracy in .*, got family",
    ):
        checked(reference=str(tmp_path))
    (tmp_path / "earlier/tables").mkdir(parents=True)
    (tmp_path / "earlier/tables/uncertainty.csv").write_text("family,accuracy,earlier_accuracy\n")
    with pytest.raises(InputError, match=r"expected a folder of another name, got .*earlier_accuracy"):
        checked(reference=str(tmp_path / "earlier/tables"))


@pytest.mark.parametrize(
    ("key", "name", "content", "sentence"),
    [
        ("predictions", "typo.csv", None, "expected a CSV of predictions, got .*typo.csv; there is no file at"),
        ("predictions", "a.csv", b"id,probability", "expected columns image_id or path in .*, got id, probability"),
        ("classifier", "a.keras", b"no zip", r"expected a saved Keras classifier \(.keras\), got .*, which is none"),
    ],
)
def test_the_file_of_a_given_teacher_is_checked(tmp_path, key, name, content, sentence):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"teacher\.{key}: {sentence}"):
        checked(teacher=CONFIG["teacher"] | {key: str(tmp_path / name)})


def test_a_given_teacher_is_not_in_the_estimate(with_bfloat16, tmp_path):
    nowhere, trained = tmp_path / "none", estimate(CONFIG, 2, tmp_path / "none")
    hours = []
    for key in ("predictions", "classifier"):
        given = estimate(CONFIG | {"teacher": CONFIG["teacher"] | {key: "a"}}, 2, nowhere)
        assert given.networks == trained.networks - 1
        hours.append(given.hours)
    assert hours[0] < hours[1] < trained.hours


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A copy of this project in which nothing has run, with the files of a given teacher."""
    folder = tmp_path_factory.mktemp("given")
    copy_project(folder)
    (folder / "mine.csv").write_text("image_id,probability\ncat.0,0.1\n")
    with zipfile.ZipFile(folder / "mine.keras", "w") as file:
        file.writestr("config.json", "{}")
    return folder


@pytest.fixture(scope="module")
def trained(fresh) -> dict[str, int]:
    """Jobs by rule where the teacher is trained."""
    return planned(fresh)


def test_predictions_take_the_place_of_the_teachers_training(fresh, trained):
    jobs = planned(fresh, {"teacher": {"predictions": "mine.csv"}})
    assert set(trained) - set(jobs) == {"train_teacher", "plot_scheme"}
    assert set(jobs) - set(trained) == {"take_in_predictions"}
    for rule in ("predict", "evaluate", "export_onnx", "write_labels"):
        assert jobs[rule] == trained[rule] - 1, rule
    two_seeds = planned(fresh, {"teacher": {"predictions": "mine.csv"}, "seeds": [0, 1]})
    assert two_seeds["take_in_predictions"] == 2


def test_a_classifier_takes_the_place_of_the_teachers_training_alone(fresh, trained):
    jobs = planned(fresh, {"teacher": {"classifier": "mine.keras"}})
    assert set(trained) - set(jobs) == {"train_teacher"}
    assert set(jobs) - set(trained) == {"take_in_classifier"}
    assert jobs["write_labels"] == trained["write_labels"] - 1
    assert [jobs[rule] for rule in ("predict", "export_onnx")] == [trained[rule] for rule in ("predict", "export_onnx")]


def test_the_split_waits_for_the_predictions_only_where_images_without_one_are_dropped(fresh):
    for missing, waits in (("error", False), ("drop", True)):
        (fresh / "overlay.yaml").write_text(f"teacher: {{predictions: mine.csv, missing: {missing}}}")
        graph = snakemake(fresh, "--configfile", "tiny.yaml", "overlay.yaml", "--filegraph").stdout
        (of_rule,) = [node for node in graph.split("shape=none") if ">split_images<" in node]
        assert ("mine.csv" in of_rule) == waits


def test_a_renamed_key_is_said_once_and_taken(tmp_path):
    """Of a family and of the command line, with a table of renamed keys, which is empty between two releases."""
    copy_project(tmp_path)
    table = tmp_path / "workflow/scripts/snakedistill/configuration/migration.py"
    old, new = "] = {}\n", '] = {"student.rate": "student.learning_rate", "students.*.steps": "students.*.epochs"}\n'
    assert old in table.read_text()
    table.write_text(table.read_text().replace(old, new))
    (tmp_path / "mine.yaml").write_text("students: {soft: {steps: 2}}")
    files = ("--configfile", "tiny.yaml", "mine.yaml", "--config", "student={rate: 0.125}")
    said = snakemake(tmp_path, f"results/{TINY['run']}/config.yaml", *files).stdout
    for old, new in (("student.rate", "student.learning_rate"), ("students.soft.steps", "students.soft.epochs")):
        assert said.count(f"{old} is now called {new}: rename it in your configuration\n") == 1
    written = yaml.safe_load((tmp_path / f"results/{TINY['run']}/config.yaml").read_text())
    assert written["student"]["learning_rate"] == 0.125
    assert written["students"]["soft"]["epochs"] == 2
