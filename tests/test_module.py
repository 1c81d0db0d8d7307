"""Another workflow takes this one as a module, as docs/running.md has it, and overrides its config."""

import re
import shutil
import textwrap

import pandas as pd
import pytest
import yaml
from conftest import ROOT, TINY, save_extractor, snakemake

from snakedistill.data.images import MappedImages

TRIGGERS = ("--rerun-triggers", "mtime", "params", "input", "software-env")  # of profiles/default
REST = """
configfile: "config.yaml"

{example}

rule count:
    default_target: True
    input:
        rules.distil_split_images.output.splits
    output:
        "count.txt"
    shell:
        "wc -l < {{input}} > {{output}}"
"""


@pytest.fixture
def outer(tmp_path, archive):
    """A workflow around the example of the page, with the forty pictures."""
    example = re.search(
        r"^    module snakedistill:\n.*?distil_\*\n", (ROOT / "docs/running.md").read_text(), re.M | re.S
    )
    (tmp_path / "Snakefile").write_text(REST.format(example=textwrap.dedent(example[0])))
    shutil.copytree(ROOT / "workflow", tmp_path / "snakedistill/workflow")
    shutil.copytree(ROOT / "presets", tmp_path / "snakedistill/presets")
    shutil.copytree(ROOT / "envs", tmp_path / "snakedistill/envs")
    for file in ("Snakefile", "config.yaml"):
        shutil.copy(ROOT / file, tmp_path / "snakedistill")
    (tmp_path / "photographs").mkdir()
    archive.rename(tmp_path / "photographs/archive.zip")
    save_extractor(tmp_path / "extractor.keras")
    settings = TINY | {"archive": "photographs/archive.zip"}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"distillation": settings, "something": "else"}))
    return tmp_path


def test_the_config_is_overridden_and_the_rest_is_this_projects(outer):
    run = outer / "distillation/results/tiny"
    array = "data/images/32-squash-nearest/train.npy"
    snakemake(outer, *TRIGGERS, "--", "count", f"{run.relative_to(outer)}/{array}", "distil_write_config")
    assert (outer / "count.txt").read_text().strip() == str(1 + 40)
    assert MappedImages(run / array).shape == (28, 32, 32, 3)
    written = yaml.safe_load((run / "config.yaml").read_text())
    ours = yaml.safe_load((ROOT / "config.yaml").read_text())
    assert set(written) == set(ours)
    assert written["teacher"] == ours["teacher"] | TINY["teacher"]
    assert written["split"] == ours["split"]


@pytest.mark.long
def test_a_training_run_and_its_figures_stay_below_the_prefix(outer):
    run = "distillation/results/tiny"
    targets = [f"{run}/figures/1-teacher.svg", f"{run}/figures/2-training-teacher.svg"]
    families = {"classic": {"generations": 0}, "hard": {"generations": 0}, "soft": {"generations": 0}}
    config = yaml.safe_load((outer / "config.yaml").read_text())
    config["distillation"]["students"] = families
    config["distillation"]["export"]["network"] = "soft-0"
    (outer / "config.yaml").write_text(yaml.safe_dump(config))
    snakemake(outer, *TRIGGERS, "--", *targets)
    assert [target for target in targets if not (outer / target).is_file()] == []
    assert len(pd.read_csv(outer / run / "seed-0/history/soft-0.csv")) == 2
    assert not (outer / "results").exists()
    assert "Nothing to be done" in snakemake(outer, "-n", *TRIGGERS, "--", *targets).stdout


def test_the_whole_experiment_is_planned(outer):
    out = snakemake(outer, "-n", *TRIGGERS, "--", "distil_all").stdout
    jobs = dict(re.findall(r"^distil_(\w+) +(\d+)$", out, re.MULTILINE))
    assert jobs["train_student"] == "6"
    assert jobs["export_onnx"] == "3"
    assert jobs["write_bundle"] == jobs["summarise"] == "1"


def test_weights_are_fetched_where_snakemake_runs_not_on_a_node(outer):
    weights = outer / "distillation/results/weights"
    target = "distillation/results/weights/nosuch-imagenet-notop.h5"
    cluster = ("--jobs", "1", "--seconds-between-status-checks", "1", "--executor", "cluster-generic")
    cluster += ("--cluster-generic-submit-cmd", "touch submitted; false")
    snakemake(outer, *cluster, "--", target, check=False)
    assert "nosuch" in (weights / "nosuch.log").read_text()  # there is no such network, which only the job finds out
    assert not (outer / "submitted").exists()
    snakemake(outer, *cluster, "--", "distil_index_archive", check=False)
    assert (outer / "submitted").exists()


def test_an_unknown_key_is_named(outer):
    (outer / "config.yaml").write_text(yaml.safe_dump({"distillation": {"image_sise": 64}}))
    done = snakemake(outer, "-n", check=False)
    assert "image_sise: unknown key; did you mean image_size?" in done.stdout


HOSTS_RULE = """
rule hosts:
    output:
        "hosts.txt"
    shell:
        "touch {output}"
"""
MODULE = """
module snakedistill:
    snakefile: "{}"
    config: {{"students": {{"hard": None, "soft": {{"generations": 0}}}}}}

use rule * from snakedistill as distil_*
"""


def planned_jobs(folder, *arguments):
    out = snakemake(folder, "-n", *arguments).stdout
    return dict(re.findall(r"^(\w+) +(\d+)$", out, re.MULTILINE))


@pytest.mark.parametrize(
    ("snakefile", "before", "behind"),
    [
        pytest.param("workflow/Snakefile", HOSTS_RULE, "", id="host first"),
        pytest.param("Snakefile", "", HOSTS_RULE, id="module first"),
    ],
)
def test_the_hosts_first_rule_is_the_default_target(tmp_path, snakefile, before, behind):
    (tmp_path / "Snakefile").write_text(before + MODULE.format(ROOT / snakefile) + behind)
    assert planned_jobs(tmp_path) == {"hosts": "1", "total": "1"}


@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_of_a_host_without_rules_the_whole_experiment_is_the_default_target(tmp_path, snakefile):
    (tmp_path / "Snakefile").write_text(MODULE.format(ROOT / snakefile))
    jobs = planned_jobs(tmp_path)
    assert jobs["distil_all"] == "1"
    assert jobs["distil_train_student"] == "2"


def test_it_starts_from_any_folder_with_its_own_settings(tmp_path):
    """The folder has a `config.yaml` of something else, which does not count."""
    (tmp_path / "config.yaml").write_text("students: nonsense\n")
    (tmp_path / "mine.yaml").write_text("students: {hard: null, soft: {generations: 0}}\n")
    (tmp_path / "elsewhere").mkdir()
    arguments = ("--snakefile", str(ROOT / "workflow/Snakefile"), "--directory", "..", "--configfile", "../mine.yaml")
    assert planned_jobs(tmp_path / "elsewhere", *arguments)["train_student"] == "2"
    assert planned_jobs(tmp_path, "--snakefile", str(ROOT / "Snakefile"))["train_student"] == "15"
