"""The training recipe of each family."""

from snakedistill.configuration.types import Recipe, Student
from snakedistill.core.network_ids import TEACHER
from snakedistill.teaching import STAGES, given


def recipe(config: dict, family: str) -> dict:
    """The complete training recipe of a family: the config's `teacher`, or `student` with the family's own keys.

    A stage of the teacher has the teacher's. A given classifier has a backbone, the file, and only what is used without
    training: preprocessing and augmentation.
    """
    if family == TEACHER or family in STAGES:
        teacher = config["teacher"]
        if given(teacher) == "classifier":
            used = {key: teacher[key] for key in ("augmentation", "preprocessing")}
            return _in_order(used | {"backbone": teacher["classifier"]})
        return _in_order({key: teacher[key] for key in Recipe.model_fields})
    own = {key: value for key, value in config["students"][family].items() if key not in Student.model_fields}
    augmentation = config["student"]["augmentation"] | own.get("augmentation", {})
    return _in_order(config["student"] | own | {"augmentation": augmentation})


def recipes(config: dict) -> dict[str, dict]:
    """Recipes of training by the key of the config that says them, those of families only where they differ."""
    families = {f"students.{family}": recipe(config, family) for family in config["students"]}
    own = {name: complete for name, complete in families.items() if complete != _in_order(config["student"])}
    teacher = {} if given(config["teacher"]) else {TEACHER: recipe(config, TEACHER)}
    return teacher | {"student": _in_order(config["student"])} | own


def _in_order(recipe: dict) -> dict:
    """A recipe in alphabetical order, so that the order of keys in a config file changes nothing."""
    return dict(sorted(recipe.items())) | {"augmentation": dict(sorted(recipe["augmentation"].items()))}
