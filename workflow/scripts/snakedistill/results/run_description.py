"""What a run is, in words, for figures, captions and the summary."""

from pathlib import Path

from snakedistill.core.pixels import Pixels
from snakedistill.core.settings import EACH
from snakedistill.teaching import given


def describe_run(config: dict, pixels: dict[str, Pixels]) -> str:
    """Say on what the numbers of a run were measured: what was learned from, and by what.

    Args:
        config: the merged configuration.
        pixels: those that networks take, by family; the teacher is one, where it has a model.
    """
    student = config["student"]
    run = (
        f"Run {config['run']}: {_images_in_words(config)} at {_pixels_in_words(pixels)}; "
        f"{_teacher_in_words(config['teacher'])}; "
        f"students {Path(student['backbone']).stem}, {student['epochs']} epochs; "
        f"{_seeds_in_words(config)}"
        f"{', each with its own assignment of images to parts' if config['split']['seed'] == EACH else ''}."
    )
    return f"{run} The numbers are about drawings, not about photographs." if config["archive"] is None else run


def name_run(config: dict) -> str:
    """Say in one line which run a figure belongs to, for its lower edge: the name, the images and the seeds."""
    return f"Run {config['run']}: {_images_in_words(config)}; {_seeds_in_words(config)}"


def describe_given_teacher(teacher: dict) -> str:
    """Say what a given teacher is, and what is therefore absent.

    Args:
        teacher: the config's `teacher`, which names a file.
    """
    how = given(teacher)
    name = Path(teacher[how]).name
    if how == "predictions":
        return (
            f"The teacher is a file of predictions, {name}. Its training curve, best epoch, evaluation with "
            "augmentation, timing, export and scheme are absent."
        )
    return f"The teacher is a finished classifier, {name}. Its training curve and best epoch are absent."


def describe_audit(path: str) -> str:
    """Say what was audited: a CSV of predictions."""
    return f"Audit of {Path(path).name}: predictions that were made elsewhere."


def learned_from(config: dict) -> str:
    """What the networks learned from, in a few words for the page in the browser."""
    return f"{_images_in_words(config)}{', not from photographs' if config['archive'] is None else ''}"


def _images_in_words(config: dict) -> str:
    archive = config["archive"]
    return "drawings of the built-in sample" if archive is None else f"images of {Path(archive).name}"


def _seeds_in_words(config: dict) -> str:
    seeds = config["seeds"]
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


def _pixels_in_words(pixels: dict[str, Pixels]) -> str:
    """The pixels of all families, or where they differ those of each."""
    families: dict[str, list[str]] = {}
    for family, of_family in pixels.items():
        families.setdefault(of_family.in_words, []).append(family)
    if len(families) == 1:
        return next(iter(families))
    return " and ".join(f"{words} ({', '.join(names)})" for words, names in families.items())


def _teacher_in_words(teacher: dict) -> str:
    match given(teacher):
        case "predictions":
            return f"teacher: predictions in {Path(teacher['predictions']).name}"
        case "classifier":
            return f"teacher: classifier in {Path(teacher['classifier']).name}"
    return f"teacher {Path(teacher['backbone']).stem}, {teacher['epochs']} epochs"
