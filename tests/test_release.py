"""What a release says of itself: the same version and date everywhere, and well-formed files for services."""

import re
import tomllib

import yaml
from conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())


def test_version_and_date_are_those_of_pyproject_and_the_changelog():
    version, date = re.search(r"^## (\S+), (\S+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE).groups()
    assert version == CITATION["version"] == PROJECT["version"]
    assert date == str(CITATION["date-released"])
    assert CITATION["license"] == PROJECT["license"]


def test_the_hosted_ci_runs_the_gates_commands_on_the_supported_pythons():
    job = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]["test"]
    least, most = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()
    assert job["strategy"]["matrix"]["python"] == [f"3.{minor}" for minor in range(int(least), int(most))]
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands == ["make lint", "make test"]
    assert set(commands) <= set((ROOT / ".ci/run").read_text().splitlines())
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [hook["entry"] for hook in repository["hooks"]] == commands[:1]


def test_a_release_is_of_the_version_and_its_commands_are_there():
    """Each `make` target and each program of `.venv` that the workflows call; the tag is compared with the version."""
    release, ci = (
        yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text())["jobs"] for name in ("release", "ci")
    )
    commands = [step["run"] for job in (*release.values(), *ci.values()) for step in job["steps"] if "run" in step]
    targets = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    assert {command.split()[1] for command in commands if command.startswith("make ")} <= set(targets)
    locked = re.findall(r"^(\S+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert set(re.findall(r"\.venv/bin/(\w+)", " ".join(commands))) <= set(locked)
    assert 'test "$GITHUB_REF_NAME" = "v$(.venv/bin/hatchling version)"' in commands
    assert any("snakedistill.SNAKEFILE" in command for command in commands)


def test_templates_and_catalog_are_yaml_with_what_they_must_have():
    for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"):
        template = yaml.safe_load(path.read_text())
        assert path.stem == "config" or {"name", "description", "body"} <= set(template), path
    assert yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]["report"] is True
