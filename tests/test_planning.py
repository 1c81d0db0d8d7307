"""What is known before the first job: files that are there, and a rough estimate."""

import itertools
import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, TINY, copy_project, kaggle_zip, planned, snakemake
from test_configuration import overlaid

from snakedistill.configuration import estimate as estimates
from snakedistill.configuration import inputs
from snakedistill.configuration.check import checked as checked_config
from snakedistill.configuration.estimate import Estimate, estimate
from snakedistill.configuration.inputs import with_inputs
from snakedistill.configuration.pretrained import warnings as warnings_of_recipe
from snakedistill.configuration.recipes import recipe
from snakedistill.core.errors import InputError
from snakedistill.data.named_images import NamedImages, few_images
from snakedistill.plan import first_lines
from snakedistill.plan.job_lines import RULES_OF_STAGES, THE_REST

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
PAPER = yaml.safe_load((ROOT / "presets/paper.yaml").read_text())
PHOTOGRAPHS = overlaid(CONFIG, yaml.safe_load((ROOT / "presets/photographs.yaml").read_text()))
PHOTOGRAPHS = checked_config(PHOTOGRAPHS | {"archive": "mydata"})


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


def test_a_split_of_each_seed_needs_something_to_sample(tmp_path):
    for part, name, number in itertools.product(("train", "val", "test"), ("ant", "bee"), range(3)):
        path = tmp_path / "parts" / part / name / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    given = {"archive": str(tmp_path / "parts"), "classes": None, "paper": None}
    each = CONFIG["split"] | {"seed": "each"}
    with pytest.raises(InputError, match=r"split\.seed: .* which gives all parts \(train/, val/, test/\), got each"):
        checked(**given, split=each)
    checked(**given)
    checked(**given, split=each | {"images": 12})
    (tmp_path / "parts/train/ant/3.jpg").write_bytes(b"")
    checked(**given, split=each)  # one of the ants is dropped
    (tmp_path / "parts/train/ant/3.jpg").unlink()
    shutil.rmtree(tmp_path / "parts/val")
    checked(**given, split=each)


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


def wrong_in(**student) -> str:
    """What the check says of a student's recipe with the pretrained weights of MobileNetV2 at 224 pixels."""
    own = {"backbone": "mobilenetv2", "weights": "imagenet", "preprocessing": None, "image_size": 224} | student
    try:
        checked_config(overlaid(CONFIG, {"student": own}))
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("student", "sentence"),
    [
        ({}, ""),
        ({"preprocessing": "none"}, "preprocessing: expected imagenet or null with mobilenetv2, whose ImageNet"),
        ({"preprocessing": "paper"}, ""),  # as in the paper
        ({"backbone": "mobilenetv3small", "preprocessing": "paper"}, "mobilenetv3small, which rescales images itself"),
        ({"backbone": "mobilenetv3small", "preprocessing": "none"}, ""),  # it has no other
        ({"backbone": "efficientnet_lite0", "preprocessing": "none"}, "imagenet or null with efficientnet_lite0"),
        ({"image_size": 32}, "student.image_size: expected at least 64 with ImageNet weights, got 32: features are 32"),
        ({"image_size": 64}, ""),
        ({"image_size": 32, "weights": None, "preprocessing": "paper"}, ""),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_with_imagenet_weights_is_an_error(student, sentence):
    found = wrong_in(**student)
    assert sentence in found and bool(found) == bool(sentence)


def doubts(**own) -> list[str]:
    """Warnings of the recipe of the preset's student, with some keys changed."""
    config = overlaid(PHOTOGRAPHS, {"students": {"soft": own}})
    return warnings_of_recipe("students.soft", recipe(config, "soft"))


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        ({}, ""),
        ({"learning_rate": 1e-3}, ""),
        ({"learning_rate": 2e-3}, "students.soft.learning_rate is 0.002: rates above 0.001 lose what ImageNet weights"),
        ({"learning_rate": 2e-3, "epochs": 0}, ""),  # only the head is fitted, without a learning rate
        ({"learning_rate": 1e-2, "optimiser": "sgd"}, ""),  # whose steps are smaller
        ({"learning_rate": 2e-3, "weights": None}, ""),
        ({"image_size": 95}, "students.soft.image_size is 95: ImageNet weights were trained at about 224 pixels"),
        ({"image_size": 96}, ""),
        ({"preprocessing": "paper"}, "students.soft gives ImageNet weights other pixel values than they know"),
        ({"backbone": "efficientnetb3"}, "students.soft.backbone is efficientnetb3, which this project has not tried"),
        ({"backbone": "efficientnetb3", "weights": None}, "which this project has not tried: docs/backbones.md lists"),
    ],
)
def test_what_is_seldom_meant_with_imagenet_weights_is_a_warning(own, sentence):
    found = doubts(**own)
    assert len(found) == bool(sentence)
    assert sentence in "".join(found)


@pytest.mark.parametrize("inside", [False, True], ids=["whole", "inside"])
@pytest.mark.parametrize("rescaling", [False, True], ids=["bare", "rescaling"])
def test_a_saved_extractor_is_known_by_its_name(tmp_path, inside, rescaling):
    layers = [{"class_name": "Rescaling", "config": {}}] if rescaling else []
    model = {"class_name": "Functional", "config": {"name": "mobilenetv2_1.00_224", "layers": layers}}
    if inside:
        model = {"class_name": "Functional", "config": {"name": "mine", "layers": [model]}}
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as saved:
        saved.writestr("config.json", json.dumps(model))
    own = {"backbone": str(tmp_path / "a.keras"), "weights": None, "learning_rate": 5e-3}
    found = doubts(**own)
    assert "students.soft.learning_rate is 0.005" in found[-1]
    without = "students.soft.backbone is mobilenetv2 without its preprocessing"
    assert [without in line for line in found[:-1]] == ([] if inside or rescaling else [True])


def of_photographs(folder: Path, *names: str) -> tuple[dict, NamedImages]:
    """What planning knows of a folder with files of these names, with the preset for photographs."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return with_inputs(PHOTOGRAPHS | {"archive": str(folder)}, software_deployed=True)


def numbered(folder: str, number: int, suffix: str = "jpg") -> list[str]:
    return [f"{folder}/{one}.{suffix}" for one in range(number)]


def said_of(config: dict, images: NamedImages, tmp_path: Path) -> list[str]:
    return first_lines.first_lines(config, images, rough(config, tmp_path / "none", images=images), 3, 2)


def test_the_first_lines_say_which_images_are_test_and_where_they_are_from(with_bfloat16, tmp_path):
    names = [*numbered("train/bees", 100), *numbered("train/ants", 120), *numbered("val/bees", 40)]
    names += [*numbered("val/ants", 41), *numbered("train/ants/scans", 3, "TIF"), "train/.hidden", "notes.txt"]
    config, images = of_photographs(tmp_path / "mydata", *names)
    lines = said_of(config, images, tmp_path)
    assert lines[:4] == [
        "Images of mydata: 301 of 2 classes, by their names: ants 161, bees 140.",
        "Parts: train 181 (train/), validation 81 (val/), test 39 (sampled from train/).",
        "Not used: 5 files (3: TIFF is not supported: convert the photo to JPEG or PNG; 1: hidden; 1: not in a folder "
        "of a part).",
        "Training runs: 3 to do, of 4 in the whole experiment.",
    ]
    assert lines[4].startswith("Estimate for all of it: ")
    assert lines[5] == (
        "Warning: val/ chooses epochs, and test is 39 images sampled from train/: rename val/ to test/ to be measured "
        "on it."
    )
    assert lines[6].startswith(
        "Warning: few test images (bees 18, ants 21): an accuracy of 0.9 on 18 of them is known "
    )
    assert "within 14 percentage points" in lines[6]
    assert len(lines) == 7


def test_a_test_part_that_is_given_is_no_warning(with_bfloat16, tmp_path):
    names = [*numbered("train/bees", 100), *numbered("train/ants", 120), *numbered("test/bees", 40)]
    config, images = of_photographs(tmp_path / "mydata", *names, *numbered("test/ants", 41))
    lines = said_of(config, images, tmp_path)
    assert lines[1] == "Parts: train 181 (train/), validation 39 (sampled from train/), test 81 (test/)."
    assert not [line for line in lines if line.startswith("Warning")]


def test_warnings_that_find_no_room_are_counted(with_bfloat16, tmp_path):
    names = [*numbered("bees", 7), *numbered("ants", 8)]
    config, images = of_photographs(tmp_path / "mydata", *names)
    config = overlaid(config, {"teacher": {"learning_rate": 0.1, "image_size": 64, "preprocessing": "paper"}})
    lines = said_of(config, images, tmp_path)
    assert len([line for line in lines if line.startswith("Warning")]) == first_lines.MOST_WARNINGS
    assert lines[-1] == "More warnings at the head of the summary: 1."
    assert sum(len(line) // 100 + 1 for line in lines) <= 15  # rows of a terminal of 100 columns


def test_few_images_of_a_class_are_said_with_what_it_means():
    one, other = few_images({"ants": {"train": 3, "validation": 1, "test": 1}, "bees": {"train": 90, "test": 40}})
    assert one.startswith("few test images (ants 1): an accuracy of 0.9 on 1 of them is known to within 59 percentage")
    assert other.startswith("few images to train on (ants 3): more photographs of these classes help more than any")
    assert few_images({"bees": {"train": 20, "test": 30}}) == []


def test_a_part_sampled_from_train_that_a_class_does_not_fill_is_found_while_planning(tmp_path):
    names = [
        *numbered("train/bees", 2),
        *numbered("train/ants", 50),
        *numbered("val/bees", 5),
        *numbered("val/ants", 5),
    ]
    with pytest.raises(InputError, match=r"Class bees \(label 1\) does not fill test: the shares of `split` make"):
        of_photographs(tmp_path / "mydata", *names)


def test_an_empty_split_of_a_csv_is_train(tmp_path, with_bfloat16):
    rows = [f"{number}.jpg,{'ab'[number % 2]},{'test' if number < 80 else ''}\n" for number in range(400)]
    (tmp_path / "mydata").mkdir()
    (tmp_path / "mydata/labels.csv").write_text("path,label,split\n" + "".join(rows))
    config, images = of_photographs(tmp_path / "mydata", *(f"{number}.jpg" for number in range(400)))
    lines = said_of(config, images, tmp_path)
    assert "test 80 (the archive's test)" in lines[1] and "sampled from the archive's train" in lines[1]
    assert lines[-1] == (
        "Warning: labels.csv has no split for 320 of 400 images: they are of train, from which missing parts are "
        "sampled."
    )


def test_an_archive_is_not_given_the_recipe_of_the_sample():
    first_lines.check_recipe(CONFIG)
    with pytest.raises(InputError) as raised:
        first_lines.check_recipe(CONFIG | {"archive": "my photos", "classes": None})
    command = "snakemake --cores all --configfile presets/photographs.yaml --config archive='my photos'"
    assert f"\n    {command}\n" in str(raised.value)
    for other in ({"image_size": 64}, {"student": {"epochs": 4}}, {"teacher": {"learning_rate": 1e-3}}, PAPER):
        first_lines.check_recipe(overlaid(CONFIG, other | {"archive": "mydata"}))


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


def rough(config: dict, counts: Path, cores: int = 2, images: NamedImages | None = None, probed=()) -> Estimate:
    """The estimate of a run that times and exports the teacher and soft-0, in two forms."""
    networks = ["teacher", "soft-0"]
    return estimate(config, images, networks, 2 * networks, probed, cores, str(counts))


def test_the_estimate_follows_the_configuration(with_bfloat16, tmp_path):
    nowhere = tmp_path / "counts.csv"
    sample = rough(CONFIG, nowhere)
    assert (sample.networks, sample.images) == (16, 1700)
    assert set(sample.hours) == {*RULES_OF_STAGES, THE_REST}
    assert 2 / 60 < sample.all_hours < 15 / 60  # measured: 5 minutes
    assert 1 < sample.gigabytes < 3
    one_core = rough(CONFIG, nowhere, cores=1).hours
    assert one_core["training"] == pytest.approx(2 * sample.hours["training"])
    assert one_core["timing"] == sample.hours["timing"]  # nothing runs beside it
    with_probe = rough(CONFIG, nowhere, probed=["teacher"]).hours
    assert {stage for stage, hours in with_probe.items() if hours > sample.hours[stage]} == {"predictions"}
    assert rough(CONFIG | {"seeds": [0, 1]}, nowhere).networks == 32
    assert rough(CONFIG | {"image_size": 224}, nowhere).all_hours > 3 * sample.all_hours
    nowhere.write_text("class,split,images\ncat,train,17000\n")
    assert rough(CONFIG, nowhere).images == 17000


def test_the_estimate_for_photographs_is_what_was_measured(with_bfloat16, tmp_path):
    """On two cores of a Xeon, 400 photographs: 351 s, of which 78 s are training runs and 63 s timing."""
    nowhere = tmp_path / "counts.csv"
    images = NamedImages({name: {"train": 140, "validation": 30, "test": 30} for name in "ab"}, {}, {}, [])
    expected = rough(PHOTOGRAPHS | {"classes": ["a", "b"]}, nowhere, images=images)
    assert (expected.networks, expected.images) == (4, 400)
    assert 351 / 1.5 < 3600 * expected.all_hours < 351 * 1.5
    assert 78 / 2 < 3600 * expected.hours["training"] < 78 * 2
    assert 63 / 2 < 3600 * expected.hours["timing"] < 63 * 2


def test_the_paper_at_full_scale_is_days_on_a_cpu(with_bfloat16, photographs, tmp_path):
    kaggle_zip(tmp_path / "a.zip", photographs)
    (tmp_path / "counts.csv").write_text("class,split,images\ncat,train,25000\n")
    config = overlaid(CONFIG, PAPER | {"archive": str(tmp_path / "a.zip")})
    expected = rough(config, tmp_path / "counts.csv")
    assert expected.all_hours > 72
    assert " days on 2 cores without a GPU (training " in expected.in_words(2)


def test_the_images_of_an_archive_are_counted_or_guessed(archive, tmp_path):
    guessed = rough(CONFIG | {"archive": str(archive)}, tmp_path / "none").images
    assert guessed == archive.stat().st_size // 23_000  # the mean of Kaggle's photographs
    with zipfile.ZipFile(archive) as outer:
        outer.extract("train.zip", tmp_path)
    config, images = with_inputs(CONFIG | {"archive": str(tmp_path / "train.zip")}, software_deployed=True)
    assert images.of_classes == {"cat": 20, "dog": 20}
    assert rough(config, tmp_path / "none", images=images).images == 40


def test_the_estimate_says_that_it_is_one(with_bfloat16, tmp_path):
    said = rough(CONFIG, tmp_path / "none", cores=1).in_words(1)
    assert re.fullmatch(
        r"Estimate for all of it: \d+(\.\d)? minutes on 1 core without a GPU \(training [\d.]+, predictions [\d.]+, "
        r"exports [\d.]+, timing [\d.]+, the rest [\d.]+\), \d\.\d GB of disk; within a factor of two or three\.",
        said,
    )


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
    nowhere, trained = tmp_path / "none", rough(CONFIG, tmp_path / "none")
    hours = []
    for key in ("predictions", "classifier"):
        given = rough(CONFIG | {"teacher": CONFIG["teacher"] | {key: "a"}}, nowhere)
        assert given.networks == trained.networks - 1
        hours.append(given.all_hours)
    assert hours[0] < hours[1] < trained.all_hours


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


def test_a_dry_run_ends_with_the_first_lines(fresh):
    for name in ("ants", "bees"):
        (fresh / "mydata" / name).mkdir(parents=True)
        for number in range(40):
            (fresh / f"mydata/{name}/{number}.jpg").touch()
    own = ("--configfile", "presets/photographs.yaml", "--config", "archive=mydata")
    said = snakemake(fresh, "-n", *own).stdout
    first, *others = said[said.index("Images of mydata: 80 of 2 classes") :].splitlines()
    assert first.endswith("by their names: ants 40, bees 40.")
    assert others[0] == "Parts: train 56 (sampled), validation 12 (sampled), test 12 (sampled)."
    assert others[-1].startswith("Warning: few test images (ants 6, bees 6)")
    assert "Training runs" not in snakemake(fresh, "-n", *own, "--", "split_images").stdout
    own = ("--config", "archive=mydata", "classes=null", "paper=null")
    refused = snakemake(fresh, "-n", *own, check=False)
    assert refused.returncode != 0
    assert "snakemake --cores all --configfile presets/photographs.yaml --config archive=mydata\n" in refused.stdout


def test_predictions_take_the_place_of_the_teachers_training(fresh, trained):
    jobs = planned(fresh, {"teacher": {"predictions": "mine.csv"}})
    assert set(trained) - set(jobs) == {"train_teacher", "plot_scheme"}
    assert set(jobs) - set(trained) == {"take_in_predictions"}
    for rule in ("evaluate", "export_onnx", "write_labels"):
        assert jobs[rule] == trained[rule] - 1, rule
    two_seeds = planned(fresh, {"teacher": {"predictions": "mine.csv"}, "seeds": [0, 1]})
    assert two_seeds["take_in_predictions"] == 2


def test_a_classifier_takes_the_place_of_the_teachers_training_alone(fresh, trained):
    jobs = planned(fresh, {"teacher": {"classifier": "mine.keras"}})
    assert set(trained) - set(jobs) == {"train_teacher"}
    assert set(jobs) - set(trained) == {"take_in_classifier", "predict"}
    assert jobs["write_labels"] == trained["write_labels"] - 1
    assert jobs["predict"] == 1 and jobs["export_onnx"] == trained["export_onnx"]


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
