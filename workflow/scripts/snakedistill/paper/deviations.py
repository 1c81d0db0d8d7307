"""The settings of a run that differ from the paper's."""

from pathlib import Path

from snakedistill.core.lineage import leaves
from snakedistill.core.recipe import NEUTRAL
from snakedistill.teaching import given


def deviations_in_words(config: dict, paper: dict) -> str:
    """Say which settings of a run differ from the paper's, so that no one takes a small run for the paper.

    Args:
        config: the merged configuration.
        paper: the paper's settings, of `presets/paper.yaml`.
    """
    found = _deviations(config, paper)
    if not found:
        return "Every setting is the paper's."
    return f"Settings that differ from the paper's (in brackets): {'; '.join(found)}."


def _deviations(config: dict, paper: dict) -> list[str]:
    found = []
    if (how := given(config["teacher"])) is not None:  # its recipe is not used
        config = config | {"teacher": {how: config["teacher"][how]}}
    neutral = leaves(dict.fromkeys(("teacher", "student"), NEUTRAL))
    for section in ("image_size", "precision", "split", "teacher", "student"):
        ours, theirs = leaves({section: config[section]}), neutral | leaves({section: paper[section]})
        for key, value in ours.items():
            # A key that the paper's settings lack is neutral, or a transformation, which is then off.
            off = 0 if ".augmentation." in key else None
            if key != "split.seed" and value != (printed := theirs.get(key, off)):
                found.append(f"{key} {_value_in_words(value)} ({_value_in_words(printed)})")
    for family, student in config["students"].items():
        theirs = paper["students"].get(family)
        if theirs is None:
            found.append(f"students.{family} (none)")
            continue
        printed_of_family = leaves(theirs, f"students.{family}")
        for key, value in leaves(student, f"students.{family}").items():
            printed = printed_of_family.get(key, "as student")
            if value != printed:
                found.append(f"{key} {_value_in_words(value)} ({_value_in_words(printed)})")
    return found + [f"no students.{family}" for family in paper["students"] if family not in config["students"]]


def _value_in_words(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, str):
        return Path(value).stem if value.endswith(".keras") else value
    return f"{value:g}"
