"""Heads of a finished classifier, without importing a deep-learning framework, so that planning can check them."""

import json
import zipfile
from pathlib import Path

from snakedistill.core.outputs import number_of_outputs
from snakedistill.data.given_predictions import HOW_TO_GIVE_IT


def heads(classes: int) -> dict[int, tuple[str, ...]]:
    """Activations of the last Dense layer by its units, for a number of classes."""
    of_each: dict[int, tuple[str, ...]] = {classes: ("softmax", "linear")}
    return {1: ("sigmoid", "linear")} | of_each if number_of_outputs(classes) == 1 else of_each


def expected_head(classes: int) -> str:
    """The heads in words, for an error."""
    found = [
        f"with {units} unit{'s' if units > 1 else ''} and {' or '.join(activations)} activation"
        for units, activations in heads(classes).items()
    ]
    return (
        f"Dense {', or '.join(found)}, which may be in an Activation or Softmax layer after it, for {classes} classes"
    )


def wrong_units(path: str | Path, classes: int) -> str | None:
    """What was expected of the last layer of a saved Keras classifier, and what it is; None where it fits.

    None too where the file does not tell: then the layers are checked when the classifier is taken in.

    Args:
        path: .keras file, a zip.
        classes: number of classes.
    """
    try:
        with zipfile.ZipFile(path) as saved:
            units = _units_at_the_end(json.loads(saved.read("config.json")))
    except Exception:  # a damaged zip has an error for each damage, and another form of config has any
        return None
    if units is None or units in heads(classes):
        return None
    return f"expected {expected_head(classes)}, got {path}, which ends with Dense with {units} units: {HOW_TO_GIVE_IT}"


def _units_at_the_end(model: dict) -> int | None:
    """Units of the last Dense layer of a Sequential or Functional model from its config; None for another end."""
    layers = model["config"]["layers"]
    if model["class_name"] == "Sequential":
        last = layers[-1]
        if last["class_name"] in ("Activation", "Softmax"):
            last = layers[-2]
    else:
        by_name = {layer["config"]["name"]: layer for layer in layers}
        ends = model["config"]["output_layers"]
        ((name, node, _),) = ends if isinstance(ends[0], list) else [ends]
        last = by_name[name]
        if last["class_name"] in ("Activation", "Softmax"):
            name, _, _ = last["inbound_nodes"][node]["args"][0]["config"]["keras_history"]
            last = by_name[name]
    return last["config"]["units"] if last["class_name"] == "Dense" else None
