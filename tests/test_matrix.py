"""Whole small experiments over what users vary: each ends with a summary, or while planning with a sentence."""

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import copy_project, jpeg, kaggle_zip, planned, snakemake

from snakedistill.data.part_sizes import UNPREDICTED

NO_AUGMENTATION = {"augmentation": {"flip": False, "shift": 0}}
OWN_FAMILY = {"labels": "soft", "generations": 1, "epochs": 2}

# Cores, what the configuration has on top of the tiny experiment, and what the head of the summary says of the images;
# every value that users vary is in at least one.
RUNS = {
    "one core, a first seed that is not 0, wide bins, images that are split already": (
        1,
        {
            "archive": "split",
            "classes": None,
            "seeds": [3],
            "evaluation": {"bin_width": 0.1},
            "students": {"classic": None, "hard": None, "soft": {"generations": 1}},
            "export": {"network": "soft-1"},
        },
        "48 images are used: 24 to train, 12 to validate, 12 to test, the same number of each class (cats, dogs). "
        "7 files are not used (`data/rejected.csv`): 4 dropped so that the classes have the same number of images, "
        "3 for other reasons (2: no label; 1: not in a folder of a part).",
    ),
    "two seeds without recursion, one augmented repeat, capitals in the name, Microsoft's folders": (
        2,
        {
            "archive": "pets",
            "classes": None,
            "run": "Run2B",
            "seeds": [1, 0],
            "students": {"classic": None, "hard": None, "soft": {"generations": 0}},
            "evaluation": {"augmented_repeats": 1},
            "export": {"network": "soft-0"},
        },
        "40 images are used: 28 to train, 6 to validate, 6 to test, the same number of each class (Cat, Dog). "
        "3 files are not used (`data/rejected.csv`): 3 for the reasons given there (2: cannot be decoded: cannot "
        "identify image file; 1: not in a folder of a class of Cat, Dog).",
    ),
    "two seeds that each assign the images to parts, images without a label": (
        2,
        {
            "split": {"seed": "each"},
            "seeds": [1, 0],
            "students": {"hard": {"generations": 0, "unlabelled": True}, "soft": {"generations": 1}},
            "export": {"network": "soft-1"},
        },
        "Every seed assigns the images to parts anew, so that a result is over training samples too. 40 images are "
        "used: 28 to train, 6 to validate, 6 to test, the same number of each class (cat, dog). 1 file is not used "
        "(`seed-1/data/rejected.csv`): 1 for the reasons given there (cannot be decoded: Truncated File Read). These "
        "numbers are those of seed 1.",
    ),
    "only a classic student, no augmentation, an odd image size, a CSV, odd class names": (
        3,
        {
            "archive": "listed/labels.csv",
            "classes": ["$ Füchse | Co", "*Wölfe*"],
            "paper": None,
            "image_size": 33,
            "students": {"classic": {}, "hard": None, "soft": None},
            "teacher": NO_AUGMENTATION,
            "student": NO_AUGMENTATION,
            "export": {"network": "classic-0"},
        },
        r"40 images are used: 28 to train, 6 to validate, 6 to test, the same number of each class ($ Füchse \| Co, "
        r"\*Wölfe\*). 1 file is not used (`data/rejected.csv`): 1 for the reasons given there (no label).",
    ),
    "no soft family, larger networks, the teacher is bundled, a path with a space and a letter beyond ASCII": (
        2,
        {
            "teacher": {"backbone": "mobilenetv2"},
            "student": {"backbone": "resnet18", "preprocessing": "paper"},
            "students": {"classic": None, "soft": None},
            "export": {"network": "teacher"},
        },
        "40 images are used: 28 to train, 6 to validate, 6 to test, the same number of each class (cat, dog). "
        "1 file is not used",
    ),
    "a family of one's own alone, batches larger than the training part, one core, 60 to 25 images": (
        1,
        {
            "archive": "bees",
            "classes": ["ants", "bees"],
            "paper": None,
            "split": {"balanced": False},
            "students": {"mild": OWN_FAMILY, "classic": None, "hard": None, "soft": None},
            "student": {"batch_size": 64, "class_weights": "balanced"},
            "teacher": {"batch_size": 64, "class_weights": "balanced"},
            "export": {"network": "mild-1"},
        },
        "85 images are used: 59 to train, 13 to validate, 13 to test; by class: ants (25), bees (60). "
        "No file is rejected.",
    ),
    "a backbone from a file, three classes of 41, 20 and 25 images, two families, one with recursion": (
        3,
        {
            "paper": None,
            "classes": ["ant", "bee", "fly"],
            "archive": "insects.zip",
            "teacher": {"backbone": "extractor.keras", "preprocessing": "none"},
            "students": {
                "classic": None,
                "hard": None,
                "soft": {"generations": 1},
                "mild": OWN_FAMILY | {"generations": 0},
            },
            "export": {"network": "soft-1"},
        },
        "60 images are used: 42 to train, 9 to validate, 9 to test, the same number of each class (ant, bee, fly). 26 "
        "files are not used (`data/rejected.csv`): 26 dropped so that the classes have the same number of images.",
    ),
    "every option of teaching and every source, retraining, images without a label": (
        2,
        {
            "paper": None,
            "classes": ["ant", "bee", "fly"],
            "archive": "insects.zip",
            "teacher": {"backbone": "extractor.keras", "preprocessing": "none"},
            "students": {
                "hard": None,
                "soft": None,
                "classic": {"generations": 1},
                "fresh": {"labels": "soft", "generations": 1, "source": "teacher"},
                "everyone": {"labels": "soft", "generations": 1, "source": "all"},
                "budding": {"labels": "hard", "generations": 0, "source": "early"},
                "blind": {"labels": "soft", "generations": 0, "source": "untrained"},
                "sure": {"labels": "manual", "generations": 0, "image_weights": "confidence"},
                "wider": {"labels": "hard", "generations": 0, "unlabelled": True},
                "mixed": {"labels": "hard", "generations": 0, "manual_share": 0.3},
                "shuffled": {"labels": "soft", "generations": 0, "shuffled": True},
                "views": {"labels": "soft", "generations": 0, "consistent": True, "temperature": 2},
                "smoothed": {"labels": "manual", "generations": 0, "smoothing": "teacher"},
                "tempered": {"labels": "soft", "generations": 0, "temperature": 4},
            },
            "export": {"network": "tempered-0"},
        },
        "60 images are used: 42 to train, 9 to validate, 9 to test, the same number of each class (ant, bee, fly).",
    ),
    "a teacher at 64 pixels, families at 48 and 32, cropped and squashed, one asks the teacher for its views": (
        2,
        {
            "paper": None,
            "classes": ["ant", "bee", "fly"],
            "archive": "insects.zip",
            "teacher": {"image_size": 64, "resample": "antialias"},
            "student": {"backbone": "resnet18", "preprocessing": "paper"},
            "students": {
                "classic": None,
                "hard": None,
                "soft": {"generations": 0, "image_size": 48, "fit": "crop", "resample": "antialias"},
                "views": {"labels": "soft", "generations": 0, "consistent": True, "unlabelled": True},
            },
            "export": {"network": "views-0"},
        },
        "60 images are used: 42 to train, 9 to validate, 9 to test, the same number of each class (ant, bee, fly).",
    ),
}
# Words that a run without the paper never says; `paper: null`, `preprocessing: paper` and `layout: kaggle` are allowed.
OF_THE_PAPER = re.compile(
    rb"(?i)paper_|the paper|biryukova|\bdogs?\b|\bcats?\b|(?<!layout: )kaggle|claims? c\d|\bfigure \d|section \d"
)
# What is not text, and what is none in a page: any letters can stand in it.
PICTURE = re.compile(rb"data:image/[\w+]+;base64,[\w+/=]+")
BINARY = {".npy", ".keras", ".onnx", ".tflite", ".png", ".webp"}
ERRORS = {
    "class 1 listed first": (
        {"classes": {"dog": 1, "cat": 0}},
        "classes: expected null or a list of two or more names",
    ),
    "three classes with the paper": (
        {"classes": ["cat", "dog", "fox"]},
        "paper: expected null with 3 classes (cat, dog, fox), got biryukova",
    ),
    "swapped labels": ({"classes": ["dog", "cat"]}, "classes: expected [cat, dog], got [dog, cat]"),
    "a backbone's file that is not there": (
        {"teacher": {"backbone": "typo.keras"}},
        "teacher.backbone: expected a saved Keras feature extractor, got typo.keras",
    ),
    "a weights file that is not there": (
        {"student": {"backbone": "resnet18", "weights": "typo.h5"}},
        "student.weights: expected a Keras HDF5 file of weights, got typo.h5",
    ),
    "an archive that is not there": (
        {"archive": "typo.zip"},
        "archive: expected a zip file, a folder or a CSV, got typo.zip",
    ),
    "a dropped family that is exported": (
        {"students": {"soft": None}, "export": {"network": "soft-0"}},
        "export.network: expected one of teacher, classic-0, hard-0, hard-1, got 'soft-0'",
    ),
}


@pytest.fixture
def project(tmp_path) -> Path:
    """A copy of this project in a folder whose path has a space and a letter beyond ASCII."""
    folder = tmp_path / "meine Übung"
    folder.mkdir()
    copy_project(folder)
    tiny = yaml.safe_load((folder / "tiny.yaml").read_text())
    tiny["teacher"]["epochs"] = 1
    tiny["student"]["epochs"] = 1
    (folder / "tiny.yaml").write_text(yaml.safe_dump(tiny))
    return folder


def with_overlay(folder: Path, overlay: dict) -> list[str]:
    (folder / "overlay.yaml").write_text(yaml.safe_dump(overlay))
    return ["--configfile", "tiny.yaml", "overlay.yaml"]


def write_archive(folder: Path, name: str) -> None:
    """Write one of the archives of the runs."""
    rng = np.random.default_rng(1)

    def write(path: str, label: int, images: int) -> None:
        """Write so many images of a class; the path has the number of an image."""
        for number in range(images):
            file = folder / path.format(number)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(jpeg(rng, label))

    if name == "insects.zip":
        numbers = {"ant": 41, "bee": 20, "fly": 25}
        kaggle_zip(
            folder / name,
            {f"{one}.{i}.jpg": jpeg(rng, label % 2) for label, one in enumerate(numbers) for i in range(numbers[one])},
            {number: jpeg(rng, number % 2) for number in range(1, 8)},
        )
    if name == "bees":
        write("bees/bees/IMG_2024 ({}).jpeg", 1, 60)
        write("bees/ants/2023/{}", 0, 25)
    if name == "pets":
        for label, of_class in enumerate(("Cat", "Dog")):
            write(f"pets/PetImages/{of_class}/{{}}.jpg", label, 20)
            (folder / f"pets/PetImages/{of_class}/Thumbs.db").write_bytes(b"thumbs")
        (folder / "pets/readme[1].txt").write_text("Read me")
    if name == "split":
        for part, images in (("train", 12), ("val", 6), ("test", 6)):
            write(f"split/{part}/dogs/{{}}.jpg", 1, images)
            write(f"split/{part}/cats/{{}}.PNG", 0, images + 4 * (part == "train"))
        write("split/test/{}.jpg", 0, 2)
        write("split/more/cats/{}.jpg", 0, 1)
    if name == "listed/labels.csv":
        write("listed/a/{}.jpg", 0, 20)
        write("listed/b/{}.jpg", 1, 21)
        rows = [f"a/{number}.jpg,$ Füchse | Co" for number in range(20)]
        rows += [f"b/{number}.jpg,{'*Wölfe*' if number else ''}" for number in range(21)]
        (folder / name).write_text("\n".join(["path,label", *rows]), encoding="utf-8")


def assert_no_word_of_the_paper(run: Path, printed: str) -> None:
    """No output, log, figure or line in the terminal of a run without the paper speaks of it."""
    assert not (run / "claims.csv").exists()
    assert not (run / "submission.csv").exists()
    assert [path.name for path in (run / "figures").iterdir() if path.name[0].isdigit()] == []
    files = [path for path in run.rglob("*") if path.is_file() and path.suffix not in BINARY]
    texts = {path: PICTURE.sub(b"", path.read_bytes()) for path in files}
    texts[Path("terminal")] = printed.encode()
    found = {str(path): match[0] for path, text in texts.items() if (match := OF_THE_PAPER.search(text))}
    assert found == {}


@pytest.mark.long
@pytest.mark.parametrize("name", RUNS)
def test_a_run_ends_with_its_summary(project, name):
    cores, overlay, images = RUNS[name]
    write_archive(project, overlay.get("archive"))
    arguments = with_overlay(project, overlay)
    done = snakemake(project, "--cores", str(cores), *arguments)
    run = project / "results" / overlay.get("run", "tiny")
    assert f"Open {run.relative_to(project)}/summary.html\n" in done.stdout
    students = yaml.safe_load((run / "config.yaml").read_text())["students"]
    summary = (run / "summary.md").read_text()
    assert [family for family in ("teacher", *students) if family not in summary] == []
    assert ("figures/generations.png" in summary) == any(student["generations"] for student in students.values())
    timing = pd.read_csv(run / "timing.csv")
    assert sorted(timing["threads"].unique()) == sorted({1, cores})
    assert not timing.duplicated(["runtime", "network", "precision", "threads", "batch_size", "decoding"]).any()
    evaluation = pd.read_csv(run / "tables/evaluation.csv")
    networks = set(evaluation["network"])
    for family, student in students.items():
        assert student.get("source") not in ("early", "untrained") or student["source"] in networks
        assert student.get("source") != "all" or {f"mean-{family}-0", f"{family}-1"} <= networks
    if "paper" in overlay:
        assert_no_word_of_the_paper(run, done.stdout)
    else:
        assert pd.read_csv(run / "claims.csv")["claim"].nunique() == 11
    assert images in summary
    other = str(cores % 3 + 1)
    assert "Nothing to be done" in snakemake(project, "-n", "--cores", other, *arguments).stdout


def write_given_teacher(folder: Path) -> None:
    """Write predictions of all images of the tiny experiment but two, sure of one of them, and a classifier."""
    import keras

    ids = [f"{name}.{number}" for name in ("cat", "dog") for number in range(20)]
    given = pd.DataFrame({"image_id": ids, "probability": np.repeat([0.2, 0.7], 20)}).sample(frac=1, random_state=0)
    given.loc[7, "probability"] = 0
    given[~given["image_id"].isin(["cat.3", "dog.4"])].to_csv(folder / "mine.csv", index=False)
    layers = [keras.layers.Input((32, 32, 3)), keras.saving.load_model(folder / "extractor.keras")]
    layers += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2, "softmax")]
    keras.Sequential(layers, name="mine").save(folder / "mine.keras")


@pytest.mark.long
@pytest.mark.parametrize(
    "teacher", [{"predictions": "mine.csv", "missing": "drop"}, {"classifier": "mine.keras", "preprocessing": "none"}]
)
def test_a_run_with_a_given_teacher_ends_with_its_summary(project, teacher):
    write_given_teacher(project)
    overlay = {"teacher": teacher, "students": {"hard": None, "soft": {"generations": 1}}}
    arguments = with_overlay(project, overlay)
    done = snakemake(project, "--cores", "2", *arguments)
    run = project / "results/tiny"
    summary = (run / "summary.md").read_text()
    evaluation, timing = (pd.read_csv(run / f"tables/{name}.csv") for name in ("evaluation", "timing"))
    assert sorted(pd.read_csv(run / "tables/best_epoch.csv")["network"]) == ["classic-0", "soft-0", "soft-1"]
    assert "teacher" not in set(evaluation["network"][evaluation["augmented"].str.startswith("during")])
    assert not (run / "figures/2-training-teacher.svg").exists()
    answers = classified(project, arguments)
    if "predictions" in teacher:
        assert "The teacher is a file of predictions, mine.csv." in summary
        assert re.search(
            r"Result: \w+-0 at \d+ pixels in \w+.* the teacher .*; \S+ MB; \S+ ms an image\.\n", done.stdout
        )
        assert list(evaluation[evaluation["network"] == "teacher"]["augmented"]) == ["no"] * 3
        assert set(timing["network"]) == {"soft-0"} and timing["ratio"].isna().all()
        absent = ("figures/1-teacher.svg", "seed-0/models/teacher.keras", "seed-0/onnx/teacher.onnx")
        assert [path for path in absent if (run / path).exists()] == []
        rejected = pd.read_csv(run / "data/rejected.csv")
        assert rejected["member"][rejected["reason"] == UNPREDICTED].tolist() == ["train/cat.3.jpg", "train/dog.4.jpg"]
        assert "teacher_answer" not in answers and "soft-1_answer" in answers
        assert set(pd.read_csv(run / "claims.csv").query("claim == 'C2'")["verdict"]) == {"does not hold"}
    else:
        assert "The teacher is a finished classifier, mine.keras." in summary
        assert re.search(r"Result: \w+-0 at \d+ pixels in \w+.* the teacher .* MB", done.stdout)
        assert timing[timing["network"] == "soft-0"]["ratio"].notna().all()
        assert (run / "figures/1-teacher.svg").exists()
        assert "teacher_answer" in answers and "soft-1_answer" in answers
    assert "Nothing to be done" in snakemake(project, "-n", *arguments).stdout
    (project / "mine.csv").write_text((project / "mine.csv").read_text().replace("0.7", "0.8"))
    jobs = planned(project, overlay)
    assert {"split_images", "take_in_predictions"} <= set(jobs) if "predictions" in teacher else jobs == {}


def classified(folder: Path, arguments: list[str]) -> pd.DataFrame:
    """The answers to a photo of one's own."""
    (folder / "own").mkdir()
    (folder / "own/photo.jpg").write_bytes(jpeg(np.random.default_rng(0), 1))
    snakemake(folder, *arguments, "--config", "photos=own", "--", "classify")
    return pd.read_csv(folder / "results/tiny/photos/own/answers.csv")


@pytest.mark.parametrize("name", ERRORS)
def test_planning_on_a_finished_run_ends_with_a_sentence(folder, name):
    overlay, sentence = ERRORS[name]
    done = snakemake(folder, "-n", *with_overlay(folder, overlay), check=False)
    assert done.returncode != 0
    assert sentence in done.stdout
    assert "Traceback" not in done.stdout


def test_a_copied_project_reruns_nothing(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "a copy of it", symlinks=True)
    assert "Nothing to be done" in snakemake(copy, "-n", "--configfile", "tiny.yaml").stdout
