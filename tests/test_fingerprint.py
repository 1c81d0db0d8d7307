"""The fingerprint of code changes with what a script can reach, and with nothing else."""

import os
import shutil
import zipfile

import pytest
from conftest import ROOT, kaggle_zip

from snakedistill.core import fingerprint
from snakedistill.core.digests import fingerprint_of_archive
from snakedistill.core.fingerprint import fingerprint_of_code

SCRIPT = """
from snakedistill.core.job import job

with job("log"):
    from snakedistill.alpha import work

    work()
"""
ALPHA = '''
"""Alpha."""

from snakedistill import beta
from snakedistill.gamma import LIMIT, Shape


def work() -> int:
    """Do it."""
    return beta.double(_inner()) + LIMIT


def _inner():
    return Shape().side  # a side


def unused():
    return beta.triple(1)
'''
BETA = """
FACTOR = 2


def double(x):
    return FACTOR * x


def triple(x):
    return 3 * x
"""
GAMMA = """
import os

LIMIT = 5
if os.name == "nt":

    class Shape:
        side = 1

else:

    class Shape:
        side = 2
"""


def forget() -> None:
    """Drop what was read from the files."""
    fingerprint._module.cache_clear()
    fingerprint._definition.cache_clear()


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A library of three modules, and a function that edits one of them and gives the new fingerprint."""
    package = tmp_path / "snakedistill"
    package.mkdir()
    (tmp_path / "script.py").write_text(SCRIPT)
    texts = {"alpha": ALPHA, "beta": BETA, "gamma": GAMMA, "job": "def job(log):\n    return log\n"}
    for name, text in texts.items():
        (package / f"{name}.py").write_text(text)
    monkeypatch.setattr(fingerprint, "PACKAGE", package)

    def edited(name: str | None = None, old: str = "", new: str = "") -> str:
        if name:
            assert old in texts[name]
            (package / f"{name}.py").write_text(texts[name].replace(old, new))
        forget()
        found = fingerprint_of_code(tmp_path / "script.py")
        if name:
            (package / f"{name}.py").write_text(texts[name])
        return found

    yield edited
    forget()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("alpha", "Do it.", "Do it well."),
        ("alpha", '"""Alpha."""\n', ""),
        ("alpha", "  # a side", ""),
        ("alpha", "return Shape().side", "return (Shape()\n        .side)"),
        ("alpha", "beta.triple(1)", "beta.triple(2)"),
        ("beta", "3 * x", "4 * x"),
    ],
)
def test_comments_docstrings_layout_and_unused_code_change_nothing(library, name, old, new):
    assert library(name, old, new) == library()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("alpha", "+ LIMIT", "- LIMIT"),
        ("alpha", "Shape().side", "Shape().side + 1"),
        ("beta", "FACTOR = 2", "FACTOR = 3"),
        ("beta", "FACTOR * x", "FACTOR + x"),
        ("gamma", "LIMIT = 5", "LIMIT = 6"),
        ("gamma", "side = 2", "side = 3"),
        ("job", "return log", "return None"),
    ],
)
def test_what_the_script_reaches_changes_it(library, name, old, new):
    assert library(name, old, new) != library()


def test_the_real_scripts_reach_what_they_should(tmp_path, monkeypatch):
    """A metric reaches training and every table; a figure's style reaches figures alone."""
    scripts = tmp_path / "scripts"
    shutil.copytree(ROOT / "workflow/scripts", scripts)
    monkeypatch.setattr(fingerprint, "PACKAGE", scripts / "snakedistill")

    def changed(module: str, old: str, new: str) -> set[str]:
        names = [path.stem for path in scripts.glob("*.py")]
        prints = []
        path = scripts / f"snakedistill/{module}.py"
        original = path.read_text()
        assert old in original
        for text in (original, original.replace(old, new)):
            path.write_text(text)
            forget()
            prints.append({name: fingerprint_of_code(scripts / f"{name}.py") for name in names})
        path.write_text(original)
        return {name for name in names if prints[0][name] != prints[1][name]}

    figures = {"draw_training", "draw_predictions", "draw_recursion", "draw_generations", "draw_examples"}
    figures |= {"draw_timing", "draw_scheme"}
    assert changed("figures", '"grid.color": "0.92"', '"grid.color": "0.9"') == figures
    assert changed("figures", "EXAMPLES_IN_A_ROW = 8", "EXAMPLES_IN_A_ROW = 7") == {"draw_examples"}
    assert changed("augmentation", "np.random.Philox(", "np.random.PCG64(") == {"train", "evaluate"}
    assert changed("claims", "SLIGHTLY = 0.01", "SLIGHTLY = 0.02") == {"weigh_claims"}
    uses_accuracy = {"train", "evaluate", "export"}
    assert (
        changed("metrics", "correct(probability, label).mean()", "correct(probability, label).min()") == uses_accuracy
    )
    assert len(changed("job", 'TF_DETERMINISTIC_OPS": 1', 'TF_DETERMINISTIC_OPS": 0')) == len(
        list(scripts.glob("*.py"))
    )
    forget()


def test_an_archive_changes_with_its_bytes_and_not_with_its_age(photographs, tmp_path):
    path = kaggle_zip(tmp_path / "a.zip", photographs)
    before = fingerprint_of_archive(path)
    os.utime(path, (1, 1))
    assert fingerprint_of_archive(path) == before
    kaggle_zip(path, photographs | {"cat.0.jpg": photographs["cat.1.jpg"]})
    assert fingerprint_of_archive(path) != before
    with zipfile.ZipFile(path) as outer:
        outer.extract("train.zip", tmp_path)
    assert len(fingerprint_of_archive(tmp_path / "train.zip")) == 64
    (tmp_path / "torn.zip").write_bytes(b"PK torn")
    assert len(fingerprint_of_archive(tmp_path / "torn.zip")) == 64


def test_a_folder_changes_with_its_files(photographs, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "cat.0.jpg").write_bytes(photographs["cat.0.jpg"])
    before = fingerprint_of_archive(folder)
    assert fingerprint_of_archive(folder) == before
    (folder / "dog.0.jpg").write_bytes(photographs["dog.0.jpg"])
    assert fingerprint_of_archive(folder) != before
