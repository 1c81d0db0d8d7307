"""The configuration, described once as types, and what it says of each network: training recipe and metadata."""

import copy
import json
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic.fields import FieldInfo

from snakedistill import backbones
from snakedistill.errors import InputError, nearest
from snakedistill.metrics import THRESHOLD
from snakedistill.network_ids import networks


def _null_from_text(value: object) -> object:
    """Snakemake hands nested values of the command line on as text."""
    return None if value == "null" else value


def _not_a_switch(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError
    return value


def _different(values: list) -> list:
    if len(set(values)) != len(values):
        raise ValueError
    return values


def _without_dropped(students: object) -> object:
    """Without the families that an overlay sets to null."""
    if not isinstance(students, dict):
        return students
    return {name: family for name, family in students.items() if _null_from_text(family) is not None}


def _words(expected: str) -> dict[str, str]:
    """What a value must be, in words, where the JSON schema of its type says it in signs."""
    return {"expected": expected}


Whole = Annotated[int, BeforeValidator(_not_a_switch)]
Number = Annotated[float, BeforeValidator(_not_a_switch)]
NullOrNumber = BeforeValidator(lambda value: _null_from_text(_not_a_switch(value)))
PathOrNull = Annotated[str | None, BeforeValidator(_null_from_text)]
ClassName = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
FamilyName = Annotated[str, Field(pattern=r"^(?!teacher$)[a-z][a-z0-9_]*$")]


class Section(BaseModel):
    """A mapping of the configuration, in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False, regex_engine="python-re")


class Sample(Section):
    """The built-in sample, used when archive is null."""

    images: Whole = Field(ge=2, description="labelled drawings, half of each class")
    unlabelled: Whole = Field(ge=0, description="drawings without a label")
    seed: Whole = Field(ge=0, description="seed of all drawing")


class Split(Section):
    """The parts of the images."""

    train: Number = Field(gt=0, lt=1, description="share of the images to train on")
    validation: Number = Field(gt=0, lt=1, description="share of the images that choose the best epoch")
    test: Number = Field(gt=0, lt=1, description="share of the images that networks are measured on")
    seed: Whole = Field(ge=0, description="seed of the draw")
    near_duplicates: Annotated[Annotated[int, Field(ge=0, le=16)] | None, NullOrNumber] = Field(
        description="most bits, of 64, in which the perceptual hashes of copies differ; null: none are looked for",
    )


class Augmentation(Section):
    """How training images are moved."""

    flip: bool = Field(description="whether every other image is mirrored")
    shift: Number = Field(ge=0, le=1, description="largest shift as a share of the side")


class Recipe(Section):
    """A backbone and how it is trained."""

    backbone: str = Field(
        description="resnet18, a keras.applications network in lower case, or the path of a saved feature extractor",
    )
    weights: PathOrNull = Field(
        description="of the backbone without its top: imagenet, the path of a Keras HDF5 file, or null for random ones",
        json_schema_extra=_words("imagenet, the path of a Keras HDF5 file, or null"),
    )
    preprocessing: Literal["paper", "imagenet", "none"] = Field(
        description="what the backbone gets: paper divides by 255, imagenet is the network's own, none is raw [0, 255]"
    )
    epochs: Whole = Field(ge=1, description="passes over the training images")
    batch_size: Whole = Field(ge=1, description="images in a batch")
    learning_rate: Number = Field(gt=0, description="learning rate of Adam")
    schedule: Literal["constant", "cosine"] = Field(
        description="constant (with decay), or cosine to 0 at the end of the last epoch"
    )
    decay: Number = Field(ge=0, description="d of the paper's formula (9), with schedule constant")
    dropout: Number = Field(ge=0, lt=1, description="share of features dropped before the last layer")
    batch_norm_momentum: Annotated[Annotated[float, Field(ge=0, lt=1)] | None, NullOrNumber] = Field(
        description="momentum of the moving averages; null keeps the backbone's own, 0.99 in Keras"
    )
    augmentation: Augmentation = Field(description="how training images are moved")
    validation_augmentation: bool = Field(description="whether validation during training is augmented too")


def _partial(model: type[Section], name: str) -> dict[str, Any]:
    """The fields of a model, each of them optional, in mappings too."""
    fields = {}
    for key, field in model.model_fields.items():
        optional = copy.copy(field)
        optional.default = None
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            optional.annotation = create_model(f"{name}{key}", __base__=Section, **_partial(field.annotation, name))
        fields[key] = (optional.annotation, optional)
    return fields


class Student(Section):
    """A family of students."""

    labels: Literal["manual", "hard", "soft"] = Field(
        description="what the family learns from: manual labels, or its source's answers (hard) or probabilities (soft)"
    )
    generations: Whole = Field(ge=0, description="steps of recursion after the student itself; 0 for manual labels")


Family = create_model("Family", __base__=Student, **_partial(Recipe, "Family"))


class Evaluation(Section):
    """How networks are measured."""

    augmented_repeats: Whole = Field(ge=1, description="evaluations with the network's own training augmentation")
    bin_width: Number = Field(gt=0, le=1, description="width of the bins of the histograms of predictions")


class Export(Section):
    """What leaves the workflow."""

    network: str = Field(description="id of the network that submits, classifies and is bundled")
    int8_max_drop: Number = Field(ge=0, le=1, description="share of accuracy on the test part that int8 may cost")


class Timing(Section):
    """How the time an image takes is measured."""

    rounds: Whole = Field(ge=2, description="calls of every network in every runtime")


class Submission(Section):
    """Kaggle's submission."""

    clip: Number = Field(ge=0, lt=0.5, description="distance that submitted probabilities keep from 0 and 1")


class Config(Section):
    """The configuration of one run."""

    run: str = Field(
        description="name of the run; results go to results/RUN/",
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$",
        json_schema_extra=_words("a name of letters, digits, '_', '.' and '-' that does not begin with '.' or '-'"),
    )
    archive: PathOrNull = Field(description="path of Kaggle's zip or of a folder; null draws the built-in sample")
    sample: Sample = Field(description="the built-in sample, used when archive is null")
    classes: Annotated[list[ClassName], AfterValidator(_different)] = Field(
        description="class names, the first part of the file names; the position of a name is its label",
        min_length=2,
        max_length=2,
        json_schema_extra=_words(
            "a list of two different names, each of lower-case letters, digits and '_', such as [cat, dog]; "
            "the position of a name is its label"
        ),
    )
    image_size: Whole = Field(ge=32, le=1024, description="side of the images in pixels")
    split: Split = Field(description="shares of the parts and the seed of the draw")
    seeds: Annotated[list[Annotated[Whole, Field(ge=0)]], AfterValidator(_different)] = Field(
        description="training seeds, one whole experiment each on the same split",
        min_length=1,
        json_schema_extra=_words("a list of one or more different integers of at least 0, such as [0, 1]"),
    )
    backend: Literal["tensorflow", "jax", "torch"] = Field(description="backend of Keras")
    precision: Literal["float32", "bfloat16"] = Field(description="of training; predictions are always float32")
    gpu: bool = Field(description="whether a training run asks for a GPU")
    teacher: Recipe = Field(description="the teacher's training recipe")
    student: Recipe = Field(description="the recipe that every student and every step of recursion shares")
    students: Annotated[dict[FamilyName, Family], BeforeValidator(_without_dropped)] = Field(
        description="families of students; a family may override any key of the recipe, and null drops one",
        min_length=1,
        json_schema_extra=_words(
            "a mapping of at least one family, each named by lower-case letters, digits and '_', not 'teacher'"
        ),
    )
    evaluation: Evaluation = Field(description="how networks are measured")
    export: Export = Field(description="what leaves the workflow")
    timing: Timing = Field(description="how the time an image takes is measured")
    submission: Submission = Field(description="Kaggle's submission")
    photos: PathOrNull = Field(description="folder of photos for the rule classify")


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
        lines = list(dict.fromkeys(map(_explained, error.errors())))
    else:
        lines = _contradictions(config)
    if lines:
        raise InputError("The configuration cannot be used:\n" + "\n".join(f"  {line}" for line in lines))
    return config


def recipe(config: dict, family: str) -> dict:
    """The complete training recipe of a family: the config's `teacher`, or `student` with the family's own keys."""
    if family == "teacher":
        return _sorted(config["teacher"])
    own = {key: value for key, value in config["students"][family].items() if key not in Student.model_fields}
    augmentation = config["student"]["augmentation"] | own.get("augmentation", {})
    return _sorted(config["student"] | own | {"augmentation": augmentation})


def recipes(config: dict) -> dict[str, dict]:
    """Complete recipes by the key of the config that says them, those of families only where they differ."""
    families = {f"students.{family}": recipe(config, family) for family in config["students"]}
    own = {name: complete for name, complete in families.items() if complete != _sorted(config["student"])}
    return {"teacher": recipe(config, "teacher"), "student": _sorted(config["student"])} | own


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
        "labels": f"{network.labels}, from {network.source}" if network.source else network.labels,
        "recipe": json.dumps(recipe(config, network.family)),
    }


def _sorted(recipe: dict) -> dict:
    """The same in alphabetical order, so that the order of keys in a config file changes nothing."""
    return dict(sorted(recipe.items())) | {"augmentation": dict(sorted(recipe["augmentation"].items()))}


def _explained(error: dict) -> str:
    """One error of pydantic in words."""
    path = [str(part) for part in error["loc"]]
    if path[-1] == "[key]":  # the name of a family
        path = path[:-2]
    while path[-1].isdecimal():  # an element of a list
        path.pop()
    name = ".".join(path)
    if error["type"] == "extra_forbidden":
        return f"{name}: unknown key{_nearest_key(path)}"
    field = None if _model(path) else _model(path[:-1]).model_fields[path[-1]]
    expected = expected_value(field) if field else "a mapping"
    if error["type"] == "missing":
        return f"{name}: missing, expected {expected}"
    options = get_args(field.annotation) if field else ()
    return f"{name}: expected {expected}, got {_shown(error['input'])}{nearest(error['input'], options)}"


def _nearest_key(path: list[str]) -> str:
    """Which key may have been meant by an unknown one, or which keys are known there."""
    siblings = list(_model(path[:-1]).model_fields)
    for key in siblings:
        inner = _model([*path[:-1], key])
        if inner is not None and path[-1] in inner.model_fields:
            return f"; did you mean {'.'.join([*path[:-1], key, path[-1]])}?"
    return nearest(path[-1], siblings) or f"; known keys are {', '.join(siblings)}"


def _model(path: list[str]) -> type[Section] | None:
    """The type of the mapping at a path, or None where no described mapping is."""
    model = Config
    for part in path:
        if model is None:  # the name of a family
            model = Family
            continue
        annotation = model.model_fields[part].annotation
        model = annotation if isinstance(annotation, type) and issubclass(annotation, Section) else None
    return model


def expected_value(field: FieldInfo) -> str:
    """What a value must be, in words."""
    if field.json_schema_extra:
        return field.json_schema_extra["expected"]
    schema = TypeAdapter(Annotated[field.annotation, field]).json_schema()
    return " or ".join(_in_words(option) for option in schema.get("anyOf", [schema]))


def _in_words(schema: dict) -> str:
    """A JSON schema without parts, in words."""
    if "enum" in schema:
        *first, last = schema["enum"]
        return f"{', '.join(first)} or {last}"
    words = {"integer": "an integer", "number": "a number", "boolean": "true or false", "string": "text"}
    words["null"] = "null"
    bounds = {"minimum": "of at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    found = [f"{bound} {schema[key]:g}" for key, bound in bounds.items() if key in schema]
    return " ".join([words[schema["type"]], " and ".join(found)]).strip()


def _shown(value: object) -> str:
    """A value as a YAML file has it, text in quotation marks."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(value)


def _contradictions(config: dict) -> list[str]:
    """What types cannot say: keys that do not fit each other."""
    lines = []
    total = sum(config["split"][part] for part in ("train", "validation", "test"))
    if abs(total - 1) > 1e-9:
        lines.append(f"split: expected train, validation and test to sum to 1, got {total:g}")
    if config["classes"] == ["dog", "cat"]:
        lines.append(
            "classes: expected [cat, dog], got [dog, cat]: the paper's numbers and Kaggle's submission are about the "
            "probability of dog, which must be class 1, the second in the list"
        )
    if abs(1 / config["evaluation"]["bin_width"] % 1 - 0.5) < 0.5 - 1e-6:
        width = config["evaluation"]["bin_width"]
        lines.append(
            f"evaluation.bin_width: expected a width of which 1 is a multiple, such as 0.05 or 0.1, got {width}"
        )
    known = list(networks(config["students"]))
    if (given := config["export"]["network"]) not in known:
        lines.append(f"export.network: expected one of {', '.join(known)}, got {given!r}{nearest(given, known)}")
    for family, student in config["students"].items():
        if student["labels"] == "manual" and student["generations"]:
            lines.append(
                f"students.{family}.generations: expected 0 with manual labels, got {student['generations']}: a next "
                "generation would train on the same labels"
            )
    for name, complete in recipes(config).items():
        backbone, weights = complete["backbone"], complete["weights"]
        if (wrong := backbones.unusable(backbone, config["image_size"])) is not None:
            lines.append(f"{name}.backbone: {wrong}")
        if complete["schedule"] == "cosine" and complete["decay"]:
            lines.append(f"{name}.decay: expected 0 with schedule cosine, got {complete['decay']:g}")
        if backbone.endswith(".keras") and weights is not None:
            lines.append(f"{name}.weights: expected null with a saved backbone, which has its own, got {weights!r}")
        if backbone == "resnet18" and weights == "imagenet":
            lines.append(
                f"{name}.weights: expected null or a path with resnet18, of which Keras has no weights, got imagenet"
            )
        if complete["preprocessing"] == "imagenet" and (backbone == "resnet18" or backbone.endswith(".keras")):
            lines.append(
                f"{name}.preprocessing: expected paper or none with {backbone}, got imagenet, which keras.applications "
                "networks have"
            )
    return lines
