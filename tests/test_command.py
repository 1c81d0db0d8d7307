"""The command `snakedistill`: what it gives Snakemake, and the settings that it writes for a folder of images."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import ROOT, jpeg, kaggle_zip, save_small_backbone, snakemake

from snakedistill import command
from snakedistill.command import init
from snakedistill.configuration.estimate import Estimate
from snakedistill.configuration.recipes import recipe
from snakedistill.core.errors import InputError


@pytest.fixture
def factor(monkeypatch):
    """In place of a measured training step: how many times longer all takes than the estimate says."""
    found = [1.0]
    monkeypatch.setattr(init, "_measured_factor", lambda config, cores: found[0])
    return found


def images(folder: Path, numbers: dict[str, int], side: int = 256) -> Path:
    """A folder of images for each class, of which the first has two that cannot be decoded."""
    rng = np.random.default_rng(0)
    for label, (name, number) in enumerate(numbers.items()):
        (folder / name).mkdir(parents=True)
        for index in range(number):
            (folder / name / f"{index}.jpg").write_bytes(jpeg(rng, label % 2, side + 20, side))
    first = folder / next(iter(numbers))
    for index in (0, 1):
        (first / f"broken{index}.jpg").write_bytes(b"no image")
    return folder


def test_help_has_three_examples_and_imports_nothing_heavy():
    code = "import sys; from snakedistill import command; command.main(['--help'])"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code],
        env={"PYTHONPATH": str(ROOT / "workflow/scripts")},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.count("\n  snakedistill ") == 3
    imported = {line.split("|")[-1].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert {"argparse", "snakedistill"} <= imported
    assert imported.isdisjoint({"numpy", "pandas", "keras", "tensorflow", "snakemake", "pydantic", "yaml"})


@pytest.fixture
def started(monkeypatch, tmp_path):
    """Start `snakedistill` in a folder; the arguments that it gives Snakemake."""
    monkeypatch.chdir(tmp_path)
    found = []
    monkeypatch.setattr(command.os, "execv", lambda _, arguments: found.append(arguments[3:]))

    def start(*arguments):
        command.main(list(arguments))
        return found.pop()

    return start


def test_run_is_snakemake_with_the_preset_and_results_beside_the_settings(started, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/bees.yaml").write_text("archive: bees")
    (tmp_path / "more.yaml").touch()
    ladder = "presets/ladder.yaml"
    found = started("run", "a/bees.yaml", "-n", "--cores", "1", "--configfile", "more.yaml", ladder, "--", "classify")
    assert found[found.index("--directory") + 1] == str(tmp_path / "a")
    first = found.index("--configfile") + 1
    files = [str(ROOT / command.PRESET), str(tmp_path / "a/bees.yaml"), str(tmp_path / "more.yaml"), str(ROOT / ladder)]
    assert found[first:] == [*files, "--cores", "all", "-n", "--cores", "1", "--", "classify"]


def test_run_of_a_folder_takes_the_settings_beside_it(started, tmp_path):
    (tmp_path / "bees.v2").mkdir()
    (tmp_path / "bees.v2.yaml").touch()
    assert str(tmp_path / "bees.v2.yaml") in started("run", "bees.v2/")


def test_run_of_a_folder_without_settings_writes_them_first(started, factor, tmp_path):
    images(tmp_path / "bees", {"ants": 9, "bees": 9})
    (tmp_path / "bees/inside").mkdir()
    assert str(tmp_path / "bees.yaml") in started("run", "bees/inside/..")
    assert yaml.safe_load((tmp_path / "bees.yaml").read_text())["archive"] == "bees"


def test_what_cannot_be_run_is_said(started, capsys):
    with pytest.raises(SystemExit, match="there is no such file"):
        started("run", "missing.yaml")
    with pytest.raises(SystemExit, match="2"):
        started("init", "photos", "-n")
    assert "unknown arguments: -n" in capsys.readouterr().err


def test_the_settings_are_the_presets_where_there_is_time(factor, tmp_path, capsys):
    path = init.write_settings(images(tmp_path / "my bees", {"ants": 20, "bees": 30}), 30)
    assert path == tmp_path / "my bees.yaml"
    written = yaml.safe_load(path.read_text())
    assert (written["run"], written["archive"]) == ("my-bees", "my bees")
    preset = yaml.safe_load((ROOT / command.PRESET).read_text())
    for key in ("teacher", "student"):
        side = min(preset[key].get("image_size", preset["image_size"]), 256)
        assert written[key] == {"image_size": side, "epochs": preset[key]["epochs"]}
    said = capsys.readouterr().out
    assert "Images of my bees: 52 of 2 classes, by their names: ants 22, bees 30.\n" in said
    assert "Looked at 52 of them: the shorter side has 256 pixels (median; from 256 to 256).\n" in said
    assert "Not usable: 2 of these, such as ants/broken0.jpg: cannot be decoded" in said
    assert "Warning: few test images (ants 3, bees 4)" in said
    assert "".join(said.split()[:40]) in path.read_text().replace("#", "").replace("\n", "").replace(" ", "")
    assert max(map(len, path.read_text().splitlines())) <= 120


def test_with_less_time_first_epochs_and_then_pixels_are_fewer(factor, monkeypatch, tmp_path, capsys):
    """With an estimate of one hour an epoch and one hour a hundred pixels, on a machine that takes twice as long."""
    folder = images(tmp_path / "bees", {"ants": 20, "bees": 30})
    factor[0] = 2.0

    def estimated(plan, *_):
        recipes = [recipe(plan.config, family) for family in ("teacher", *plan.config["students"])]
        hours = sum(one["epochs"] + one["image_size"] / 100 for one in recipes)
        found.append((hours, recipes))
        return Estimate(3, 50, {"training": hours}, 1.0)

    found = []
    monkeypatch.setattr(init.first_lines, "estimated", estimated)
    init.write_settings(folder, 0)
    assert "Warning: nothing fits into 0 minutes; these are the cheapest settings.\n" in capsys.readouterr().out
    ways = list(found)
    assert [hours for hours, _ in ways] == sorted({hours for hours, _ in ways}, reverse=True)
    assert [sum(one["epochs"] for one in recipes) > 0 for _, recipes in ways] == [
        True,
        True,
        *[False] * (len(ways) - 2),
    ]
    for hours, recipes in ways:
        (tmp_path / "bees.yaml").unlink()
        written = yaml.safe_load(init.write_settings(folder, 60 * 2 * hours).read_text())
        teacher, *students = recipes
        assert written["teacher"] == {key: teacher[key] for key in ("image_size", "epochs")}
        assert written["student"] == {key: students[0][key] for key in ("image_size", "epochs")}
    assert "nothing fits" not in capsys.readouterr().out


def test_the_rule_suggest_writes_the_same_settings_and_never_deletes_any(factor, tmp_path):
    folder = images(tmp_path / "my bees", {"ants": 20, "bees": 30}, 128)
    snakefile = ("--snakefile", str(ROOT / "Snakefile"))
    suggest = (*snakefile, "--configfile", str(ROOT / command.PRESET), "--config", "archive=my bees", "--", "suggest")
    said = snakemake(tmp_path, *suggest).stdout
    path = tmp_path / "my bees.yaml"
    suggested = path.read_text()
    assert "Looked at 52 of them: the shorter side has 128 pixels" in said
    preset = os.path.relpath(ROOT / command.PRESET, tmp_path)
    to_run = f"snakemake --cores all --config 'archive=my bees' --configfile {preset} 'my bees.yaml'"
    assert f"To run it: {to_run}\n" in said
    assert to_run in " ".join(suggested.replace("#", "").split())
    path.unlink()
    assert yaml.safe_load(init.write_settings(folder, 30).read_text()) == yaml.safe_load(suggested)

    path.write_text("mine")
    assert "my bees.yaml is there already" in snakemake(tmp_path, *suggest, check=False).stdout
    assert path.read_text() == "mine"
    without_images = snakemake(tmp_path, *snakefile, "--", "suggest", check=False)
    assert "archive: expected a folder of images, got null" in without_images.stdout


def test_small_images_are_not_enlarged_as_far_as_imagenet_weights_allow(factor, tmp_path, capsys):
    for side, expected in ((150, 128), (40, 64)):
        path = init.write_settings(images(tmp_path / f"bees{side}", {"ants": 20, "bees": 20}, side), 30)
        written = yaml.safe_load(path.read_text())
        assert {written["teacher"]["image_size"], written["student"]["image_size"]} == {expected}
        assert set(written.get("students", {}).values()) <= {None}  # another student of the same size says nothing
    assert capsys.readouterr().out.count("Warning: the images are smaller than the 64 pixels") == 1


def test_zips_and_a_csv_are_looked_at_too(factor, tmp_path):
    folder = images(tmp_path / "bees", {"ants": 20, "bees": 20})
    files = sorted(folder.rglob("*.jpg"))
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as packed:
        for file in files:
            packed.write(file, file.relative_to(folder))
    rows = [f"{file.relative_to(tmp_path)},{file.parent.name}" for file in files]
    (tmp_path / "listed.csv").write_text("\n".join(["path,label", *rows]))
    named = {f"{file.parent.name}.{number}.jpg": file.read_bytes() for number, file in enumerate(files)}
    kaggle_zip(tmp_path / "kaggle.zip", named)
    for name in ("packed.zip", "listed.csv", "kaggle.zip"):
        path = init.write_settings(tmp_path / name, 30)
        assert path == (tmp_path / name).with_suffix(".yaml")
        assert yaml.safe_load(path.read_text())["archive"] == name
        assert "42 of 2 classes" in path.read_text()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param([], "expected two or more classes in .*, got none for it has no file", id="empty"),
        pytest.param(["bees/1.jpg"], "got none among its 1 files, such as bees/1.jpg: put the images", id="one class"),
        pytest.param(["1.mp4", "2.mp4"], "got none among its 2 files, such as 1.mp4", id="videos"),
        pytest.param(
            [f"{name}/{index}.mp4" for name in "ab" for index in range(9)],
            "expected images of a .*, got 9 files of which none can be used, such as a/0.mp4: cannot be decoded",
            id="class folders of videos",
        ),
        pytest.param(
            [f"{name}/{index}.mp4" for name, number in (("a", 9), ("b", 2)) for index in range(number)],
            "Class b .* does not fill",
            id="class of two",
        ),
    ],
)
def test_what_the_workflow_could_not_start_with_is_an_error(factor, tmp_path, files, expected):
    (tmp_path / "given").mkdir()
    for file in files:
        path = tmp_path / "given" / file
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"\0\0\0\x20ftypisom")
    with pytest.raises(InputError, match=expected):
        init.write_settings(tmp_path / "given", 30)
    assert not (tmp_path / "given.yaml").exists()


def test_settings_that_are_there_are_kept(factor, tmp_path):
    (tmp_path / "bees.yaml").write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        init.write_settings(images(tmp_path / "bees", {"ants": 9, "bees": 9}), 30)
    assert (tmp_path / "bees.yaml").read_text() == "mine"


@pytest.mark.parametrize(("budget", "expected"), [("30m", 30), ("1.5h", 90)])
def test_a_budget_is_minutes_or_hours(budget, expected):
    assert init.minutes(budget) == expected
    with pytest.raises(InputError, match="such as 30m or 2h"):
        init.minutes(f"{budget}s")


def test_a_step_is_measured_with_the_recipe(tmp_path):
    from snakedistill.training.step_time import seconds_of_step

    save_small_backbone(tmp_path / "small.keras")
    complete = {"image_size": 32, "backbone": str(tmp_path / "small.keras"), "preprocessing": "none"}
    complete |= {"learning_rate": 1e-3, "batch_norm": "frozen"}
    few, many = (seconds_of_step(complete | {"batch_size": size}, 3, "auto") for size in (8, 2048))
    assert 0 < few < many
