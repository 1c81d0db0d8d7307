"""Keys of earlier versions of the configuration, which are understood for one more version."""

import copy
from collections.abc import Iterable, Mapping
from pathlib import Path

RENAMED: dict[str, str] = {}
"""The new dotted key of each key that was renamed or moved; `*` stands for every family, as in `students.*.labels`.

A line is deleted after the next release."""

RENAMED_PRESETS = {"presets/photos.yaml": "presets/dogs-vs-cats.yaml"}
"""The new name of each preset that was renamed; under the old one there is a link. A line goes with its link."""


def sentences_on_presets(given: Iterable[Path], project: Path) -> list[str]:
    """A sentence for each given configuration file that is a preset by its old name.

    Args:
        given: paths.
        project: the folder that holds the presets.
    """
    given = [path.absolute() for path in given]
    return [
        f"{old} is now called {new}: name it so"
        for old, new in RENAMED_PRESETS.items()
        if (project / old).absolute() in given
    ]


def migrated(config: dict, renamed: Mapping[str, str] = RENAMED) -> tuple[dict, list[str]]:
    """A merged configuration with the new names of its keys.

    An old key comes from a user, since `config.yaml` has the new one, so its value takes the place of the new one's;
    where both are mappings, they are merged.

    Args:
        config: as Snakemake gives it, not yet checked.
        renamed: see `RENAMED`.

    Returns:
        The configuration, and a sentence for each old key that it had.
    """
    config, sentences = copy.deepcopy(config), []
    for old, new in renamed.items():
        for family in _families(config) if "*" in old else [""]:
            before, after = old.replace("*", family), new.replace("*", family)
            value = _taken(config, before.split("."))
            if value is not _ABSENT:
                _put(config, after.split("."), value)
                sentences.append(f"{before} is now called {after}: rename it in your configuration")
    return config, sentences


_ABSENT = object()


def _families(config: dict) -> list[str]:
    students = config.get("students")
    return list(students) if isinstance(students, dict) else []


def _taken(mapping: object, path: list[str]) -> object:
    """The value at a path, which is removed."""
    *above, last = path
    for key in above:
        mapping = mapping.get(key) if isinstance(mapping, dict) else None
    return mapping.pop(last, _ABSENT) if isinstance(mapping, dict) else _ABSENT


def _put(mapping: dict, path: list[str], value: object) -> None:
    *above, last = path
    for key in above:
        mapping = mapping.setdefault(key, {})
    if isinstance(value, dict) and isinstance(mapping.get(last), dict):
        value = mapping[last] | value
    mapping[last] = value
