"""What the metadata of an exported network say it is."""

import json

from snakedistill.core.network_ids import Network
from snakedistill.core.outputs import number_of_outputs
from snakedistill.measures.metrics import THRESHOLD


def card(
    network: Network, classes: list[str], image_size: int, run: str, seed: int | str, recipe: dict
) -> dict[str, str]:
    """The metadata of an exported network, all of them text; the threshold is that of two classes.

    Args:
        network: the network.
        classes: names; the position of a name is its label.
        image_size: side of the images in pixels.
        run: name of the run.
        seed: training seed.
        recipe: complete training recipe.
    """
    threshold = {"threshold": str(THRESHOLD)} if number_of_outputs(len(classes)) == 1 else {}
    return {
        "network": network.id,
        "classes": json.dumps(classes),
        **threshold,
        "image_size": str(image_size),
        "run": run,
        "seed": str(seed),
        "labels": ", ".join(
            [str(network.way)]
            + ([f"from {network.source}"] if network.source else [])
            + [f"{name} {setting}" for name, setting in network.options]
        ),
        "recipe": json.dumps(recipe),
    }
