"""What a model, a label file or a file of predictions was made from, so that a wrong file is never used.

It stands beside the file, as JSON: `soft-0.lineage.json` beside `soft-0.csv`.
"""

import json
from pathlib import Path

from snakedistill.core.by_image import ByImage, read_by_image
from snakedistill.core.digests import fingerprint_of_file
from snakedistill.core.errors import InputError
from snakedistill.core.files import write_text
from snakedistill.core.outputs import labels_of_classes, logits_of_classes, shares_of_classes


def lineage_file(path: str | Path) -> Path:
    """Where the lineage of a file stands."""
    return Path(path).with_suffix(".lineage.json")


def training_settings(recipe: dict, image_size: int, precision: str, backend: str, options: dict | None = None) -> dict:
    """The settings that determine a training run, besides its network, seed, labels and images."""
    settings = {"recipe": recipe, "image_size": image_size, "precision": precision, "backend": backend}
    return settings | ({"options": options} if options else {})


def record_lineage(
    path: str | Path, network_id: str, seed: int, settings: dict | None = None, **made_from: str | Path
) -> None:
    """Write network, seed, settings, and the SHA-256 of a file and of the files that it was made from.

    Args:
        path: path of the file, which exists.
        network_id: id of the network that the file belongs to.
        seed: training seed.
        settings: settings of a model, see `training_settings`; None for another file.
        made_from: paths by what they are, for example `splits` and `model`.
    """
    lineage = {"network": network_id, "seed": seed, "sha256": fingerprint_of_file(path)}
    lineage |= {"settings": settings} if settings else {}
    lineage |= {name: fingerprint_of_file(source) for name, source in made_from.items()}
    write_text(json.dumps(lineage, indent=2) + "\n", lineage_file(path))


def check_lineage(path: str | Path, network_id: str, seed: int, **made_from: str | Path) -> None:
    """Check that a file is as it was written, and made for this network and seed and from these files.

    Args:
        path: path of the file.
        network_id: id of the network that the file must belong to.
        seed: training seed.
        made_from: paths by what they are, all or some of those that were recorded.

    Raises:
        InputError: it is another file, or nothing says what it is; the message names what it was made from and what
            is expected.
    """
    what_to_do = "Delete it and start again, then it is made again."
    try:
        found = json.loads(lineage_file(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(
            f"Nothing says what {path} was made from, for {lineage_file(path)} is missing or damaged. {what_to_do}"
        ) from None
    expected = {"network": network_id, "seed": seed}
    expected |= {name: fingerprint_of_file(source) for name, source in made_from.items()} | {
        "sha256": fingerprint_of_file(path)
    }
    wrong = [
        f"its {name} is {found.get(name)}, not {value}" + (f" ({made_from[name]})" if name in made_from else "")
        for name, value in expected.items()
        if found.get(name) != value
    ]
    if wrong:
        raise InputError(f"{path} was made from different inputs: {'; '.join(wrong)}. {what_to_do}")


def check_settings(found: dict[str, dict], expected: dict[str, dict]) -> None:
    """Check that networks were trained with the settings that the configuration says.

    Args:
        found: what each model's lineage says, see `training_settings`, by the model's path.
        expected: what the configuration says, by the same paths.

    Raises:
        InputError: a model was trained with other settings; the message names the model and each setting.
    """
    lines = []
    for model, settings in expected.items():
        ours, theirs = leaves(settings), leaves(found[model])
        lines += [
            f"{model}: expected {key} {ours.get(key)}, got {theirs.get(key)}"
            for key in sorted(ours | theirs)
            if ours.get(key) != theirs.get(key)
        ]
    if lines:
        raise InputError(
            "Networks were trained with other settings than the configuration says:\n"
            + "\n".join(f"  {line}" for line in lines)
            + "\nDelete these files and start again: they are then trained with the settings of the configuration."
        )


def leaves(mapping: dict, name: str = "") -> dict[str, object]:
    """The values of nested mappings by dotted key, for example `teacher.augmentation.shift`."""
    found: dict[str, object] = {}
    for key, value in mapping.items():
        dotted = f"{name}.{key}" if name else key
        found |= leaves(value, dotted) if isinstance(value, dict) else {dotted: value}
    return found


def read_labels(path: str | Path, network_id: str, seed: int, splits: str | Path, classes: int) -> ByImage:
    """Read what a network trains on, its lineage checked: `label`, float [n, classes], and `weight` if there is one."""
    check_lineage(path, network_id, seed, splits=splits)
    found = read_by_image(path)
    return ByImage(found.image_id, dict(found.values) | {"label": labels_of_classes(found["label"], classes)})


def read_predictions(path: str | Path, network_id: str, seed: int, **made_from: str | Path) -> ByImage:
    """Read a network's predictions, their lineage checked: `logit` float32 [n, K] and `probability` float [n, K].

    The network's outputs are the float32 that were written. Of two classes the probabilities are float64, so that 1 - p
    keeps its digits.
    """
    check_lineage(path, network_id, seed, **made_from)
    found = read_by_image(path)
    outputs = (found[name] for name in ("logit", "probability"))
    logit, probability = (array[:, None] if array.ndim == 1 else array for array in outputs)
    of_classes = {"logit": logits_of_classes(logit), "probability": shares_of_classes(probability)}
    return ByImage(found.image_id, dict(found.values) | of_classes)
