"""What the other rules stand on: the checked configuration, the networks of a run, and where files are."""

import functools
import os
import sys
from dataclasses import asdict
from math import ceil
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

SCRIPTS = Path(workflow.current_basedir.join("../scripts").get_path_or_uri(secret_free=True))
sys.path.insert(0, str(SCRIPTS))

from snakedistill.configuration import check, estimate, inputs, recipes
from snakedistill.core.by_image import suffix
from snakedistill.core.digests import fingerprint_of_archive, fingerprint_of_file
from snakedistill.core.errors import InputError
from snakedistill.core.files import name_of_folder
from snakedistill.core.fingerprint import fingerprint_of_code
from snakedistill.core.lineage import lineage_file, training_settings
from snakedistill.core.network_ids import TEACHER, Network
from snakedistill.core.parts import PARTS, TEST, UNLABELLED, VALIDATION
from snakedistill.core.pixels import Pixels
from snakedistill.data.sample import are_sample_classes
from snakedistill.export.card import card
from snakedistill.export.forms import FORMS, TIMED_FORMS
from snakedistill.export.web import EXAMPLES
from snakedistill.networks.augmentation import active
from snakedistill.networks.backbones import BACKBONES, is_saved
from snakedistill.paper import PAPERS
from snakedistill.results.figures import AUDITED_FIGURES, FIGURES
from snakedistill.results.presentation import Presentation
from snakedistill.results.reference import short_name
from snakedistill.results.run_description import (
    describe_audit,
    describe_given_teacher,
    describe_run,
)
from snakedistill.results.summary.sections import SECTIONS
from snakedistill.results.tables import AUDITED_TABLES, TABLES
from snakedistill.teaching import (
    MEAN,
    STAGES,
    TEACHER_WAY,
    given,
    has_history,
    made_from,
    networks,
    source_of_views,
)


def with_the_workflow(path):
    """A file that comes with the workflow, at a path relative to the scripts: relative to where Snakemake runs.

    So it has the same path when the whole project is copied or moved.
    """
    return os.path.relpath(SCRIPTS / path)


def settings_in(path):
    """A YAML file that comes with the workflow, at a path relative to the scripts."""
    return yaml.safe_load((SCRIPTS / path).read_text(encoding="utf-8"))


# Snakemake lays no config over a configfile in a module, so that is done here.
if not workflow.modifier.is_main_snakefile():
    settings = settings_in("../../config.yaml")
    update_config(settings, config)
    config = settings
try:
    config = check.checked(config)
    config = inputs.with_inputs(config, bool(workflow.deployment_settings.deployment_method))
except InputError as error:
    raise WorkflowError(str(error))

# Commands that run no job, as --report, need not be told how many there are. On a cluster the profile names the threads
# of each rule (set-threads), and the cores of the node that a job happens to run on must not count.
CORES = 1 if workflow.remote_exec else workflow.resource_settings.cores or 1
HALF_OF_THE_CORES = max(
    1, CORES // 2
)  # of one student: the hard and the soft chain run side by side

RUN = f"results/{config['run']}"
SEED = f"{RUN}/seed-{{seed}}"
FIRST_SEED = config["seeds"][0]
# How the teacher is given: as predictions, as a classifier, or None, where it is trained here.
GIVEN = given(config["teacher"])
NETWORKS = networks(config["students"], None if GIVEN else TEACHER_WAY)
# The networks that are trained here, those that have a model, and means of others. All networks have predictions and an
# evaluation.
TRAINED = [network for network in NETWORKS if NETWORKS[network].way is not None]
MODELS = ([TEACHER] if GIVEN == "classifier" else []) + TRAINED
MEANS = [network for network in NETWORKS if NETWORKS[network].members]
STUDENTS = [network for network in TRAINED if NETWORKS[network].generation is not None]
# The networks that train on images without a manual label too.
SEE_UNLABELLED = [network for network in STUDENTS if UNLABELLED in dict(NETWORKS[network].options)]
TAUGHT_IN_RUN = {  # the entries of the registries of teaching that this run uses
    "WAYS": tuple(sorted({NETWORKS[network].way for network in TRAINED})),
    "OPTIONS": tuple(
        sorted({name for network in TRAINED for name, _ in NETWORKS[network].options})
    ),
}
RESULTS = [(seed, network) for seed in config["seeds"] for network in NETWORKS]
# The student that is shown and timed beside the teacher: the soft one, where there is one of that name.
SHOWN_STUDENT = "soft-0" if "soft-0" in STUDENTS else STUDENTS[0]
TIMED = [network for network in (TEACHER, SHOWN_STUDENT) if network in MODELS]
# The networks that leave in LiteRT too.
LITERT = [network for network in MODELS if network in (*TIMED, config["export"]["network"])]
EXPORTED = [
    network
    for network in MODELS
    if config["export"]["networks"] == "all" or network in (*LITERT, *config["export"]["networks"])
]
# The files that are asked for by default, and Markdown files that the summary takes in; the paper adds to both.
TARGETS = [f"{RUN}/summary.html", f"{RUN}/deploy/README.md", f"{RUN}/config.yaml"]
INSERTS = []


container: with_the_workflow("../../containers/snakedistill.sif")


wildcard_constraints:
    seed=r"\d+",
    network="|".join(MODELS),
    student="|".join(network for network in TRAINED if network != TEACHER),
    mean="|".join(MEANS) or MEAN,


# Environments and resources of the rules.
LIGHT_ENVIRONMENT = "../../envs/light.yaml"
EXPORT_ENVIRONMENT = "../../envs/export.yaml"
NETWORK_ENVIRONMENT = (  # of the rules that train or run a network
    "../../envs/training"
    + ("-jax" if config["backend"] == "jax" else "")
    + ("-gpu.yaml" if config["gpu"] else ".yaml")
)
GPU = {"gpu": 1} if config["gpu"] else {}
CORES_BESIDE_A_GPU = 2  # of a training run: one launches steps, both compile them


def growing(mem_mb, minutes):
    """Memory and time of a job: those amounts, and as much again with each attempt.

    An amount is a number, or a function of wildcards, input and threads.
    """

    def resource(amount):
        return lambda wildcards, input, threads, attempt: attempt * (
            amount(wildcards, input, threads) if callable(amount) else amount
        )

    return {"mem_mb": resource(mem_mb), "runtime": resource(minutes)}


@functools.cache  # many jobs of a rule run the same code
def code_of(script, *files, modules=(), **used):
    """What a script computes, as a parameter of its rule: Snakemake itself sees no change of imported modules.

    `files` come with the workflow, at paths relative to the scripts. They count by content, so their rules take them as
    ancient: a file that was only checked out again changes nothing. `modules` and `used` as in `fingerprint_of_code`.
    """
    return fingerprint_of_code(
        SCRIPTS / f"{script}.py", [SCRIPTS / file for file in files], modules, used
    )


def params_of(script, *keys, **used):
    """Params of a rule: the code of its script, and values of the configuration."""
    return {"code": code_of(script, **used), **{key: config[key] for key in keys}}


content_of_file = functools.cache(fingerprint_of_file)  # many students may name the same file

# A given file counts by its content, not by its age. Files that the config names are `local`: no module's prefix and no
# storage prefix goes before them.
SAMPLE = f"{RUN}/data/sample.zip"
ARCHIVE = ancient(local(config["archive"])) if config["archive"] else SAMPLE
ARCHIVE_CONTENT = fingerprint_of_archive(config["archive"]) if config["archive"] else None
GIVEN_FILE = ancient(local(config["teacher"][GIVEN])) if GIVEN else []
GIVEN_CONTENT = content_of_file(config["teacher"][GIVEN]) if GIVEN else None
# Only where images without a prediction are dropped does the split depend on the file.
DROPS = GIVEN == "predictions" and config["teacher"]["missing"] == "drop"
IMAGES = {part: f"{RUN}/data/images/{part}.npy" for part in PARTS}
UNLABELLED_IMAGES = f"{RUN}/data/images/{UNLABELLED}.npy"
UNLABELLED_LIST = f"{RUN}/data/{UNLABELLED}.csv"
SPLITS = f"{RUN}/data/splits.csv"
# Files with numbers of each image and class: text, or a NumPy archive where there are many classes.
BY_IMAGE = suffix(len(config["classes"]))
PREDICTIONS = {part: f"{SEED}/predictions/{{network}}/{part}.{BY_IMAGE}" for part in PARTS}
AUGMENTED = f"{SEED}/predictions/{{network}}/augmented.{BY_IMAGE}"
LABELS = f"{SEED}/labels/{{network}}.{BY_IMAGE}"
UNLABELLED_PREDICTIONS = f"{SEED}/predictions/{{network}}/{UNLABELLED}.{BY_IMAGE}"
UNLABELLED_LABELS = f"{SEED}/labels/{UNLABELLED}/{{network}}.{BY_IMAGE}"


def lineage_of(files):
    """The files beside others that say what these were made from."""
    return [str(lineage_file(file)) for file in files]


def forms_of(network):
    """The files of every form of a network, of the first seed."""
    folder = SEED.format(seed=FIRST_SEED)
    return {
        "keras": f"{folder}/models/{network}.keras",
        "onnx": f"{folder}/onnx/{network}.onnx",
        "int8": f"{folder}/onnx/{network}.int8.onnx",
        "measurements": f"{folder}/onnx/{network}.json",
        "litert": f"{folder}/litert/{network}.tflite",
        "litert_int8": f"{folder}/litert/{network}.int8.tflite",
        "model_card": f"{folder}/cards/{network}.md",
    }


# The network that classifies and is bundled.
DEPLOYED = forms_of(config["export"]["network"])


def of_all_seeds(pattern, having):
    """A file of each network that has one, of each seed."""
    return [
        pattern.format(seed=seed, network=network) for seed, network in RESULTS if network in having
    ]


# The files that tables and figures are made from, by the names under which they ask for them: those of networks, with
# the networks that have one, then the others.
OF_NETWORKS = {
    **{part: (PREDICTIONS[part], NETWORKS) for part in PARTS},
    "augmented": (AUGMENTED, MODELS),
    "labels": (LABELS, TRAINED),
    "histories": (
        f"{SEED}/history/{{network}}.csv",
        [network for network in NETWORKS if has_history(NETWORKS[network])],
    ),
    "evaluations": (f"{SEED}/evaluation/{{network}}.csv", NETWORKS),
}
LACKING = {
    name: [network for network in NETWORKS if network not in having]
    for name, (_, having) in OF_NETWORKS.items()
}
FILES = {
    **{name: of_all_seeds(*files) for name, files in OF_NETWORKS.items()},
    "splits": SPLITS,
    "test_images": IMAGES[TEST],
    "teacher_model": forms_of(TEACHER)["keras"] if TEACHER in MODELS else None,
    "models": of_all_seeds(f"{SEED}/models/{{network}}.keras", MODELS),
    "measurements": of_all_seeds(f"{SEED}/onnx/{{network}}.json", EXPORTED),
    "model_cards": of_all_seeds(f"{SEED}/cards/{{network}}.md", EXPORTED),
    "measured": f"{RUN}/timing.json",
    "seconds": f"{RUN}/timing.csv",
    **{table: f"{RUN}/tables/{table}.csv" for table in TABLES},
}


def needed(names):
    """Files by the names under which a table or a figure asks for them, and the lineage of those that have one."""
    with_lineage = [name for name in names if name in (*PARTS, "augmented", "labels")]
    lineage = lineage_of(path for name in with_lineage for path in FILES[name])
    return {name: FILES[name] for name in names} | ({"lineage": lineage} if lineage else {})
