"""What the other rules stand on: the checked configuration, the plan of the run, and what only Snakemake can say."""

import os
import sys
from dataclasses import asdict
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

SCRIPTS = Path(workflow.current_basedir.join("../scripts").get_path_or_uri(secret_free=True))
sys.path.insert(0, str(SCRIPTS))

from snakedistill.command import MINUTES, PRESET
from snakedistill.configuration import check, inputs, migration, remembered
from snakedistill.core.digests import fingerprint_of_archive
from snakedistill.core.errors import InputError
from snakedistill.core.files import name_of_folder
from snakedistill.core.network_ids import TEACHER
from snakedistill.core.parts import PARTS, TEST, UNLABELLED, VALIDATION
from snakedistill.core.terminal import write_line
from snakedistill.data.sample import are_sample_classes
from snakedistill.export.forms import FORMS, files_of_form
from snakedistill.export.web import EXAMPLES
from snakedistill.networks.backbones import BACKBONES
from snakedistill.plan import first_lines, job_lines, last_lines, resources, words
from snakedistill.plan.code import (
    FILE_OF_GALLERY,
    FILES_OF_PAGE,
    code_of,
    code_of_activations,
    code_of_evaluation,
    code_of_features,
    code_of_labels,
    code_of_probe,
    code_of_training,
    content_of_file,
    settings_in,
    with_the_workflow,
)
from snakedistill.plan.files import WEIGHTS, Files, lineages
from snakedistill.plan.networks import plan_networks
from snakedistill.plan.pages import Pages
from snakedistill.results.figures import AUDITED_FIGURES, FIGURES
from snakedistill.results.run_description import describe_audit, learned_from, name_run
from snakedistill.results.tables import AUDITED_TABLES, TABLES
from snakedistill.teaching import MEAN, PROBE, STAGES, made_from, source_of_views

# Of a workflow that takes this one as a module; of this one no rule is defined yet.
HOSTS_TARGET = workflow.default_target


class UnlessTheHostHasRules(str):
    """A default target that is false, for which Snakemake takes the next rule that it reads."""

    def __bool__(self):
        return False


# A `configfile:` would be looked for where Snakemake runs, and nothing is laid over it in a module.
settings = settings_in("../../config.yaml")
update_config(settings, config)
config = settings
try:
    config, renamed = migration.migrated(config)
    renamed += migration.sentences_on_presets(
        map(Path, workflow.overwrite_configfiles or []), Path(os.path.abspath(SCRIPTS / "../.."))
    )
    for sentence in renamed if workflow.is_main_process else []:  # jobs read the same configuration
        print(sentence, file=sys.stderr, flush=True)
    config = check.checked(config)
    FOUND = remembered.once(
        lambda: inputs.found(config, bool(workflow.deployment_settings.deployment_method)),
        config,
        workflow.remote_exec,
    )
    config, NAMED_IMAGES, ARCHIVE_CONTENT = FOUND.config, FOUND.images, FOUND.archive
    first_lines.check_recipe(config)
except InputError as error:
    raise WorkflowError(str(error))

PLAN = plan_networks(config)
FILES = Files(PLAN)
PAGES = Pages(PLAN, FILES)
RUN, SEED, SPLIT = FILES.run, FILES.seed, FILES.of_split

# Commands that run no job, as --report, need not be told how many there are. On a cluster the profile names the threads
# of each rule (set-threads), and the cores of the node that a job happens to run on must not count.
CORES = 1 if workflow.remote_exec else workflow.resource_settings.cores or 1
HALF_OF_THE_CORES = max(
    1, CORES // 2
)  # of one student: the hard and the soft chain run side by side

# The files that are asked for by default, and Markdown files that the summary takes in; the paper adds to both.
TARGETS = [f"{RUN}/summary.html", f"{RUN}/deploy/README.md", f"{RUN}/config.yaml"]
INSERTS = []


container: with_the_workflow("../../containers/snakedistill.sif")


wildcard_constraints:
    seed=r"\d+",
    network="|".join(PLAN.models),
    student="|".join(network for network in PLAN.trained if network != TEACHER),
    mean="|".join(PLAN.means) or MEAN,
    probe="|".join(PLAN.probes.values()) or PROBE,
    activations="|".join(PLAN.activations) or "none",
    pixels="|".join(PLAN.pixels_in_use),


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


def minutes_by_size(seconds_a_mb):
    """Minutes of a job, by the size of its input and its threads."""
    return lambda wildcards, input, threads: resources.minutes(seconds_a_mb, input.size_mb, threads)


def network_of_job(wildcards):
    """Id of the network that a job is about."""
    if "role" in wildcards.keys():  # of chains of heads
        return ROLES[wildcards.role]
    named = (wildcards.get(name) for name in ("student", "network", "probe", "activations"))
    return next(filter(None, named), TEACHER)


def mem_mb_of_network(wildcards, input, threads):
    """Memory of a job that trains or runs a network."""
    return resources.mem_mb_of_network(PLAN, network_of_job(wildcards))


def minutes_of_training(wildcards, input, threads):
    """Minutes of a training run."""
    seconds_a_mb = resources.seconds_a_mb_of_training(PLAN, network_of_job(wildcards))
    return resources.minutes(seconds_a_mb, input.size_mb, threads)


def params_of(script, *keys, **used):
    """Params of a rule: the code of its script, and values of the configuration."""
    return {"code": code_of(script, **used), **{key: config[key] for key in keys}}


# How the images are split, with the training seed as random seed where each seed has a split of its own.
SPLIT_OF_JOB = (
    {"split": lambda wildcards: config["split"] | {"seed": int(wildcards.seed)}}
    if PLAN.splits_by_seed
    else {}
)


def given_file(path):
    """A file that the user gives, or that comes with the workflow. It counts by its content, not by its age.

    It is `local`: no module's prefix and no storage prefix goes before it.
    """
    return ancient(local(path))


def files_of_recipe(wildcards):
    """The files of the user's that the recipe of a job's network names."""
    files = PLAN.files_of_recipe(network_of_job(wildcards))
    return {name: given_file(path) for name, path in files.items()}


def fingerprints_of_recipe(wildcards):
    """Digests of these files."""
    return [
        content_of_file(path) for path in PLAN.files_of_recipe(network_of_job(wildcards)).values()
    ]


def checkpoints(wildcards, output):
    """The folder for the checkpoints of a training run, wherever a module puts the results."""
    model = Path(output.model)
    return str(model.parents[1] / "checkpoints" / model.stem)


def given_photos(wildcards):
    """The folder of the user's own photos."""
    if config["photos"] is None:
        raise WorkflowError(
            "photos: expected a folder, got null; name one with --config photos=FOLDER"
        )
    return given_file(config["photos"])


def given_audit(wildcards):
    """The user's own predictions to audit."""
    if config["audit"] is None:
        raise WorkflowError(
            "audit: expected a CSV of predictions, got null; name one with --config audit=FILE.csv"
        )
    return given_file(config["audit"])


def given_archive(wildcards):
    """The user's own images, for which settings are suggested."""
    if config["archive"] is None:
        raise WorkflowError(
            "archive: expected a folder of images, got null; name one with --config archive=FOLDER"
        )
    return given_file(config["archive"])


def checked_for_artefact(wildcards):
    """No file; an error where an audit could not read the artefact."""
    if PLAN.splits_by_seed:
        raise WorkflowError(
            "split.seed: expected an integer with artefact, got each: an audit takes predictions of all seeds "
            "on the same images"
        )
    return []


def files_of_role(wildcards):
    """The images of a role's heads, and the files of its frozen backbone."""
    files = FILES.of_frozen_backbone(network_of_job(wildcards), PLAN.first_seed)
    return files | files_of_recipe(wildcards)


def chains_of_doses(wildcards):
    """The chains of every dose."""
    if not CHAINS["doses"]:
        raise WorkflowError(
            "chains: expected a mapping, got null; presets/chains.yaml has one: docs/findings.md"
        )
    return [f"{RUN}/chains/{dose}.csv" for dose in CHAINS["doses"]]


def content_of_audit(path):
    """A digest of the predictions to audit, a file or a folder of artefacts."""
    return fingerprint_of_archive(path) if Path(path).is_dir() else content_of_file(path)


CHAINS = config["chains"] or {"doses": {}}
ROLES = {"teacher": TEACHER, "student": PLAN.students[0]}
FEATURES = f"{RUN}/data/features/{{role}}.npy"
ARCHIVE = given_file(config["archive"]) if config["archive"] else FILES.sample
GIVEN_FILE = given_file(config["teacher"][PLAN.given]) if PLAN.given else []
GIVEN_CONTENT = content_of_file(config["teacher"][PLAN.given]) if PLAN.given else None


def in_report(file, chapter, **labels):
    """A file that the report shows, with the caption among the rule's params."""
    return report(
        file, caption="../report/result.rst", category=PAGES.chapters[chapter], labels=labels
    )
