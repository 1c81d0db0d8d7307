"""Which files of an export can be used, as its measurements tell; so another tolerance exports nothing again."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from snakedistill.core.errors import InputError


def read_measurements(path: str | Path) -> dict:
    """What an export measured, see `exporting.export_network`."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def written(files: Mapping[str, str], measurements: str) -> dict[str, str]:
    """The files of an export that hold a network.

    Args:
        files: by precision.
        measurements: JSON of the export.
    """
    there = read_measurements(measurements)["bytes"]
    return {precision: path for precision, path in files.items() if precision in there}


def networks_written(files: Mapping[str, str], measurements: Mapping[str, str], precision: str) -> dict[str, str]:
    """The files that hold a network.

    Args:
        files: of one form and precision, by network id.
        measurements: JSON of each export.
        precision: of the files.

    Raises:
        InputError: none of them does.
    """
    found = {network: path for network, path in files.items() if written({precision: path}, measurements[network])}
    if not found:
        reasons = {network: read_measurements(path)["failed"] for network, path in measurements.items()}
        lines = [f"{network}: {reason}." for network, failed in reasons.items() for reason in failed.values()]
        raise InputError(f"Expected a network that could be written, got none. {' '.join(lines)}")
    return found


def costs_too_much(measured: dict, int8_max_drop: float) -> bool:
    """Whether int8 loses more accuracy than allowed.

    Args:
        measured: the content of `measurements`, see `exporting.export_network`.
        int8_max_drop: share of accuracy on the test part that int8 may lose.
    """
    return "int8" in measured["bytes"] and measured["int8"]["drop"] > int8_max_drop


def exports_in_words(measurements: Iterable[str], int8_max_drop: float) -> list[str]:
    """A sentence on each form that could not be written or costs too much, and on each network that has none.

    Args:
        measurements: JSON files of exports.
        int8_max_drop: as in `costs_too_much`.
    """
    exports = [read_measurements(path) for path in measurements]
    found = [sentence for measured in exports for sentence in _of_export(measured, int8_max_drop)]
    of_networks: dict[tuple, bool] = {}
    for measured in exports:
        name = measured["network"], measured["seed"]
        of_networks[name] = of_networks.get(name, False) or bool(measured["bytes"])
    found += [
        f"{network}, seed {seed}, could be written in no form: `seed-{seed}/models/{network}.keras` is all there is"
        for (network, seed), is_there in of_networks.items()
        if not is_there
    ]
    images = {measured["int8"]["images"] for measured in exports if "int8" in measured["bytes"]}
    if images and 0 < int8_max_drop < 1 / min(images):
        found.append(
            f"{100 * int8_max_drop:g} percentage points (export.int8_max_drop) are finer than one of {min(images):,} "
            f"test images, which is {100 / min(images):.2f}: int8 may lose none"
        )
    return found


def _of_export(measured: dict, int8_max_drop: float) -> list[str]:
    network = f"{measured['network']}, seed {measured['seed']}"
    skipped = "It is neither timed nor in deploy/"
    if reason := measured["failed"].get("float32"):
        return [f"{network}, cannot be written in {measured['form']}: {reason}. {skipped}"]
    if reason := measured["failed"].get("int8"):
        return [f"{network}, cannot be written in int8 in {measured['form']}: {reason}. {skipped}"]
    if costs_too_much(measured, int8_max_drop):
        return [
            f"int8 of {network}, in {measured['form']} loses {100 * measured['int8']['drop']:.2f} percentage points of "
            f"accuracy on {measured['int8']['images']:,} test images; {100 * int8_max_drop:g} are allowed "
            "(export.int8_max_drop). It is not in deploy/, unless it was chosen (export.network: null): use float32"
        ]
    return []
