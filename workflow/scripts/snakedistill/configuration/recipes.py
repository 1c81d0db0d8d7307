"""The training recipe of each family."""

from snakedistill.configuration.types import Recipe, Student
from snakedistill.core.network_ids import TEACHER
from snakedistill.core.pixels import Pixels
from snakedistill.core.recipe import AUGMENTATION_ALWAYS_NAMED, NEUTRAL
from snakedistill.networks.backbones import preprocessing_of
from snakedistill.teaching import STAGES, given

_OF_PIXELS = ("image_size", "fit", "resample")


def recipe(config: dict, family: str) -> dict:
    """The complete training recipe of a family: the config's `teacher`, or `student` with the family's own keys.

    A stage of the teacher has the teacher's. A given classifier has a backbone, the file, and only what is used without
    training: preprocessing, augmentation and pixels. An `image_size` that is null or absent is the configuration's.
    """
    if family == TEACHER or family in STAGES:
        teacher = NEUTRAL | config["teacher"]
        if given(teacher) == "classifier":
            used = {key: teacher[key] for key in ("augmentation", "preprocessing", *_OF_PIXELS)}
            return _complete(config, used | {"backbone": teacher["classifier"]})
        return _complete(config, {key: teacher[key] for key in Recipe.model_fields})
    own = {key: value for key, value in config["students"][family].items() if key not in Student.model_fields}
    augmentation = config["student"]["augmentation"] | own.get("augmentation", {})
    return _complete(config, NEUTRAL | config["student"] | own | {"augmentation": augmentation})


def recipes(config: dict) -> dict[str, dict]:
    """Recipes of training by the key of the config that says them, those of families only where they differ."""
    student = _complete(config, NEUTRAL | config["student"])
    families = {f"students.{family}": recipe(config, family) for family in config["students"]}
    own = {name: complete for name, complete in families.items() if complete != student}
    teacher = {} if given(config["teacher"]) else {TEACHER: recipe(config, TEACHER)}
    return teacher | {"student": student} | own


def pixels(complete: dict) -> Pixels:
    """The pixels that a network with a complete recipe takes."""
    return Pixels(complete["image_size"], complete["fit"], complete["resample"])


def same_structure(one: dict, other: dict) -> bool:
    """Whether networks of two complete recipes can have the same weights, of images with the same pixels."""
    return all(one[key] == other[key] for key in ("backbone", "preprocessing", *_OF_PIXELS))


def without_neutral(complete: dict) -> dict:
    """What a rule and a lineage know of a complete recipe: no image size, which they have beside it, no neutral values.

    So a new key of recipes changes nothing where it is neutral, and neither does a new transformation that is off.
    """
    changes = {
        name: value for name, value in complete["augmentation"].items() if value or name in AUGMENTATION_ALWAYS_NAMED
    }
    return {
        key: value
        for key, value in (complete | {"augmentation": changes}).items()
        if key != "image_size" and (key not in NEUTRAL or value != NEUTRAL[key])
    }


def _complete(config: dict, recipe: dict) -> dict:
    """A recipe with its image size and preprocessing, in alphabetical order: the order of keys changes nothing."""
    completed = {
        "augmentation": dict(sorted(recipe["augmentation"].items())),
        "image_size": recipe["image_size"] or config["image_size"],
        "preprocessing": recipe["preprocessing"] or preprocessing_of(recipe["backbone"], recipe.get("weights")),
    }
    return dict(sorted((recipe | completed).items()))
