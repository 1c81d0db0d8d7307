"""What the other rules stand on: the checked configuration, the networks of a run, and where files are."""

import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

sys.path.insert(0, workflow.current_basedir.join("../scripts").get_path_or_uri(secret_free=True))

from snakedistill import configuration
from snakedistill.archive import KAGGLE_COMMAND
from snakedistill.errors import InputError

with workflow.sourcecache.open(
    workflow.current_basedir.join("../schemas/config.schema.yaml")
) as schema_file:
    schema = yaml.safe_load(schema_file)
try:
    configuration.check(config, schema)
except InputError as error:
    raise WorkflowError(str(error))

RUN = f"results/{config['run']}"
SEED = f"{RUN}/seed-{{seed}}"
PARTS = ["train", "validation", "test"]
TABLES = ["evaluation", "uncertainty", "histograms", "best_epoch"]
PRINTED = {table: workflow.source_path(f"../reference/{table}.csv") for table in TABLES}
NETWORKS = configuration.networks(config["students"])
RESULTS = [(seed, network) for seed in config["seeds"] for network in NETWORKS]
STUDENTS = [network for network in NETWORKS if network != "teacher"]
SAMPLE = f"{RUN}/data/sample.zip"
ARCHIVE = config["archive"] or SAMPLE
IMAGES = {part: f"{RUN}/data/images/{part}.npy" for part in PARTS}
PREDICTIONS = {part: f"{SEED}/predictions/{{network}}/{part}.csv" for part in PARTS}

if config["archive"] is not None and not Path(ARCHIVE).exists():
    raise WorkflowError(
        f"archive: {ARCHIVE} was given, but there is nothing at {Path(ARCHIVE).absolute()}. Get Kaggle's file with "
        f"`{KAGGLE_COMMAND}`, or set archive to null for the built-in drawings."
    )


wildcard_constraints:
    seed=r"\d+",
    network="|".join(NETWORKS),
    student="|".join(STUDENTS),


def recipe_of(network):
    """Training recipe of a network, by id."""
    return configuration.recipe(config, NETWORKS[network].family)


def recipe_of_student(wildcards):
    """Training recipe of a student."""
    return recipe_of(wildcards.student)


def backbone_file(network):
    """The backbone's file where the recipe brings its own, as input of the training."""
    backbone = recipe_of(network)["backbone"]
    return backbone if backbone.endswith(".keras") else []


def backbone_of_student(wildcards):
    """The file of a student's backbone."""
    return backbone_file(wildcards.student)


def weights_file(network):
    """The file of the backbone's weights, as input of the training."""
    recipe = recipe_of(network)
    if recipe["weights"] == "imagenet":
        return f"results/weights/{recipe['backbone']}-imagenet-notop.h5"
    return recipe["weights"] or []


def weights_of_student(wildcards):
    """The file of a student's weights."""
    return weights_file(wildcards.student)


def kind_of_labels(wildcards):
    """manual, hard or soft."""
    return NETWORKS[wildcards.network].labels


def augmentation_of_network(wildcards):
    """The augmentation of a network's training."""
    return recipe_of(wildcards.network)["augmentation"]


def predictions_of_giver(wildcards):
    """Predictions of the network that gives the labels; none for manual labels."""
    giver = NETWORKS[wildcards.network].giver
    if giver is None:
        return []
    return expand(list(PREDICTIONS.values()), seed=wildcards.seed, network=giver)


def teacher_labels(wildcards):
    """Labels of the teacher, of the kind the network was trained on; none for networks with manual labels."""
    network = NETWORKS[wildcards.network]
    return f"{SEED}/labels/{network.family}-0.csv" if network.giver else []


def of_all_networks(pattern):
    """One file of every network, in the order of RESULTS."""
    return [pattern.format(seed=seed, network=network) for seed, network in RESULTS]


PREDICTIONS_OF_ALL = {part: of_all_networks(PREDICTIONS[part]) for part in PARTS}


def half_of_the_cores():
    """Threads of one student: the hard and the soft chain run side by side."""
    return max(1, (workflow.cores or 2) // 2)
