"""The software of the rules, for machines that have none of it: `envs/` for conda, `containers/` for containers."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CONTAINERFILE = (ROOT / "containers/Containerfile").read_text()
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
LATEST = {"python_full_version": "3.12.0", "python_version": "3.12"}  # of the environments


def pinned_by_requirements() -> dict[str, str]:
    """Version by package, of requirements.txt, on the environments' Python."""
    lines = re.findall(r"^(\S+==[^\\\n]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    requirements = map(Requirement, lines)
    return {
        canonicalize_name(one.name): str(one.specifier)
        for one in requirements
        if one.marker is None or one.marker.evaluate(LATEST)
    }


def packages_of(environment) -> list[Requirement]:
    dependencies = yaml.safe_load(environment.read_text())["dependencies"]
    return [Requirement(line) for line in dependencies[-1]["pip"]]


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda path: path.stem)
def test_versions_are_those_of_the_requirements(environment):
    pinned = pinned_by_requirements()
    ours = {canonicalize_name(one.name): str(one.specifier) for one in packages_of(environment)}
    jax = {"jax": "==0.10.2"} if "jax" in environment.stem else {}  # the only package that is in no requirements.txt
    assert ours == {name: pinned[name] for name in ours if name in pinned} | jax
    assert yaml.safe_load(environment.read_text())["dependencies"][0] == f"python={LATEST['python_version']}"


@pytest.mark.long
@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda path: path.stem)
def test_every_environment_can_be_installed(environment, tmp_path):
    """Its packages fit together, on Linux with the environments' Python."""
    (tmp_path / "packages.txt").write_text("\n".join(map(str, packages_of(environment))))
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--python-version", LATEST["python_version"]]
    command += ["--python-platform", "x86_64-manylinux_2_28", "--output-file", "/dev/null", "packages.txt"]
    subprocess.run(command, cwd=tmp_path, check=True)


def test_apptainer_is_given_the_image_that_the_containerfile_names(tmp_path):
    """A stand-in for apptainer notes what Snakemake calls it with, and runs the job as it is."""
    stand_in = tmp_path / "bin/apptainer"
    stand_in.parent.mkdir()
    stand_in.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = --version ]; then echo apptainer version 1.3.4; exit; fi\n'
        'until [ "$1" = bash ]; do image=$1; shift; done\n'
        f'echo "$image" > {tmp_path}/image; exec "$@"\n'
    )
    stand_in.chmod(0o755)
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        ROOT / "Snakefile",
        "--configfile",
        ROOT / "config.yaml",
    ]
    command += ["--cores", "1", "--sdm", "apptainer", "--", "results/sample/config.yaml"]
    path = f"{stand_in.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run(command, cwd=tmp_path, check=True, env=os.environ | {"PATH": path})
    image = (tmp_path / (tmp_path / "image").read_text().strip()).resolve()
    assert f"apptainer build {image.relative_to(ROOT)} oci-archive:" in CONTAINERFILE


def test_the_image_is_installed_as_the_project_is(tmp_path):
    """From the files that it copies, make installs every package of requirements.txt."""
    for file in re.search(r"^COPY (.+) \./$", CONTAINERFILE, re.MULTILINE)[1].split():
        shutil.copy(ROOT / file, tmp_path)
    target = re.search(r"^RUN .*make (\S+)$", CONTAINERFILE, re.MULTILINE)[1]
    command = ["make", "--dry-run", f"PYTHON={sys.executable}", target]
    printed = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert re.search(r"uv pip sync .*--require-hashes .*requirements\.txt$", printed, re.MULTILINE)
    assert f"/{Path(target).parent}/bin:" in CONTAINERFILE
