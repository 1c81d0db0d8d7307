"""The page of photographs of one's own: its files and commands, as they stand there, with the real ImageNet weights."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT, copy_project

from snakedistill.data.sample import draw_animal

PAGE = (ROOT / "docs/your-own-images.md").read_text()
COMMANDS = re.findall(r"^    (snakemake .*?)(?: +#.*)?$", PAGE, re.MULTILINE)
IMAGES = 60


@pytest.fixture
def project(tmp_path) -> Path:
    """A copy of the project with the files of the page, and drawings as large as photographs in class folders."""
    copy_project(tmp_path)
    (tmp_path / "mine.yaml").write_text(re.search(r"```yaml\n# mine.yaml\n(.*?)```", PAGE, re.DOTALL)[1])
    rng = np.random.default_rng(0)
    for number in range(IMAGES):
        path = tmp_path / f"mydata/{('bees', 'ants')[number % 2]}/IMG_{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_animal(rng, float(number % 2)).save(path)
    (tmp_path / "FOLDER").mkdir()
    draw_animal(rng, 1.0).save(tmp_path / "FOLDER/an ant.jpg")
    return tmp_path


@pytest.mark.long
def test_the_commands_of_the_page(project):
    """The preset for photographs from the command to the summary, and what is said of its results.

    Commands with a second file of settings, which train more students or the same ones again, are planned alone.
    """
    assert len(COMMANDS) == 8
    for command in COMMANDS:
        planned = ["-n"] if command.count(".yaml") > 1 else []
        called = [sys.executable, "-m", *command.split(), *planned]
        done = subprocess.run(called, cwd=project, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stderr[-3000:]}"

    run = project / "results/photographs"
    for file in re.findall(r"`(results/\S+?)`", PAGE):
        assert (project / file).exists(), file
    preset = yaml.safe_load((project / "presets/photographs.yaml").read_text())
    assert yaml.safe_load((run / "config.yaml").read_text())["classes"] == ["ants", "bees"]
    assert pd.read_csv(run / "data/counts.csv")["images"].sum() == IMAGES
    students = [f"{family}-0" for family, settings in preset["students"].items() if settings]
    assert students == ["classic-0", "soft-0", "soft224-0"]
    for network, recipe in (("teacher", "teacher"), *((student, "student") for student in students)):
        history = pd.read_csv(run / f"seed-0/history/{network}.csv")
        assert history["epoch"].tolist() == list(range(len(history))), "the head alone is epoch 0"
        assert 1 < len(history) <= 1 + preset[recipe]["epochs"] and history["kept"].sum() == 1
        assert history["accuracy"].iloc[0] > 0.9, f"the head of {network} does not fit the photographs"
    weights = sorted(path.name for path in (project / "results/weights").iterdir() if path.suffix == ".h5")
    assert weights == [f"efficientnet_lite{size}-imagenet-notop.h5" for size in (0, 2)]
    deployed = {path.name for path in (run / "deploy").iterdir()}
    assert {"model.onnx", "model.tflite", "classify.py"} <= deployed
    (answers,) = (run / "photos").glob("*/answers.csv")
    assert pd.read_csv(answers)["photo"].tolist() == ["an ant.jpg"]
