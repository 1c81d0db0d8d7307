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
    # tests/test_readme.py runs the preset for photographs.
    commands = [
        command for command in commands if command.split()[0] in ("python", "snakemake") and "mydata" not in command
    ]
    assert len(commands) == 3
    for command in commands:
        program, *arguments = command.split()
        python = [sys.executable] if program == "python" else [sys.executable, "-m", program]
        done = subprocess.run([*python, *arguments], cwd=project, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
    digits = [str(number) for number in range(10)]
    counts = {name: len(list((project / "digits" / name).iterdir())) for name in digits}
    assert "writes 1,797\nhandwritten digits" in PAGE and sum(counts.values()) == 1797
    said = re.search(r"`digits/0/` with (\d+) files to `digits/9/` with (\d+)", PAGE).groups()
    assert [counts["0"], counts["9"]] == [int(number) for number in said]

    run = project / "results/digits"
    assert yaml.safe_load((run / "config.yaml").read_text())["classes"] == digits
    used = pd.read_csv(run / "data/counts.csv")
    assert used.groupby("class")["images"].sum().to_dict() == {int(name): count for name, count in counts.items()}
    table = pd.read_csv(run / "tables/uncertainty.csv")
    accuracy = table[table["split"] == "test"].set_index("network")["accuracy"]
    assert accuracy["teacher"] > 0.97
    assert (accuracy["teacher"] - accuracy).max() <= 0.02
    for file in re.findall(r"`(results/digits/\S+?)`", PAGE):
        assert (project / file).exists()
