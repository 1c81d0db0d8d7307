"""The fingerprint of code changes with what a script can reach, and with nothing else."""

import os
import shutil
import zipfile

import pytest
from conftest import ROOT, kaggle_zip

from snakedistill.core import fingerprint
from snakedistill.core.digests import fingerprint_of_archive
from snakedistill.core.fingerprint import fingerprint_of_code
from snakedistill.results.figures import FIGURES
from snakedistill.results.tables import TABLES

SCRIPT = """
from snakedistill.core.job import job

with job("log"):
    from snakedistill.data.alpha import work

    work()
"""
ALPHA = '''
"""Alpha."""

from snakedistill.data import beta
from snakedistill.data.kinds import KINDS
from snakedistill.data.gamma import LIMIT, Shape


def work() -> int:
    """Do it."""
    return beta.double(_inner()) + LIMIT + KINDS["one"]()


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
KINDS = """
from snakedistill.data.kinds.one import one
from snakedistill.data.kinds.other import other

KINDS: dict = {
    "one": one,
    "other": other,
}
"""
TEXTS = {
    "core/job": "def job(log):\n    return log\n",
    "data/alpha": ALPHA,
    "data/beta": BETA,
    "data/gamma": GAMMA,
    "data/kinds/__init__": KINDS,
    "data/kinds/one": "def one():\n    return 1\n",
    "data/kinds/other": "def other():\n    return 2\n",
}


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A library in packages, and a function that edits one of its modules and gives the new fingerprint."""
    package = tmp_path / "snakedistill"
    (tmp_path / "script.py").write_text(SCRIPT)
    for name, text in TEXTS.items():
        path = package / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(fingerprint, "PACKAGE", package)

    def edited(name: str | None = None, old: str = "", new: str = "", **arguments) -> str:
        path = package / f"{name}.py"
        if name:
            assert old in TEXTS[name]
            path.write_text(TEXTS[name].replace(old, new))
        fingerprint.forget()
        found = fingerprint_of_code(tmp_path / "script.py", **arguments)
        if name:
            path.write_text(TEXTS[name])
        return found

    yield edited
    fingerprint.forget()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("data/alpha", "Do it.", "Do it well."),
        ("data/alpha", '"""Alpha."""\n', ""),
        ("data/alpha", "  # a side", ""),
        ("data/alpha", "return Shape().side", "return (Shape()\n        .side)"),
        ("data/alpha", "beta.triple(1)", "beta.triple(2)"),
        ("data/beta", "3 * x", "4 * x"),
    ],
)
def test_comments_docstrings_layout_and_unused_code_change_nothing(library, name, old, new):
    assert library(name, old, new) == library()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("data/alpha", "+ LIMIT", "- LIMIT"),
        ("data/alpha", "Shape().side", "Shape().side + 1"),
        ("data/beta", "FACTOR = 2", "FACTOR = 3"),
        ("data/beta", "FACTOR * x", "FACTOR + x"),
        ("data/gamma", "LIMIT = 5", "LIMIT = 6"),
        ("data/gamma", "side = 2", "side = 3"),
        ("core/job", "return log", "return None"),
    ],
)
def test_what_the_script_reaches_changes_it(library, name, old, new):
    assert library(name, old, new) != library()


def test_only_the_entries_of_a_dictionary_that_are_used_count(library):
    other = ("data/kinds/other", "return 2", "return 3")
    assert library(*other) != library()
    used = {"used": {"KINDS": ("one",)}}
    assert library(*other, **used) == library(**used)
    assert library("data/kinds/one", "return 1", "return 4", **used) != library(**used)
    entry = ('    "other": other,\n', '    "other": other,\n    "more": other,\n')
    assert library("data/kinds/__init__", *entry) != library()
    assert library("data/kinds/__init__", *entry, **used) == library(**used)


def test_a_module_that_is_imported_by_its_name_counts_as_a_whole(library):
    named = {"modules": ("snakedistill.data.beta",)}
    assert library("data/beta", "3 * x", "4 * x") == library()
    assert library("data/beta", "3 * x", "4 * x", **named) != library(**named)


SYNTAX = """
from snakedistill.data.beta import FACTOR

class Kind(dict, metaclass=type): pass

@property
def work(one, /, *more: int, last=None, **others) -> "int | None":
    with FACTOR as file, more:
        match file:
            case {"a": [1, *rest], **kept} if rest: return lambda: [*rest, kept]
    try: raise ValueError(f"{one!r:>10} {'a' + f'{last:{FACTOR}}'}") from None
    except* (OSError, Kind) as error: yield error[1:, ...]
"""


def test_every_version_of_python_gives_the_same_fingerprint(library, tmp_path):
    """Among other things, `ast.unparse` writes quotes in f-strings differently from 3.12 on."""
    (tmp_path / "script.py").write_text(SYNTAX)
    assert library() == "d3d681e61ac8925f617a1efbd75f05e635a3652952c85205800b5e76c7e2cdaa"


def test_the_real_scripts_reach_what_they_should(tmp_path, monkeypatch):
    """A metric reaches training and every table; a figure's style reaches figures alone."""
    scripts = tmp_path / "scripts"
    shutil.copytree(ROOT / "workflow/scripts", scripts)
    monkeypatch.setattr(fingerprint, "PACKAGE", scripts / "snakedistill")
    names = {path.stem for path in scripts.glob("*.py")} - {"plot", "write_table"}

    def prints() -> dict[str, str]:
        fingerprint.forget()
        found = {name: fingerprint_of_code(scripts / f"{name}.py") for name in names}
        found |= {
            f"plot_{name}": fingerprint_of_code(scripts / "plot.py", modules=(figure.module,))
            for name, figure in FIGURES.items()
        }
        return found | {
            f"tabulate_{name}": fingerprint_of_code(scripts / "write_table.py", used={"TABLES": (name,)})
            for name in TABLES
        }

    def changed(module: str, old: str, new: str) -> set[str]:
        path = scripts / f"snakedistill/{module}.py"
        original = path.read_text()
        assert old in original
        path.write_text(original.replace(old, new))
        after = prints()
        path.write_text(original)
        return {name for name in before if before[name] != after[name]}

    before = prints()
    figures = {f"plot_{name}" for name in FIGURES}
    assert changed("results/figures/style", '"grid.color": "0.92"', '"grid.color": "0.9"') == figures | {"study_chains"}
    assert changed("results/figures/examples", "IN_A_ROW = 8", "IN_A_ROW = 7") == {"plot_examples"}
    assert changed("networks/augmentation/draws", "np.random.Philox(", "np.random.PCG64(") == {
        "train",
        "evaluate",
        "write_labels",
    }
    assert changed("paper/claims", "SLIGHTLY = 0.01", "SLIGHTLY = 0.02") == {"weigh_claims"}
    assert changed("results/tables/classes", '"errors": errors', '"errors": 2 * errors') == {
        "tabulate_classes",
        "audit",
        "summarise",  # whose list of tables it is
        "suggest",  # which plans a run
    }
    mean = ("correct(probability, label).mean()", "correct(probability, label).min()")
    assert changed("measures/metrics", *mean) == {
        "train", "fit_probe", "evaluate", "export", "take_in_predictions", "average_predictions",
    }  # fmt: skip
    everything = names | figures | {f"tabulate_{name}" for name in TABLES}
    assert changed("core/job", 'TF_DETERMINISTIC_OPS": 1', 'TF_DETERMINISTIC_OPS": 0') == everything
    fingerprint.forget()


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
