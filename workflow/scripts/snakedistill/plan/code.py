"""The code that each rule reaches, as a parameter of the rule: Snakemake itself sees no change of imported modules."""

import functools
import os

import yaml

from snakedistill.core.digests import fingerprint_of_file
from snakedistill.core.fingerprint import PACKAGE, fingerprint_of_code
from snakedistill.core.recipe import NEUTRAL
from snakedistill.networks.augmentation import active
from snakedistill.networks.backbones import BACKBONES
from snakedistill.plan.networks import Plan

SCRIPTS = PACKAGE.parent
FILES_OF_PAGE = tuple(f"snakedistill/results/summary/{name}" for name in ("page.css", "page.js"))
"""Files that `write_html` reads, at paths relative to the scripts."""
FILE_OF_GALLERY = "snakedistill/results/summary/gallery.js"


def with_the_workflow(path: str) -> str:
    """A file that comes with the workflow, at a path relative to the scripts: relative to the working directory.

    So it has the same path when the whole project is copied or moved.
    """
    return os.path.relpath(SCRIPTS / path)


def settings_in(path: str) -> dict:
    """A YAML file that comes with the workflow, at a path relative to the scripts."""
    return yaml.safe_load((SCRIPTS / path).read_text(encoding="utf-8"))


@functools.cache  # many jobs of a rule run the same code
def code_of(script: str, *files: str, modules: tuple[str, ...] = (), **used: tuple[str, ...]) -> str:
    """A digest of what a script computes.

    Args:
        script: name of the script.
        files: files that come with the workflow, at paths relative to the scripts. They count by content, so their
            rules take them as ancient: a file that was only checked out again changes nothing.
        modules: as in `fingerprint_of_code`.
        used: as in `fingerprint_of_code`.
    """
    return fingerprint_of_code(SCRIPTS / f"{script}.py", [SCRIPTS / file for file in files], modules, used)


@functools.cache  # many students may name the same file
def content_of_file(path: str) -> str:
    """A digest of a file's content."""
    return fingerprint_of_file(path)


def code_of_training(plan: Plan, network: str) -> str:
    """The code that trains a network: of its backbone, of the way it is taught, of its augmentation and optimiser."""
    recipe = plan.recipe(network)
    return code_of(
        "train",
        modules=(BACKBONES[recipe["backbone"]],) if recipe["backbone"] in BACKBONES else (),
        BACKBONES=(recipe["backbone"],),
        WAYS=(plan.networks[network].way,),
        OPTIONS=tuple(plan.options(network)),
        TRANSFORMATIONS=active(recipe["augmentation"]),
        OPTIMISERS=((NEUTRAL | recipe)["optimiser"],),
        SCHEDULES=(recipe["schedule"],),
    )


def code_of_activations(plan: Plan, network: str) -> str:
    """The code that computes the activations of a network's frozen layers: of its backbone."""
    return _code_of_backbone(plan, "write_activations", network)


def code_of_features(plan: Plan, network: str) -> str:
    """The code that computes features with a network's backbone: of that."""
    return _code_of_backbone(plan, "write_features", network)


def code_of_probe(plan: Plan, probe: str) -> str:
    """The code that fits a probe: of its backbone."""
    return _code_of_backbone(plan, "fit_probe", probe)


def _code_of_backbone(plan: Plan, script: str, network: str) -> str:
    """What a script computes that uses nothing of a network but its backbone."""
    backbone = plan.recipe(network)["backbone"]
    modules = (BACKBONES[backbone],) if backbone in BACKBONES else ()
    return code_of(script, modules=modules, BACKBONES=(backbone,))


def code_of_labels(plan: Plan, network: str) -> str:
    """The code that labels images for a network."""
    return code_of("write_labels", WAYS=(plan.networks[network].way,), OPTIONS=tuple(plan.options(network)))


def code_of_evaluation(plan: Plan, network: str) -> str:
    """The code that evaluates a network, with its augmentation."""
    return code_of("evaluate", TRANSFORMATIONS=active(plan.recipe(network)["augmentation"]))
