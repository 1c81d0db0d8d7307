"""The checks of a configuration."""

from pathlib import Path

from pydantic import ValidationError

from snakedistill.configuration import pretrained
from snakedistill.configuration.messages import explained
from snakedistill.configuration.recipes import recipe, recipes, same_structure
from snakedistill.configuration.types import Config
from snakedistill.core.errors import InputError, nearest
from snakedistill.core.network_ids import TEACHER
from snakedistill.core.parts import PARTS, UNLABELLED
from snakedistill.networks import backbones
from snakedistill.networks.augmentation import active, mixing
from snakedistill.paper import PAPERS
from snakedistill.teaching import (
    ALL,
    GIVEN,
    OPTIONS,
    PREVIOUS,
    STAGES,
    WAYS,
    given,
    networks,
    options_of_family,
    taught,
)
from snakedistill.teaching.losses import cross_entropy
from snakedistill.training.optimisers import OPTIMISERS
from snakedistill.training.schedules import SCHEDULES


def checked(config: dict) -> dict:
    """Check a merged configuration.

    Numbers, switches and null that arrive as text, as nested values of the command line do, become what they say.

    Args:
        config: the merged configuration, as Snakemake gives it.

    Returns:
        The same with values of the described types, without the families that are null.

    Raises:
        InputError: one line for every key that is unknown, missing, of a wrong type or impossible: what was expected,
            what was given, and the nearest known key or value.
    """
    lines = []
    try:
        config = Config.model_validate(config).model_dump(exclude_unset=True)
    except ValidationError as error:
        lines = list(dict.fromkeys(map(explained, error.errors())))
    else:
        lines = _contradictions(config)
    if lines:
        raise InputError("The configuration cannot be used:\n" + "\n".join(f"  {line}" for line in lines))
    return config


def _contradictions(config: dict) -> list[str]:
    """What types cannot say: keys that do not fit each other."""
    lines = []
    total = sum(config["split"][part] for part in PARTS)
    if abs(total - 1) > 1e-9:
        lines.append(f"split: expected train, validation and test to sum to 1, got {total:g}")
    if config["paper"] is not None:
        lines += PAPERS[config["paper"]].contradictions(config)
    if abs(1 / config["evaluation"]["bin_width"] % 1 - 0.5) < 0.5 - 1e-6:
        width = config["evaluation"]["bin_width"]
        lines.append(
            f"evaluation.bin_width: expected a width of which 1 is a multiple, such as 0.05 or 0.1, got {width}"
        )
    if config["reference"] is not None and Path(config["reference"]) == Path("results", config["run"], "tables"):
        lines.append(f"reference: expected the tables of another run, got {config['reference']}, this run's own")
    known = [network for network, one in networks(config["students"]).items() if not one.members]
    if given(config["teacher"]) == "predictions":  # there is no network of the teacher
        known.remove(TEACHER)
    named = {
        "export.network": [network for network in [config["export"]["network"]] if network is not None],
        "export.networks": config["export"]["networks"],
        "timing.networks": config["timing"]["networks"],
    }
    lines += [
        f"{key}: expected one of {', '.join(known)}, got {network!r}{nearest(network, known)}"
        for key, ids in named.items()
        for network in (ids if ids != "all" else [])
        if network not in known
    ]
    if not config["export"]["teacher"]:
        lines += [
            f"{key}: expected students with export.teacher: false, got {TEACHER!r}"
            for key in ("export.network", "export.networks")
            if TEACHER in named[key]
        ]
    lines += _contradictions_of_given(config["teacher"])
    if config["classes"] is not None:
        lines += too_few_classes(config["students"], config["classes"])
    for family, student in config["students"].items():
        lines += _contradictions_of_family(f"students.{family}", student, given(config["teacher"]))
        lines += _unmixable(f"students.{family}", student, recipe(config, family)["augmentation"])
        lines += _contradictions_of_heads(f"students.{family}", student, recipe(config, family), config["teacher"])
        lines += _weights_of_no_source(f"students.{family}", student, recipe(config, family), config)
    lines += _contradictions_of_chains(config)
    for name, complete in recipes(config).items():
        lines += pretrained.contradictions(name, complete)
        lines += _contradictions_of_optimiser(name, complete)
        lines += _contradictions_of_frozen(name, complete)
        if complete["epochs"] == 0 and not complete["head_first"]:
            lines.append(f"{name}.epochs: expected at least 1 without head_first, got 0")
    return lines


def _contradictions_of_optimiser(name: str, recipe: dict) -> list[str]:
    """Keys of the optimiser and the learning rate of a recipe that do not fit each other."""
    lines = []
    schedule, optimiser, decay = recipe["schedule"], recipe["optimiser"], recipe["weight_decay"]
    if recipe["decay"] and not SCHEDULES[schedule].decays:
        lines.append(f"{name}.decay: expected 0 with schedule {schedule}, got {recipe['decay']:g}")
    if decay and OPTIMISERS[optimiser].weight_decay == "never":
        others = [other for other, one in OPTIMISERS.items() if one.weight_decay != "never"]
        lines.append(
            f"{name}.weight_decay: expected 0 with optimiser {optimiser}, got {decay:g}; weights decay with "
            f"{' or '.join(others)}"
        )
    if not decay and OPTIMISERS[optimiser].weight_decay == "always":
        lines.append(f"{name}.weight_decay: expected a number above 0 with optimiser {optimiser}, such as 0.01, got 0")
    return lines


def too_few_classes(students: dict, classes: list[str]) -> list[str]:
    """What is wrong with families whose loss is constant, or whose option changes nothing, for so few classes."""
    least = {}
    for family, student in students.items():
        least[f"students.{family}.labels"] = (student["labels"], WAYS[student["labels"]].fewest_classes)
        for key, setting in options_of_family(student).items():
            least[f"students.{family}.{key}"] = (setting, OPTIONS[key].fewest_classes)
    return [
        f"{key}: expected another value with {len(classes)} classes, got {value}, which needs {fewest} or more: with "
        "fewer it teaches nothing"
        for key, (value, fewest) in least.items()
        if len(classes) < fewest
    ]


def _contradictions_of_family(name: str, student: dict, how_given: str | None) -> list[str]:
    """Keys of a family, `students.NAME`, that do not fit each other, or the way in which the teacher is given."""
    lines = []
    labels, source = student["labels"], student.get("source")
    if source is not None and WAYS[labels].from_source is None:
        lines.append(f"{name}.source: expected none with {labels} labels, which have no source, got {source}")
    if source in STAGES and how_given is not None:
        lines.append(f"{name}.source: expected none of {', '.join(STAGES)} with teacher.{how_given}, got {source}")
    used = list(options_of_family(student))
    for key in used:
        option = OPTIONS[key]
        if not option.fits(WAYS[labels]):
            known = " or ".join(way for way in WAYS if option.fits(WAYS[way]))
            lines.append(
                f"{name}.{key}: expected none with {labels} labels, got {student[key]}: it is for {known} ones"
            )
        if option.needs_source_model and how_given == "predictions":
            lines.append(
                f"{name}.{key}: expected none with teacher.predictions, a teacher without a model, got {student[key]}"
            )
        if option.needs_source_model and source == ALL:
            lines.append(f"{name}.{key}: expected none with source all, a mean without a model, got {student[key]}")
        lines += [
            f"{name}.{key}: expected none with {other}, got {student[key]}: name one of the two"
            for other in used[: used.index(key)]
            if other in option.excludes or key in OPTIONS[other].excludes
        ]
    return lines


def _unmixable(name: str, student: dict, augmentation: dict) -> list[str]:
    """Transformations that mix images of a family whose labels cannot be mixed."""
    way = WAYS[student["labels"]]
    answered = student.get("consistent") and "manual" not in way.targets  # the source answers the mixed image
    if way.mixes or answered:
        return []
    return [
        f"{name}.augmentation.{key}: expected 0 with {student['labels']} labels, got {augmentation[key]:g}: it mixes "
        "two images, and these labels cannot be mixed"
        for key in mixing(augmentation)
    ]


def _contradictions_of_heads(name: str, student: dict, recipe: dict, teacher: dict) -> list[str]:
    """Keys of a family that do not fit heads that are fitted first, its own or its teacher's."""
    lines, source = [], student.get("source")
    if source in STAGES and teacher.get("head_first"):
        lines.append(
            f"{name}.source: expected none of {', '.join(STAGES)} with teacher.head_first, got {source}: the head of "
            "that teacher is fitted before its first epoch"
        )
    used = options_of_family(student)
    if recipe["frozen"] is not None:
        lines += [
            f"{name}.{key}: expected null with frozen {recipe['frozen']}, got {used[key]!r}: it needs images, and the "
            "network is trained on stored activations"
            for key in (UNLABELLED, "consistent")
            if key in used
        ]
    if recipe["head_first"] and taught(student["labels"], used).loss is not cross_entropy:
        lines.append(
            f"{name}.head_first: expected false with {' and '.join([student['labels'] + ' labels', *used])}, got true: "
            "a head is fitted by cross-entropy, and this loss is another one"
        )
    return lines


def _weights_of_no_source(name: str, student: dict, own: dict, config: dict) -> list[str]:
    """`source_weights` of a family of which no network has a source with its structure."""
    only_teacher = not student["generations"] or student.get("source") not in (None, PREVIOUS)
    if not student.get("source_weights") or not only_teacher or same_structure(own, recipe(config, TEACHER)):
        return []
    return [
        f"{name}.source_weights: expected null where every network learns from the teacher, got true: its weights do "
        "not fit, for the backbone or the pixels are others"
    ]


def _contradictions_of_frozen(name: str, recipe: dict) -> list[str]:
    """Keys of a recipe that do not fit a backbone of which something is frozen."""
    if (frozen := recipe["frozen"]) is None:
        return []
    lines = []
    if _begins_random(recipe):
        lines.append(f"{name}.frozen: expected null with weights null, got {frozen!r}: random weights must be trained")
    stored = "the activations of an image and of its mirror image are stored, and no others"
    lines += [
        f"{name}.augmentation.{key}: expected 0 with frozen {frozen}, got {recipe['augmentation'][key]!r}: {stored}"
        for key in active(recipe["augmentation"])
        if key != "flip"
    ]
    if recipe["validation_augmentation"]:
        lines.append(f"{name}.validation_augmentation: expected false with frozen {frozen}, got true: {stored}")
    return lines


def _begins_random(recipe: dict) -> bool:
    """Whether the backbone of a recipe has random weights first."""
    return recipe["weights"] is None and not backbones.is_saved(recipe["backbone"])


def _contradictions_of_chains(config: dict) -> list[str]:
    """Keys that do not fit chains of heads."""
    if (chains := config.get("chains")) is None:
        return []
    lines = []
    if chains["train"] >= chains["images"]:
        lines.append(
            f"chains.train: expected fewer than chains.images, {chains['images']}, got {chains['train']}: the others "
            "test the heads"
        )
    of_all = recipes(config)
    lines += [
        f"{name}.weights: expected weights with chains, got null: the backbone stays as it is"
        for name in (TEACHER, "student")
        if name in of_all and _begins_random(of_all[name])
    ]
    if config["classes"] is not None and len(config["classes"]) != 2:
        lines.append(f"chains: expected null with {len(config['classes'])} classes: its heads have one logit")
    return lines


def _contradictions_of_given(teacher: dict) -> list[str]:
    """Keys of a given teacher that do not fit each other."""
    if (how := given(teacher)) is None:
        return []
    lines = [
        f"teacher.{other}: expected null with teacher.{how}, got {teacher[other]!r}: there is one teacher"
        for other in GIVEN
        if other != how and teacher[other] is not None
    ]
    if how == "classifier" and teacher["preprocessing"] == "imagenet":
        lines.append(
            "teacher.preprocessing: expected paper or none with teacher.classifier, got imagenet, which "
            "keras.applications networks have"
        )
    return lines
