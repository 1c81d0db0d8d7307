"""Reference numbers beside the tables, and that tables, figures and sections are whole: what one names, others have."""

import importlib
import inspect
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT
from made_up import TRAINED_WITH, MadeUp

from snakedistill.configuration.check import checked
from snakedistill.core.errors import InputError
from snakedistill.core.pixels import Pixels
from snakedistill.data.index import REJECTED_COLUMNS
from snakedistill.measures.metrics import METRICS
from snakedistill.networks.classifier import build_network
from snakedistill.paper import biryukova
from snakedistill.plan.files import Files
from snakedistill.plan.networks import plan_networks
from snakedistill.plan.pages import Pages
from snakedistill.results.figures import FIGURES, plot_figure
from snakedistill.results.presentation import Presentation
from snakedistill.results.reference import beside_reference, short_name
from snakedistill.results.run import Run
from snakedistill.results.summary.contents import Contents
from snakedistill.results.summary.page import write_summary
from snakedistill.results.summary.sections import SECTIONS, paragraphs
from snakedistill.results.tables import TABLES
from snakedistill.teaching import networks

FILES_PAGE = (ROOT / "docs/files.md").read_text()
STUDENTS = {"hard": {"labels": "hard", "generations": 1}, "soft": {"labels": "soft", "generations": 2}}
NETWORKS = networks(STUDENTS)
IMAGES = {"train": 24, "validation": 16, "test": 16}
MEASURED = pd.DataFrame(
    {
        "seed": [0, 0, 0, 1, 1, 1],
        "family": ["teacher", "soft", "soft"] * 2,
        "generation": pd.array([None, 0, 1] * 2, dtype="Int64"),
        "accuracy": [0.9, 0.8, 0.7, 0.91, 0.81, 0.71],
        "loss": [0.1, 0.2, 0.3, 0.11, 0.21, 0.31],
    }
)
KEYS, VALUES = ["family", "generation"], ["accuracy", "loss"]


def beside(folder: Path, reference: dict, measured=MEASURED, differences=True) -> pd.DataFrame:
    pd.DataFrame(reference).to_csv(folder / "known.csv", index=False)
    return beside_reference(measured, str(folder / "known.csv"), "known", KEYS, VALUES, differences)


def test_rows_are_matched_by_their_keys_and_those_without_a_number_are_empty(tmp_path):
    joined = beside(tmp_path, {"family": ["soft", "soft"], "generation": [1, 5], "accuracy": [0.75, 0.5]})
    pd.testing.assert_frame_equal(joined[list(MEASURED)], MEASURED)
    assert list(joined)[len(MEASURED.columns) :] == ["known_accuracy", "accuracy_difference"]
    np.testing.assert_equal(joined["known_accuracy"].tolist(), [np.nan, np.nan, 0.75] * 2)
    assert joined["accuracy_difference"][[2, 5]].tolist() == pytest.approx([-0.05, -0.04])
    assert joined["accuracy_difference"][[0, 1, 3, 4]].isna().all()


def test_a_generation_that_is_empty_is_the_teachers(tmp_path):
    joined = beside(tmp_path, {"family": ["teacher", "soft"], "generation": [None, 0], "accuracy": [0.6, 0.5]})
    np.testing.assert_equal(joined["known_accuracy"].tolist(), [0.6, 0.5, np.nan] * 2)


def test_a_reference_that_has_some_of_the_keys_is_matched_by_those(tmp_path):
    joined = beside(tmp_path, {"family": ["soft"], "loss": [0.5]})
    np.testing.assert_equal(joined["known_loss"].tolist(), [np.nan, 0.5, 0.5] * 2)
    assert "known_accuracy" not in joined


def test_several_seeds_of_a_reference_are_averaged(tmp_path):
    known = {"seed": [3, 4, 5, 3], "family": ["soft"] * 3 + ["teacher"], "generation": [0, 0, 0, None]}
    joined = beside(tmp_path, known | {"accuracy": [0.5, 0.6, 1.0, 0.2]})
    assert len(joined) == len(MEASURED)
    np.testing.assert_allclose(joined["known_accuracy"], [0.2, 0.7, np.nan] * 2)
    np.testing.assert_allclose(joined["accuracy_difference"], [0.7, 0.1, np.nan, 0.71, 0.11, np.nan])


def test_one_row_without_keys_stands_beside_every_row(tmp_path):
    joined = beside(tmp_path, {"accuracy": [0.5]})
    assert joined["known_accuracy"].tolist() == [0.5] * 6
    np.testing.assert_allclose(joined["accuracy_difference"], MEASURED["accuracy"] - 0.5)


@pytest.mark.parametrize("rows", [0, 2])
def test_other_than_one_row_without_keys_is_an_error(tmp_path, rows):
    with pytest.raises(InputError, match=rf"known\.csv: expected one row or a column that names the rows, got {rows}"):
        beside(tmp_path, {"accuracy": [0.5] * rows})


def test_differences_are_left_out_where_they_mean_nothing(tmp_path):
    joined = beside(tmp_path, {"accuracy": [0.5], "loss": [0.4]}, differences=False)
    assert list(joined) == [*MEASURED, "known_accuracy", "known_loss"]


def test_a_name_that_gives_a_column_that_is_there_is_an_error(tmp_path):
    measured = MEASURED.assign(known_loss=0)
    with pytest.raises(InputError, match="gives no column known_loss, got known: rename it"):
        beside(tmp_path, {"accuracy": [0.5], "loss": [0.4]}, measured)
    assert "known_accuracy" in beside(tmp_path, {"accuracy": [0.5]}, measured)


def test_without_a_reference_a_table_is_as_it_was():
    assert beside_reference(MEASURED, None, None, KEYS, VALUES) is MEASURED


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("results/first/tables", "first"),
        ("results/first/tables/", "first"),
        ("known/numbers", "numbers"),
        ("one", "one"),
    ],
)
def test_a_reference_is_named_by_its_folder_or_its_run(folder, name):
    assert short_name(folder) == name


def made_up(folder: Path, seeds: tuple[int, ...] = (0,), accuracy: float = 0.9) -> MadeUp:
    folder.mkdir()
    accuracies = {network: accuracy - number / 40 for number, network in enumerate(NETWORKS)}
    confidence = {network: 0.01 + number / 70 for number, network in enumerate(NETWORKS)}
    return MadeUp(folder, IMAGES, accuracies, confidence, list(NETWORKS), seeds=seeds, classes=("ant", "bee"))


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> MadeUp:
    """A made-up run of the classes ant and bee, without reference numbers; all its tables are there."""
    run = made_up(tmp_path_factory.mktemp("runs") / "run")
    for name in TABLES:
        run.tabulate(name)
    return run


def documented(name: str) -> set[str]:
    """The columns of a table that docs/files.md explains, and those of all metrics."""
    (section,) = re.findall(rf"^### `tables/{name}.csv`\n(.*?)^##", FILES_PAGE, re.MULTILINE | re.DOTALL)
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    of_metrics = (
        {metric + end for metric in METRICS for end in ("", "_low", "_high")} if name == "uncertainty" else set()
    )
    return {column for cell in cells for column in re.findall(r"`(\w+)`", cell)} | of_metrics


@pytest.mark.parametrize("name", TABLES)
def test_every_table(run, name):
    """The contract of the door: its columns are explained, its keys name a row, and the summary shows it."""
    table, frame = TABLES[name], run.run().table(name)
    assert len(frame) and set(frame) <= documented(name)
    of_more_classes = {name for name, metric in METRICS.items() if metric.fewest_classes > 2}
    assert {*table.keys, *table.values} <= set(frame) | of_more_classes
    assert not frame.duplicated([*(["seed"] if "seed" in frame else []), *table.keys]).any()
    assert table.title and table.caption.endswith(".")
    assert table.section in SECTIONS


def test_a_table_without_a_form_of_its_own_is_shown_as_it_is(run, monkeypatch):
    added = replace(TABLES["best_epoch"], section="examples", title="added epochs", caption="What was added.")
    monkeypatch.setitem(TABLES, "added", added)
    tables = {name: run.run().table(name) for name in (*run.files, "added") if name in TABLES and name != "added"}
    contents = Contents(tables | {"added": tables["best_epoch"]}, NETWORKS, "soft-0", pd.DataFrame(), None)
    words, shown = paragraphs("examples", contents, [])
    assert words == "**Added epochs.** What was added. `tables/added.csv` has all rows and columns."
    assert shown.splitlines()[0] == "| network | epoch |" and len(shown.splitlines()) == 2 + len(NETWORKS)
    assert paragraphs("best_epoch", contents, []) == SECTIONS["best_epoch"].body(contents, [])


@pytest.mark.parametrize("name", TABLES)
def test_a_run_beside_itself_differs_by_exactly_zero(run, name):
    joined = run.tabulate(name, "first", Path(run.files[name]).parent)
    run.tabulate(name)  # as it was, for the other tests
    table = TABLES[name]
    values = [value for value in table.values if value in joined]
    differences = [f"{value}_difference" for value in values if table.differences]
    added = [f"first_{value}" for value in values]
    assert list(joined) == [*run.run().table(name), *added, *differences]
    for value in values:
        assert joined[f"first_{value}"].equals(joined[value])
    assert (joined[differences].fillna(0) == 0).all(axis=None)
    assert [joined[one].notna().sum() for one in differences] == [
        joined[value].notna().sum() for value in values if table.differences
    ]


def test_two_seeds_beside_an_earlier_run_of_two_seeds_are_compared_with_its_mean(tmp_path):
    earlier, later = made_up(tmp_path / "earlier", (0, 1), 0.8), made_up(tmp_path / "later", (0, 1))
    known = earlier.tabulate("evaluation")
    joined = later.tabulate("evaluation", "earlier", tmp_path / "earlier/tables")
    means = known.groupby(list(TABLES["evaluation"].keys))["loss"].mean()
    for row in joined.to_dict("records"):
        mean = means[tuple(row[key] for key in TABLES["evaluation"].keys)]
        assert row["earlier_loss"] == pytest.approx(mean)
        assert row["loss_difference"] == pytest.approx(row["loss"] - mean, abs=1e-8)
    assert joined["loss_difference"].nunique() > 2


@pytest.fixture(scope="module")
def planned() -> Pages:
    """The plan of the built-in run."""
    plan = plan_networks(checked(yaml.safe_load((ROOT / "config.yaml").read_text())))
    return Pages(plan, Files(plan))


@pytest.mark.parametrize("registry", [TABLES, FIGURES], ids=["tables", "figures"])
def test_the_plan_has_every_file_and_setting_that_a_table_or_a_figure_asks_for(planned, registry):
    assert {need for one in registry.values() for need in one.needs} <= set(planned.files.known)
    assert {setting for one in registry.values() for setting in one.settings} <= set(planned.settings)


def test_the_plan_has_no_setting_that_nothing_takes(planned):
    taken = {setting for registry in (TABLES, FIGURES) for one in registry.values() for setting in one.settings}
    assert set(planned.settings) == taken


@pytest.mark.parametrize("name", TABLES)
def test_a_table_takes_the_settings_that_it_names_and_needs_the_files_that_it_reads(run, planned, name):
    table = TABLES[name]
    assert list(inspect.signature(table.rows).parameters) == ["run", *table.settings]
    few = {need: run.files[need] for need in table.needs}
    settings = {setting: planned.settings[setting] for setting in table.settings}
    for missing in table.needs:
        with pytest.raises(KeyError, match=missing):
            table.rows(Run(run.results, run.classes, without(few, missing)), **settings)
    rows = table.rows(Run(run.results, run.classes, few), **settings)
    assert list(rows) == list(run.run().table(name))


def without(files: dict, name: str) -> dict:
    return {other: path for other, path in files.items() if other != name}


@pytest.fixture(scope="module", params=[2, 10])
def pictured(tmp_path_factory, request) -> MadeUp:
    """A made-up run of two or ten classes with all tables, a model of the teacher, and images."""
    folder = tmp_path_factory.mktemp("pictured")
    names = [f"class {number}" for number in range(request.param)]
    made = MadeUp(folder, dict.fromkeys(IMAGES, 30), {"soft-1": 0.5}, None, list(NETWORKS), classes=tuple(names))
    for name in TABLES:
        made.tabulate(name)
    build_network("teacher", 32, "resnet18", classes=len(names)).save(folder / "teacher.keras")
    np.save(folder / "test.npy", np.random.default_rng(0).integers(0, 255, (30, 32, 32, 3), dtype=np.uint8))
    made.files |= {"teacher_model": str(folder / "teacher.keras"), "test_images": str(folder / "test.npy")}
    return made


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure(pictured, planned, name, tmp_path):
    """The contract of the door: it takes what its entry says, is plotted from what it needs, and has its words."""
    figure, classes = FIGURES[name], len(pictured.classes)
    plot = importlib.import_module(figure.module).plot
    assert list(inspect.signature(plot).parameters) == ["run", "pictures", "run_description", *figure.settings]
    assert figure.section in SECTIONS and figure.title and figure.caption.endswith(".")
    pictures = figure.pictures(NETWORKS)
    assert pictures and len(set(pictures.values())) == len(pictures)
    assert ("{}" in figure.title) == (len(pictures) > 1 or set(pictures) != {""})
    if classes < figure.fewest_classes:
        pytest.skip("not plotted with so few classes")
    run = replace(pictured.run(), files={need: pictured.files[need] for need in figure.needs})
    settings = {setting: (planned.settings | {"students": STUDENTS})[setting] for setting in figure.settings}
    paths = [str(tmp_path / f"{picture}.{suffix}") for picture in pictures.values() for suffix in ("svg", "png")]
    plot_figure(figure.module, run, settings, list(pictures), "Run made-up.", paths)
    for path in map(Path, paths[::2]):
        ElementTree.parse(path)
        words = words_in_svg(path)
        assert "Run made-up." in words and not re.search(r"\bNone\b|\bnan\b", words)


def test_what_the_paper_adds_it_adds_to_something_that_is_there():
    everything = networks({"classic": {"labels": "manual", "generations": 0}} | STUDENTS)
    pictures = {picture for figure in FIGURES.values() for picture in figure.pictures(everything).values()}
    paper = biryukova.PRESENTATION
    assert set(paper.numbers) <= pictures
    assert set(paper.headings) <= set(SECTIONS)
    assert set(paper.notes) <= {*TABLES, *FIGURES}
    assert set(paper.reference_rows) <= set(TABLES["timing"].keys)
    assert paper.numbered("training-hard") == "4-training-hard" and paper.numbered("timing") == "timing"
    assert paper.headed("time", "Time") == "Time (section 4.1)" and paper.headed("classes", "Errors") == "Errors"
    assert Presentation().titled("teacher", "scheme") == "scheme" != paper.titled("teacher", "scheme")


def of_the_paper(text: str) -> list[str]:
    """What only the paper or its images could have brought into a result."""
    return re.findall(r"(?i)paper_|\b(?:cats?|dogs?)\b|kaggle|\bthe paper", text)


def test_what_is_of_the_paper_is_found():
    text = "paper_loss, a Dog; Kaggle's cats, as the paper; concatenate, doggedly, paperless"
    assert of_the_paper(text) == ["paper_", "Dog", "Kaggle", "cats", "the paper"]


def words_in_svg(path: Path) -> str:
    """Matplotlib writes text as paths, and the text stands in comments before them."""
    return "\n".join(re.findall(r"<!--(.*?)-->", path.read_text(), re.DOTALL))


def test_nothing_of_the_paper_is_in_a_result_without_it(run, tmp_path):
    for name in TABLES:
        assert not of_the_paper(Path(run.files[name]).read_text())
    build_network("teacher", 32, "resnet18", dropout=0.5).save(tmp_path / "teacher.keras")
    array = np.random.default_rng(0).integers(0, 255, (IMAGES["test"], 32, 32, 3), dtype=np.uint8)
    np.save(tmp_path / "test.npy", array)
    run.files |= {"teacher_model": str(tmp_path / "teacher.keras"), "test_images": str(tmp_path / "test.npy")}
    choice = {"margin": 0.01, "ms": None, "mb": None}
    settings = {"shown": ["teacher", "soft-0"], "chooses": False, "students": STUDENTS, "seed": 0}
    settings |= {"reference_rows": {}, "choice": choice}
    pngs, sections = [], {}
    for figure in FIGURES.values():
        pictures = figure.pictures(NETWORKS)
        paths = [str(tmp_path / f"figures/{one}.{kind}") for one in pictures.values() for kind in ("svg", "png")]
        given = {setting: settings[setting] for setting in figure.settings}
        plotted = replace(run.run(), files={need: run.files[need] for need in figure.needs})
        plot_figure(figure.module, plotted, given, list(pictures), "Run made-up.", paths)
        pngs += paths[1::2]
        sections |= dict.fromkeys(pictures.values(), figure.section)
        for path in map(Path, paths[::2]):
            ElementTree.parse(path)
            words = words_in_svg(path)
            assert "Run made-up." in words and not of_the_paper(words), path
            assert not re.search(r"(?i)\breference\b|\bNone\b|\bnan\b", words), path
    rows = [(name, part, images // 2) for name in run.classes for part, images in IMAGES.items()]
    pd.DataFrame(rows, columns=["class", "split", "images"]).to_csv(tmp_path / "counts.csv", index=False)
    pd.DataFrame(columns=["group", "image_id"]).to_csv(tmp_path / "copies.csv", index=False)
    pd.DataFrame(columns=REJECTED_COLUMNS).to_csv(tmp_path / "rejected.csv", index=False)
    write_summary(
        run_description={"run": "Run made-up."},
        warnings=[],
        index=run.files["index"],
        pixels=[Pixels(32)],
        counts=tmp_path / "counts.csv",
        rejected=tmp_path / "rejected.csv",
        copies=tmp_path / "copies.csv",
        splits=run.files["splits"],
        tables={name: run.files[name] for name in TABLES},
        figures=pngs,
        sections_of_pictures=sections,
        inserts=[],
        headings={key: Presentation().headed(key, section.heading) for key, section in SECTIONS.items()},
        measurements=run.files["measurements"],
        exports=[],
        int8_max_drop=0,
        lineages=run.files["lineages"],
        settings=dict.fromkeys(NETWORKS, TRAINED_WITH),
        students=STUDENTS,
        teacher_is_given=False,
        shown=["teacher", "soft-0"],
        choice=choice,
        reference=None,
        about_reference="",
        summary=tmp_path / "summary.md",
    )
    page = (tmp_path / "summary.md").read_text()
    assert "(ant, bee)" in page and "figures/timing.png" in page
    assert not of_the_paper(page)
    assert "| difference" not in page
    captions = [one.title + one.caption for registry in (TABLES, FIGURES) for one in registry.values()]
    assert not of_the_paper(" ".join(captions))
