"""The tutorial: its files and commands, as they stand on the page."""

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from conftest import ROOT, copy_project

PAGE = (ROOT / "docs/your-own-images.md").read_text()


def file_of_the_page(name: str) -> str:
    return re.search(rf"```\w+\n# {re.escape(name)}\n(.*?)```", PAGE, re.DOTALL)[1]


@pytest.fixture
def project(tmp_path) -> Path:
    copy_project(tmp_path)
    for name in ("make_digits.py", "mine.yaml"):
        (tmp_path / name).write_text(file_of_the_page(name))
    return tmp_path


@pytest.mark.long
def test_the_commands_of_the_tutorial(project):
    commands = re.findall(r"^    (\S.*)$", PAGE, re.MULTILINE)
    commands = [command for command in commands if command.split()[0] in ("python", "snakemake")]
    assert len(commands) == 3
    for command in commands:
        program, *arguments = command.split()
        python = [sys.executable] if program == "python" else [sys.executable, "-m", program]
        done = subprocess.run([*python, *arguments], cwd=project, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
    counts = {name: len(list((project / "digits" / name).iterdir())) for name in ("0", "1")}
    said = re.search(r"`digits/0/` with (\d+) files and `digits/1/` with (\d+)", PAGE).groups()
    assert counts == dict(zip(("0", "1"), map(int, said), strict=True))

    run = project / "results/digits"
    assert yaml.safe_load((run / "config.yaml").read_text())["classes"] == ["0", "1"]
    used = pd.read_csv(run / "data/counts.csv")
    assert used.groupby("class")["images"].sum().to_dict() == {0: 178, 1: 182}
    table = pd.read_csv(run / "tables/uncertainty.csv")
    accuracy = table[table["split"] == "test"].set_index("network")["accuracy"]
    assert accuracy["teacher"] > 0.97
    assert (accuracy["teacher"] - accuracy).max() <= 0.02
    for file in re.findall(r"`(results/digits/\S+?)`", PAGE):
        assert (project / file).exists()
