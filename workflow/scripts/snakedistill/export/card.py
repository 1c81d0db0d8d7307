"""What the metadata of an exported network say it is."""

import json

from snakedistill.core.network_ids import Network
from snakedistill.measures.metrics import THRESHOLD


def card(
    network: Network, classes: list[str], image_size: int, run: str, seed: int | str, recipe: dict
) -> dict[str, str]:
    """The metadata of an exported network, all of them text.

    Args:
        network: the network.
        classes: names; the position of a name is its label.
        image_size: side of the images in pixels.
        run: name of the run.
        seed: training seed.
        recipe: complete training recipe.
    """
    return {
        "network": network.id,
        "classes": json.dumps(classes),
        "threshold": str(THRESHOLD),
        "image_size": str(image_size),
        "run": run,
        "seed": str(seed),
        "labels": f"{network.way}, from {network.source}" if network.source else str(network.way),
        "recipe": json.dumps(recipe),
    }
