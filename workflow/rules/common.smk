"""What the other rules stand on: the checked configuration, the networks of a run, and where files are."""

import functools
import os
import sys
from math import ceil
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

SCRIPTS = Path(workflow.current_basedir.join("../scripts").get_path_or_uri(secret_free=True))
sys.path.insert(0, str(SCRIPTS))

from snakedistill import configuration, planning
from snakedistill.errors import InputError
from snakedistill.files import name_of_folder
from snakedistill.fingerprint import (
    fingerprint_of_archive,
    fingerprint_of_code,
    fingerprint_of_file,
)
from snakedistill.lineage import lineage_file, training_settings
from snakedistill.network_ids import networks
from snakedistill.run_description import describe_run


def with_the_workflow(path):
    """A file that comes with the workflow, at a path relative to the scripts: relative to where Snakemake runs.

    So it has the same path when the whole project is copied or moved.
    """
    return os.path.relpath(SCRIPTS / path)


def settings_in(path):
    """A YAML file that comes with the workflow, at a path relative to the scripts."""
    return yaml.safe_load((SCRIPTS / path).read_text(encoding="utf-8"))


PAPER = settings_in("../../presets/paper.yaml")
# Snakemake lays no config over a configfile in a module, so that is done here.
if not workflow.modifier.is_main_snakefile():
    settings = settings_in("../../config.yaml")
    update_config(settings, config)
    config = settings
try:
    config = configuration.checked(config)
    planning.check_inputs(config, bool(workflow.deployment_settings.deployment_method))
except InputError as error:
    raise WorkflowError(str(error))

# Commands that run no job, as --report, need not be told how many there are. On a cluster the profile names the threads
# of each rule (set-threads), and the cores of the node that a job happens to run on must not count.
CORES = 1 if workflow.remote_exec else workflow.resource_settings.cores or 1
RUN = f"results/{config['run']}"
SEED = f"{RUN}/seed-{{seed}}"
# Of the rules that train or run a network.
NETWORK_ENVIRONMENT = (
    "../../envs/training"
    + ("-jax" if config["backend"] == "jax" else "")
    + ("-gpu.yaml" if config["gpu"] else ".yaml")
)
PARTS = ["train", "validation", "test"]
PRINTED = {
    table: ancient(local(with_the_workflow(f"../reference/{table}.csv")))
    for table in ("evaluation", "uncertainty", "histograms", "best_epoch", "timing")
}
TABLES = ["evaluation", "uncertainty", "histograms", "best_epoch", "classes", "timing"]
NETWORKS = networks(config["students"])
RESULTS = [(seed, network) for seed in config["seeds"] for network in NETWORKS]
STUDENTS = [network for network in NETWORKS if network != "teacher"]
SAMPLE = f"{RUN}/data/sample.zip"
IMAGES = {part: f"{RUN}/data/images/{part}.npy" for part in PARTS}
PREDICTIONS = {part: f"{SEED}/predictions/{{network}}/{part}.csv" for part in PARTS}


def forms_of(network):
    """The files of every form of a network, of the first seed."""
    first = f"{RUN}/seed-{config['seeds'][0]}"
    return {
        "keras": f"{first}/models/{network}.keras",
        "onnx": f"{first}/onnx/{network}.onnx",
        "int8": f"{first}/onnx/{network}.int8.onnx",
        "report": f"{first}/onnx/{network}.json",
    }


# The network that submits, classifies and is bundled.
DEPLOYED = forms_of(config["export"]["network"])

# A given file counts by its content, not by its age. Files that the config names are `local`: no module's prefix and no
# storage prefix goes before them.
ARCHIVE = ancient(local(config["archive"])) if config["archive"] else SAMPLE
ARCHIVE_CONTENT = fingerprint_of_archive(config["archive"]) if config["archive"] else None


container: with_the_workflow("../../containers/snakedistill.sif")


wildcard_constraints:
    seed=r"\d+",
    network="|".join(NETWORKS),
    student="|".join(STUDENTS),


def code_of(script, *files):
    """What a script computes, as a parameter of its rule: Snakemake itself sees no change of imported modules.

    `files` come with the workflow, at paths relative to the scripts. They count by content, so their rules take them as
    ancient: a file that was only checked out again changes nothing.
    """
    return fingerprint_of_code(SCRIPTS / f"{script}.py", [SCRIPTS / file for file in files])


def recipe_of(network):
    """Training recipe of a network, by id."""
    return configuration.recipe(config, NETWORKS[network].family)


def recipe_of_student(wildcards):
    """Training recipe of a student."""
    return recipe_of(wildcards.student)


def backbone_file(network):
    """The backbone's file where the recipe brings its own, as input of the training run."""
    backbone = recipe_of(network)["backbone"]
    return ancient(local(backbone)) if backbone.endswith(".keras") else []


def backbone_of_student(wildcards):
    """The file of a student's backbone."""
    return backbone_file(wildcards.student)


def weights_file(network):
    """The file of the backbone's weights, as input of the training run."""
    recipe = recipe_of(network)
    if recipe["weights"] == "imagenet":
        return f"results/weights/{recipe['backbone']}-imagenet-notop.h5"
    return ancient(local(recipe["weights"])) if recipe["weights"] else []


def weights_of_student(wildcards):
    """The file of a student's weights."""
    return weights_file(wildcards.student)


content_of_file = functools.cache(fingerprint_of_file)  # many students may name the same file


def fingerprints_of_recipe(network):
    """The content of the files that a recipe names."""
    recipe = recipe_of(network)
    named = [recipe["backbone"]] if recipe["backbone"].endswith(".keras") else []
    named += [recipe["weights"]] if recipe["weights"] not in (None, "imagenet") else []
    return [content_of_file(path) for path in named]


def fingerprints_of_student(wildcards):
    """The content of the files that a student's recipe names."""
    return fingerprints_of_recipe(wildcards.student)


def settings_of(network):
    """What a network's model must have been trained with."""
    return training_settings(
        recipe_of(network), config["image_size"], config["precision"], config["backend"]
    )


def checkpoints(wildcards, output):
    """The folder for a training's states, wherever a module puts the results."""
    model = Path(output.model)
    return str(model.parents[1] / "checkpoints" / model.stem)


def kind_of_labels(wildcards):
    """manual, hard or soft."""
    return NETWORKS[wildcards.network].labels


def source_of_labels(wildcards):
    """Id of the network that gives the labels; None for manual ones."""
    return NETWORKS[wildcards.network].source


def augmentation_of_network(wildcards):
    """The augmentation of a network's training."""
    return recipe_of(wildcards.network)["augmentation"]


def card_of_network(wildcards):
    """What the metadata of an exported network say it is."""
    return configuration.card(config, wildcards.network, wildcards.seed)


def networks_to_time(wildcards):
    """The teacher and the student in each form that is timed."""
    return {
        f"{role}_{form}": forms_of(network)[form]
        for role, network in (("teacher", "teacher"), ("student", SHOWN_STUDENT))
        for form in ("keras", "onnx", "int8")
    }


def predictions_of_source(wildcards):
    """Predictions of the network that gives the labels, and their lineage; none for manual labels."""
    source = source_of_labels(wildcards)
    if source is None:
        return {}
    files = {
        part: path.format(seed=wildcards.seed, network=source) for part, path in PREDICTIONS.items()
    }
    return files | {"lineage": lineage_of(files.values())}


def teacher_labels(wildcards):
    """Labels of the teacher, of the kind the network was trained on; none for networks with manual labels."""
    network = NETWORKS[wildcards.network]
    return f"{SEED}/labels/{network.family}-0.csv" if network.source else []


def given_photos(wildcards):
    """The folder of the user's own photos."""
    if config["photos"] is None:
        raise WorkflowError(
            "photos: expected a folder, got null; name one with --config photos=FOLDER"
        )
    return ancient(local(config["photos"]))


def lineage_of(files):
    """The files beside others that say what these were made from."""
    return [str(lineage_file(file)) for file in files]


def of_all_networks(pattern):
    """One file of every network, in the order of RESULTS."""
    return [pattern.format(seed=seed, network=network) for seed, network in RESULTS]


def drawn(name):
    """The two files of a figure."""
    return [f"{RUN}/figures/{name}.svg", f"{RUN}/figures/{name}.png"]


def in_report(files, caption, category, **labels):
    """A figure's files, the first of them shown in the report."""
    shown = report(files[0], caption=f"../report/{caption}.rst", category=category, labels=labels)
    return [shown, *files[1:]]


PREDICTIONS_OF_ALL = {part: of_all_networks(PREDICTIONS[part]) for part in PARTS}
PREDICTIONS_OF_ALL["lineage"] = lineage_of(
    path for part in PARTS for path in PREDICTIONS_OF_ALL[part]
)

# The report's chapters, in the paper's order.
RESULT_CATEGORY = "1 Result and claims"
TRAINING_CATEGORY = "2 Training (section 3)"
TIMING_CATEGORY = "3 Time (section 4.1)"
PREDICTIONS_CATEGORY = "4 Predictions (section 4.2)"
RECURSION_CATEGORY = "5 Uncertainty and recursion (sections 4.3, 4.4)"
EXAMPLES_CATEGORY = "6 Examples"
TABLES_CATEGORY = "7 Tables"

# Figures by what they show; the paper's own have its numbers.
TRAINING_NUMBERS = {"teacher": "2-", "classic-0": "3-", "hard-0": "4-", "soft-0": "5-"}
TRAINING_FIGURES = {
    network: drawn(f"{TRAINING_NUMBERS.get(network, '')}training-{network.removesuffix('-0')}")
    for network in NETWORKS
    if not NETWORKS[network].generation
}
PREDICTION_FIGURES = {
    part: drawn(f"{number}-predictions-{part}")
    for number, part in ((6, "test"), (7, "validation"), (8, "train"))
}
RECURSION_FIGURES = {
    family: drawn(f"9-recursion-{family}")
    for family, student in sorted(config["students"].items(), reverse=True)
    if student["generations"]
}
FIGURES = [
    drawn("1-teacher"),
    *TRAINING_FIGURES.values(),
    drawn("timing"),
    *PREDICTION_FIGURES.values(),
    *RECURSION_FIGURES.values(),
    *([drawn("generations")] if RECURSION_FIGURES else []),
    drawn("examples"),
]
# The student that is shown and timed beside the teacher: the soft one, where there is one of that name.
SHOWN_STUDENT = "soft-0" if "soft-0" in STUDENTS else STUDENTS[0]
# Their answers of the first seed, for the figure of examples.
EXAMPLES = {
    role: PREDICTIONS["test"].format(seed=config["seeds"][0], network=network)
    for role, network in (("teacher", "teacher"), ("student", SHOWN_STUDENT))
}


# Params of a rule whose result says on what it was measured.
DESCRIBED = {
    "run_description": describe_run(config, PAPER),
    "classes": config["classes"],
}


def half_of_the_cores():
    """Threads of one student: the hard and the soft chain run side by side."""
    return max(1, CORES // 2)


def growing(amount):
    """A resource of a rule: that much, and as much again with each attempt."""

    def by_attempt(wildcards, attempt):
        return attempt * amount

    return by_attempt


def recipe_of_job(wildcards):
    """Training recipe of the network that a job is about."""
    return recipe_of(wildcards.get("student") or wildcards.get("network") or "teacher")


def mem_mb_of_network(wildcards, attempt):
    """Memory of a training; what else is done with the network needs less. Measured: docs/cluster.md."""
    pixels = recipe_of_job(wildcards)["batch_size"] * config["image_size"] ** 2
    return attempt * (2500 + ceil(0.002 * pixels))


def runtime_by_size(seconds_a_mb):
    """Minutes of a job, by the size of its input and its threads."""

    def by_size(wildcards, input, threads, attempt):
        return attempt * (10 + ceil(seconds_a_mb * input.size_mb / threads / 60))

    return by_size


def runtime_of_training(wildcards, input, threads, attempt):
    """Minutes of a training. One that needs more resumes at the next attempt."""
    recipe = recipe_of_job(wildcards)
    seconds_a_mb = 1.5 if recipe["backbone"] == "resnet18" else 8
    return runtime_by_size(recipe["epochs"] * seconds_a_mb)(wildcards, input, threads, attempt)


# Of the rules that take seconds. They are local rules, so that a cluster's queue holds no jobs so short.
LIGHT = {"mem_mb": growing(1000), "runtime": growing(10)}
GPU = {"gpu": 1} if config["gpu"] else {}
