"""Whether int8 costs more accuracy than is allowed. Measurements tell, so another limit exports nothing again."""

import json
from collections.abc import Iterable
from pathlib import Path


def costs_too_much(measured: dict, int8_max_drop: float) -> bool:
    """Whether int8 loses more accuracy than allowed.

    Args:
        measured: the content of `measurements`, see `exporting.export_network`.
        int8_max_drop: share of accuracy on the test part that int8 may lose.
    """
    return measured["int8"]["drop"] > int8_max_drop


def costly_in_words(measurements: Iterable[str], int8_max_drop: float) -> list[str]:
    """A sentence on each export whose int8 costs too much.

    Args:
        measurements: JSON files of exports.
        int8_max_drop: as in `costs_too_much`.
    """
    found = []
    for path in measurements:
        measured = json.loads(Path(path).read_text(encoding="utf-8"))
        if costs_too_much(measured, int8_max_drop):
            images = measured["int8"]["images"]
            finer = int8_max_drop < 1 / images
            about_one = f" One image is {100 / images:.2f} points, so none may be lost." if finer else ""
            found.append(
                f"int8 of {measured['network']}, seed {measured['seed']}, in {measured['form']} loses "
                f"{100 * measured['int8']['drop']:.2f} percentage points of accuracy on {images:,} test images, "
                f"more than the {100 * int8_max_drop:g} of export.int8_max_drop.{about_one} Use float32"
            )
    return found
