"""A network cut in two: what stays as it is, and what trains on what that makes of the images."""

from dataclasses import dataclass

import keras
from keras import layers, ops

from snakedistill.core.errors import InputError, nearest
from snakedistill.core.recipe import WHOLE_BACKBONE
from snakedistill.networks.classifier import HEAD

STORED = "float16"
"""The type of stored activations."""


@dataclass(frozen=True)
class Cut:
    """Parts of a network, which share its layers and weights.

    Attributes:
        lower: from images float32 [n, h, w, 3] to the activations where it is cut.
        features: from activations, as they are stored, to what the head takes, float32 [n, features].
        upper: from activations, as they are stored, to what the network returns, with its name.
        answers: from activations, as they are stored, to logits and probabilities, float32 [n, outputs] each.
    """

    lower: keras.Model
    features: keras.Model
    upper: keras.Model
    answers: keras.Model


def cut(network: keras.Model, frozen: str) -> Cut:
    """Cut a network in two.

    Args:
        network: a model that `build_network` returned.
        frozen: `backbone`, all of it, average pooling too, or the name of a layer of the backbone.

    Raises:
        InputError: the backbone has no such layer, or something leads past it.
    """
    place = next(i for i, layer in enumerate(network.layers) if isinstance(layer, keras.Model))
    backbone, after = network.layers[place], network.layers[place + 1 :]
    seen = network.layers[place - 1].output
    if frozen == WHOLE_BACKBONE:
        activations, upper = backbone(seen), None
        if isinstance(after[0], layers.GlobalAveragePooling2D):
            activations, after = after[0](activations), after[1:]
    else:
        names = [layer.name for layer in backbone.layers]
        if frozen not in names:
            raise InputError(
                f"frozen: expected {WHOLE_BACKBONE} or the name of a layer of {backbone.name}, got {frozen!r}"
                f"{nearest(frozen, names)}. Its layers: {', '.join(names)}"
            )
        inside = backbone.get_layer(frozen).output
        activations = keras.Model(backbone.input, inside)(seen)
        try:
            upper = None if inside is backbone.output else keras.Model(inside, backbone.output)
        except ValueError as error:
            raise InputError(
                f"frozen: expected a layer of {backbone.name} that nothing leads past, such as the sum at the end of a "
                f"block, got {frozen!r}: {error}"
            ) from error
    stored = layers.Input(activations.shape[1:], dtype=STORED, name="activations")
    answered = ops.cast(stored, "float32")
    for layer in after if upper is None else [upper, *after]:
        if layer.name == HEAD:
            features = answered
        answered = layer(answered)
        if layer.name == HEAD:
            logit = answered
    return Cut(
        keras.Model(network.input, activations),
        keras.Model(stored, features),
        keras.Model(stored, answered, name=network.name),
        keras.Model(stored, [logit, answered]),
    )


def takes_activations(network: keras.Model) -> bool:
    """Whether a model takes stored activations, and no images."""
    return network.input.dtype == STORED
