"""What the metadata of an exported network say it is."""

import json

from snakedistill.core.network_ids import Network
from snakedistill.core.outputs import number_of_outputs
from snakedistill.core.pixels import Pixels
from snakedistill.measures.metrics import THRESHOLD


def card(
    network: Network, classes: list[str], pixels: Pixels, run: str, seed: int | str, recipe: dict
) -> dict[str, str]:
    """The metadata of an exported network, all of them text; the threshold is that of two classes.

    Args:
        network: the network.
        classes: names; the position of a name is its label.
        pixels: those that the network takes.
        run: name of the run.
        seed: training seed.
        recipe: complete training recipe.
    """
    threshold = {"threshold": str(THRESHOLD)} if number_of_outputs(len(classes)) == 1 else {}
    return {
        "network": network.id,
        "classes": json.dumps(classes),
        **threshold,
        **pixels_of_card(pixels),
        "run": run,
        "seed": str(seed),
        "labels": ", ".join(
            [str(network.way)]
            + ([f"from {network.source}"] if network.source else [])
            + [f"{name} {setting}" for name, setting in network.options]
        ),
        "recipe": json.dumps(recipe),
    }


def pixels_of_card(pixels: Pixels) -> dict[str, str]:
    """The metadata that say which pixels a network takes: `image_size`, and `fit` and `resample` if not neutral."""
    neutral = Pixels(pixels.size)
    return {"image_size": str(pixels.size)} | {
        key: value for key in ("fit", "resample") if (value := getattr(pixels, key)) != getattr(neutral, key)
    }
