"""README: its graph is the workflow's, and its commands are run, here or by other tests."""

import html
import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import ROOT, copy_project, jpeg

README = (ROOT / "README.md").read_text()
COMMANDS = [line.split("#")[0].strip() for line in re.findall(r"^    ((?:make|snakemake) .*)$", README, re.MULTILINE)]
RUN, TEST, OWN_IMAGES = COMMANDS
PARTS_OF_A_STAGE = {"teacher": "training"}  # rules of a stage that are in a file of their own


def stage(rule: str) -> str:
    """The file of rules that a rule of the graph is in."""
    for file in sorted((ROOT / "workflow/rules").glob("*.smk")):
        if re.search(rf"^ *(use )?rule (\w+ as )?{rule}( with)?:", file.read_text(), re.MULTILINE):
            return PARTS_OF_A_STAGE.get(file.stem, file.stem)
    return {"tabulate": "tables", "plot": "figures", "export": "export"}[rule.partition("_")[0]]


def rule_graph(folder: Path) -> set[tuple[str, str]]:
    """The edges of the rule graph of the sample run."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--rulegraph", "mermaid-js"]
    command += ["--configfile", ROOT / "config.yaml"]
    printed = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout
    names = dict(re.findall(r"(id\d+)\[(\w+)\]", printed))
    return {(names[one], names[other]) for one, other in re.findall(r"(id\d+) --> (id\d+)", printed)}


def edges_of_picture(path: Path) -> set[tuple[str, str]]:
    """The edges of a graph that Graphviz wrote as SVG."""
    groups = re.findall(r'class="(?:node|edge)">(.*?)</g>', path.read_text(), re.DOTALL)
    titles = [html.unescape(re.search("<title>(.*?)</title>", group)[1]) for group in groups]
    names = {
        title: re.search("<text.*?>(.*?)</text>", group)[1]
        for title, group in zip(titles, groups, strict=True)
        if "->" not in title
    }
    return {tuple(names[end] for end in title.split("->")) for title in titles if "->" in title}


def edges_of_readme() -> set[tuple[str, str]]:
    """The edges of README's graph, which is Mermaid."""
    graph = re.search(r"```mermaid\nflowchart \w+\n(.*?)```", README, re.DOTALL)[1]
    chains = [re.split(r" --(?: .*? --)?> ", line.strip()) for line in graph.strip().splitlines()]
    return {edge for chain in chains for edge in itertools.pairwise(chain)}


def reached(edges: set[tuple[str, str]], start: str) -> set[str]:
    """All that a node leads to."""
    found, waiting = set(), [start]
    while waiting:
        node = waiting.pop()
        new = {target for source, target in edges if source == node} - found
        found |= new
        waiting += new
    return found


def test_the_graphs_of_rules_and_of_stages_are_the_workflows(tmp_path):
    """README's graph has the files of rules, and lacks edges that others imply."""
    edges = rule_graph(tmp_path)
    how = "make it again: snakemake --rulegraph dot | dot -Tsvg > docs/rules.svg"
    assert edges_of_picture(ROOT / "docs/rules.svg") == edges, how
    stages = {(stage(one), stage(other)) for one, other in edges if other != "all"}
    stages = {(one, other) for one, other in stages if one != other}
    of_readme = edges_of_readme()
    assert of_readme <= stages
    assert set(itertools.chain(*of_readme)) == set(itertools.chain(*stages))
    assert [(one, other) for one, other in stages if other not in reached(of_readme, one)] == []


def test_the_gate_runs_the_tests_as_readme_does():
    assert TEST == "make test"
    assert TEST in (ROOT / ".ci/run").read_text().splitlines()


@pytest.mark.long
def test_readmes_commands_run_in_a_copy_of_the_project(tmp_path):
    """With fewer and smaller images and networks than the sample's; `make` finds an environment that is ready."""
    project = tmp_path / "a copy"
    project.mkdir()
    copy_project(project)
    for name in ("Makefile", "requirements.txt"):
        shutil.copy2(ROOT / name, project)
    (project / ".venv/bin").mkdir(parents=True)
    for name in ("python", "snakemake"):
        (project / f".venv/bin/{name}").symlink_to(Path(sys.executable).with_name(name))
    (project / ".venv/.ready").touch()
    settings = yaml.safe_load((project / "config.yaml").read_text())
    settings |= {"paper": None, "sample": settings["sample"] | {"images": 60, "unlabelled": 0}}
    small = {"backbone": "extractor.keras", "preprocessing": "none", "epochs": 1}
    settings["teacher"] |= small
    settings["student"] |= small
    settings["students"] = {"soft": {"labels": "soft", "generations": 0}}
    settings["timing"]["rounds"] = 2
    settings["export"]["int8_max_drop"] = 1
    (project / "config.yaml").write_text(yaml.safe_dump(settings))
    preset = yaml.safe_load((project / "presets/photographs.yaml").read_text())
    preset["teacher"] |= small | {"weights": None, "image_size": 48, "epochs": 1}
    preset["student"] |= small | {"weights": None, "image_size": 32, "epochs": 0}
    preset["students"]["soft224"] = None
    preset["timing"]["rounds"] = 2
    (project / "presets/photographs.yaml").write_text(yaml.safe_dump(preset))
    rng = np.random.default_rng(0)
    for number in range(60):
        image = project / f"mydata/{'ab'[number % 2]}/{number}.jpg"
        image.parent.mkdir(parents=True, exist_ok=True)
        image.write_bytes(jpeg(rng, number % 2))
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for command in (RUN, OWN_IMAGES):
        subprocess.run(command, shell=True, cwd=project, env=environment, check=True)
    assert (project / "results/sample/summary.html").is_file()
    assert "60 images" in (project / "results/photographs/summary.md").read_text()
