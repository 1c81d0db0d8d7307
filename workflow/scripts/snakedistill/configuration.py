"""Checks the configuration and says what it means: the networks of a run, and the recipe of each."""

import json
from dataclasses import dataclass

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from snakedistill.errors import InputError
from snakedistill.files import write_text
from snakedistill.metrics import THRESHOLD


@dataclass(frozen=True)
class Network:
    """One network of a run: a family and a generation. The teacher has no generation.

    Attributes:
        id: `teacher`, or family and generation, for example `soft-3`.
        family: kind of training label.
        generation: step of recursion, or None.
        labels: `manual`, `hard` or `soft`.
        giver: id of the network whose predictions become the labels, or None for manual ones.
    """

    id: str
    family: str
    generation: int | None
    labels: str
    giver: str | None


def check(config: dict, schema: dict) -> None:
    """Check a merged configuration.

    Raises:
        InputError: one line for every key that is unknown, missing, of a wrong type or impossible, with what was
            given and what is allowed.
    """
    errors = sorted(Draft202012Validator(schema).iter_errors(config), key=lambda error: list(map(str, error.path)))
    lines = [line for error in errors for line in _explain(error)]
    if not lines:
        lines = _contradictions(config)
    if lines:
        raise InputError("The configuration cannot be used:\n" + "\n".join(f"  {line}" for line in lines))


def networks(students: dict) -> dict[str, Network]:
    """All networks of one seed by id, in the order of the paper: the teacher, the students, their generations.

    The order does not depend on that of the config's keys, which an overlay may change.

    Args:
        students: the config's `students`.
    """
    found = [Network("teacher", "teacher", None, "manual", None)]
    for family, student in students.items():
        giver = None if student["labels"] == "manual" else "teacher"
        for generation in range(student["generations"] + 1):
            network = Network(f"{family}-{generation}", family, generation, student["labels"], giver)
            found.append(network)
            giver = network.id if giver else None
    kinds = ("manual", "hard", "soft")
    found[1:] = sorted(found[1:], key=lambda network: (network.generation, kinds.index(network.labels), network.family))
    return {network.id: network for network in found}


def recipe(config: dict, family: str) -> dict:
    """The complete training recipe of a family: the config's `teacher`, or `student` with the family's own keys."""
    if family == "teacher":
        return _sorted(config["teacher"])
    own = {key: value for key, value in config["students"][family].items() if key not in ("labels", "generations")}
    augmentation = config["student"]["augmentation"] | own.get("augmentation", {})
    return _sorted(config["student"] | own | {"augmentation": augmentation})


def card(config: dict, network_id: str, seed: int | str) -> dict[str, str]:
    """What the metadata of an exported network say it is."""
    network = networks(config["students"])[network_id]
    return {
        "network": network_id,
        "classes": json.dumps(config["classes"]),
        "threshold": str(THRESHOLD),
        "image_size": str(config["image_size"]),
        "run": config["run"],
        "seed": str(seed),
        "labels": f"{network.labels}, from {network.giver}" if network.giver else network.labels,
        "recipe": json.dumps(recipe(config, network.family)),
    }


def _sorted(recipe: dict) -> dict:
    """The same in alphabetical order, so that the order of keys in a config file changes nothing."""
    return dict(sorted(recipe.items())) | {"augmentation": dict(sorted(recipe["augmentation"].items()))}


def _explain(error: ValidationError) -> list[str]:
    key = ".".join(map(str, error.absolute_path))
    if error.validator == "additionalProperties":
        allowed = ", ".join(error.schema.get("properties", {}))
        unknown = [name for name in error.instance if name not in error.schema.get("properties", {})]
        return [f"{f'{key}.{name}' if key else name}: unknown key; allowed are {allowed}" for name in unknown]
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return [f"{f'{key}.{name}' if key else name}: missing" for name in missing]
    return [f"{key}: {error.instance!r} given; {_allowed(error.schema)}"]


def _allowed(schema: dict) -> str:
    """What a value may be, in words."""
    if "enum" in schema:
        return "allowed are " + ", ".join("null" if value is None else str(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join([_allowed(schema["anyOf"][0]), *(_allowed(one)[8:] for one in schema["anyOf"][1:])])
    types = schema.get("type", "value")
    words = [" or ".join([types] if isinstance(types, str) else types)]
    if "minimum" in schema:
        words.append(f"at least {schema['minimum']}")
    if "exclusiveMinimum" in schema:
        words.append(f"above {schema['exclusiveMinimum']}")
    if "maximum" in schema:
        words.append(f"at most {schema['maximum']}")
    if "exclusiveMaximum" in schema:
        words.append(f"below {schema['exclusiveMaximum']}")
    if "pattern" in schema:
        words.append(f"that matches {schema['pattern']}")
    if "minItems" in schema:
        words.append(f"of at least {schema['minItems']}")
    if schema.get("uniqueItems"):
        words.append("without repetition")
    if "minProperties" in schema:
        words.append(f"with at least {schema['minProperties']} keys")
    return "allowed is " + ", ".join(words)


def _contradictions(config: dict) -> list[str]:
    """What a schema cannot say: keys that do not fit each other."""
    lines = []
    total = sum(config["split"][part] for part in ("train", "validation", "test"))
    if abs(total - 1) > 1e-9:
        lines.append(f"split: train, validation and test sum to {total:g}; they must sum to 1")
    if abs(1 / config["evaluation"]["bin_width"] % 1 - 0.5) < 0.5 - 1e-6:
        width = config["evaluation"]["bin_width"]
        lines.append(f"evaluation.bin_width: {width} given; 1 / bin_width must be a whole number")
    known = networks(config["students"])
    if config["export"]["network"] not in known:
        lines.append(f"export.network: {config['export']['network']} given; allowed are {', '.join(known)}")
    for family, student in config["students"].items():
        if student["labels"] == "manual" and student["generations"]:
            lines.append(
                f"students.{family}.generations: {student['generations']} given; manual labels allow 0, "
                "because a next generation would train on the same labels"
            )
    families = {f"students.{family}": recipe(config, family) for family in config["students"]}
    # What `student` itself says is named once, not again for every family that takes it over.
    own = {name: complete for name, complete in families.items() if complete != _sorted(config["student"])}
    for name, complete in ({"teacher": config["teacher"], "student": config["student"]} | own).items():
        if complete["schedule"] == "cosine" and complete["decay"]:
            lines.append(f"{name}.decay: {complete['decay']} given; schedule: cosine allows 0")
        if complete["backbone"].endswith(".keras") and complete["weights"] is not None:
            lines.append(
                f"{name}.weights: {complete['weights']} given; a saved backbone has its own, so null is allowed"
            )
        if complete["backbone"] == "resnet18" and complete["weights"] == "imagenet":
            lines.append(f"{name}.weights: imagenet given; Keras has none for resnet18, so null or a path is allowed")
    return lines


def write(config: dict, path: str) -> None:
    """Write the merged configuration as YAML."""
    write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), path)
