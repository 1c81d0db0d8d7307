"""Networks with augmentation in front, to train in fused layers and to evaluate."""

import keras
from keras import layers

from snakedistill.networks import fused
from snakedistill.networks.augmentation.layer import augmented_inputs
from snakedistill.networks.classifier import logit_and_probability


def training_model(network: keras.Model, precision: str, augmentation: dict) -> keras.Model:
    """A copy of `network` for training, see `fused_copy`, with augmentation in front.

    Its weights stand in the same order as those of `network`, so `get_weights` of one fits `set_weights` of the
    other.

    Args:
        network: a model that `build_network` returned.
        precision: see `fused_copy`.
        augmentation: settings by transformation.

    Returns:
        A model from images uint8 [n, h, w, 3] and the draws of each active transformation to logits, float32
        [n, outputs]. It takes the images alone where no transformation is active.
    """
    inputs, images = augmented_inputs(augmentation, network.input.shape[1])
    return keras.Model(inputs, fused_copy(network, precision)(images), name=network.name)


def evaluation_model(network: keras.Model, augmentation: dict) -> keras.Model:
    """A network with augmentation in front, in float32.

    Returns:
        A model with the inputs of `training_model` and two results: logits and probabilities, float32
        [n, outputs] each.
    """
    inputs, images = augmented_inputs(augmentation, network.input.shape[1])
    return keras.Model(inputs, logit_and_probability(network)(images))


def fused_copy(network: keras.Model, precision: str) -> keras.Model:
    """A copy of `network` in fused layers with the logits as its result.

    Args:
        network: a model that `build_network` returned.
        precision: `float32`, or `bfloat16` for bfloat16 arithmetic with float32 weights, batch statistics and logits.

    Returns:
        A model from float32 [n, h, w, 3], RGB in [0, 255], to logits float32 [n, outputs].
    """
    policy = {"float32": "float32", "bfloat16": "mixed_bfloat16"}[precision]

    def fused_layer(layer: layers.Layer) -> layers.Layer:
        config = layer.get_config()
        if not isinstance(layer, layers.Rescaling) and layer.name not in ("preprocessing", "logit", "probability"):
            config["dtype"] = policy
        if "kernel_initializer" in config:
            config["kernel_initializer"] = "zeros"  # quicker than random ones, and overwritten below
        copy = fused_class(layer).from_config(config)
        copy.trainable = layer.trainable
        return copy

    copy = keras.models.clone_model(network, clone_function=fused_layer, recursive=True)
    copy.set_weights(network.get_weights())
    return keras.Model(copy.input, copy.get_layer("logit").output, name=network.name)


def fused_class(layer: layers.Layer) -> type[layers.Layer]:
    """The class that trains in place of the layer's own: a fused one where there is one, else the layer's own."""
    if type(layer) is layers.BatchNormalization and layer.axis in (-1, 3) and layer.scale and layer.center:
        return fused.BatchNormalization
    plain = {"dilation_rate": (1, 1), "groups": 1, "data_format": "channels_last"}
    if type(layer) is layers.Conv2D and all(getattr(layer, name) == value for name, value in plain.items()):
        return fused.Conv2D
    return type(layer)
