"""The networks: ResNet-18, any keras.applications network or a saved feature extractor, each with the paper's head."""

import importlib
import pkgutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import keras
import numpy as np
from keras import layers

from snakedistill import fused
from snakedistill.augmentation import Augmentation
from snakedistill.backbones import applications
from snakedistill.errors import InputError, nearest

PREPROCESSING = ("paper", "imagenet", "none")

Loaded = TypeVar("Loaded")


def build_network(
    name: str,
    image_size: int,
    backbone: str = "resnet18",
    weights: str | None = None,
    preprocessing: str = "paper",
    dropout: float = 0.0,
    batch_norm_momentum: float | None = None,
) -> keras.Model:
    """Build a binary classifier: backbone, global average pooling, Dropout, Dense 1 (`logit`), sigmoid (`probability`).

    Args:
        name: network id, kept as the model's name.
        image_size: side in pixels.
        backbone: `resnet18`, the name of a keras.applications network in lower case (`resnet50`), or the path of a
            saved Keras feature extractor (.keras).
        weights: path of the backbone's weights without its top (HDF5), or None for random weights (or the
            extractor's own).
        preprocessing: how pixel values reach the backbone: `paper` divides by 255, `imagenet` does as the
            keras.applications network's own `preprocess_input`, `none` passes them on.
        dropout: share of features dropped in training.
        batch_norm_momentum: of all the backbone's batch normalisations; None leaves them as they are.

    Returns:
        A model from float32 [n, image_size, image_size, 3], RGB in [0, 255], to the probability of class 1,
        float32 [n, 1], made of Keras's own layers only.

    Raises:
        InputError: no such backbone, or its weights do not fit.
    """
    images = layers.Input((image_size, image_size, 3), name="image")
    extractor = _feature_extractor(backbone, image_size, weights)
    if batch_norm_momentum is not None:
        for layer in extractor._flatten_layers():
            if isinstance(layer, layers.BatchNormalization):
                layer.momentum = batch_norm_momentum
    features = extractor(_preprocessed(images, backbone, preprocessing))
    if len(features.shape) == 4:
        features = layers.GlobalAveragePooling2D(name="average_pool")(features)
    if dropout > 0:
        features = layers.Dropout(dropout, name="dropout")(features)
    logit = layers.Dense(1, name="logit", dtype="float32")(features)
    probability = layers.Activation("sigmoid", name="probability", dtype="float32")(logit)
    return keras.Model(images, probability, name=name)


def resnet18(image_size: int) -> keras.Model:
    """ResNet-18 without its top, after He et al. 2015 (arXiv:1512.03385), table 1 and option B shortcuts.

    `conv4_2_1` is the first convolution of the second block of stage conv4_x. He initialisation, no convolution
    biases, TensorFlow's "same" padding, Keras's batch normalisation. 11.2 M parameters.

    Returns:
        A model from [n, image_size, image_size, 3] to the features of stage conv5_x,
        [n, ceil(image_size / 32), ceil(image_size / 32), 512].
    """

    def convolution(x, filters: int, kernel: int, stride: int, name: str):
        x = layers.Conv2D(filters, kernel, stride, "same", use_bias=False, kernel_initializer="he_normal", name=name)(x)
        return layers.BatchNormalization(name=f"{name}_bn")(x)

    def block(x, filters: int, stride: int, name: str):
        residual = convolution(x, filters, 3, stride, f"{name}_1")
        residual = layers.ReLU(name=f"{name}_1_relu")(residual)
        residual = convolution(residual, filters, 3, 1, f"{name}_2")
        if stride != 1 or x.shape[-1] != filters:
            x = convolution(x, filters, 1, stride, f"{name}_shortcut")
        return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, residual]))

    images = layers.Input((image_size, image_size, 3))
    x = convolution(images, 64, 7, 2, "conv1")
    x = layers.ReLU(name="conv1_relu")(x)
    x = layers.MaxPooling2D(3, 2, "same", name="conv2_pool")(x)
    for stage, filters in zip((2, 3, 4, 5), (64, 128, 256, 512), strict=True):
        x = block(x, filters, 1 if stage == 2 else 2, f"conv{stage}_1")
        x = block(x, filters, 1, f"conv{stage}_2")
    return keras.Model(images, x, name="resnet18")


def logit_and_probability(network: keras.Model) -> keras.Model:
    """The same network with two outputs: logit and probability, float32 [n, 1] each."""
    return keras.Model(network.input, [network.get_layer("logit").output, network.output])


def training_twin(network: keras.Model, precision: str) -> keras.Model:
    """A copy of `network` for training, see `fused_copy`, with augmentation in front.

    Its weights stand in the same order as those of `network`, so `get_weights` of one fits `set_weights` of the
    other.

    Returns:
        A model from (images uint8 [n, h, w, 3], flip float32 [n], shift float32 [n, 2]) to logits float32 [n, 1].
    """
    side = network.input.shape[1]
    images = layers.Input((side, side, 3), dtype="uint8", name="image")
    flip = layers.Input((), name="flip")
    shift = layers.Input((2,), name="shift")
    logit = fused_copy(network, precision)(Augmentation()(images, flip, shift))
    return keras.Model([images, flip, shift], logit, name=network.name)


def fused_copy(network: keras.Model, precision: str) -> keras.Model:
    """A copy of `network` in fused layers with the logit as its output.

    Args:
        network: from `build_network`.
        precision: `float32`, or `bfloat16` for bfloat16 arithmetic with float32 weights, batch statistics and logit.

    Returns:
        A model from float32 [n, h, w, 3], RGB in [0, 255], to logits float32 [n, 1].
    """
    policy = {"float32": "float32", "bfloat16": "mixed_bfloat16"}[precision]

    def fused_layer(layer: layers.Layer) -> layers.Layer:
        config = layer.get_config()
        if not isinstance(layer, layers.Rescaling) and layer.name not in ("preprocessing", "logit", "probability"):
            config["dtype"] = policy
        if "kernel_initializer" in config:
            config["kernel_initializer"] = "zeros"  # quicker than random ones, and overwritten below
        copy = _fused(layer).from_config(config)
        copy.trainable = layer.trainable
        return copy

    copy = keras.models.clone_model(network, clone_function=fused_layer, recursive=True)
    copy.set_weights(network.get_weights())
    return keras.Model(copy.input, copy.get_layer("logit").output, name=network.name)


def load_network(path: str) -> keras.Model:
    """Load a saved network or feature extractor, without running code from the file.

    Raises:
        InputError: the file is missing, damaged, lacks weights, or needs code that is not Keras's own.
    """
    if not Path(path).is_file():
        raise InputError(f"There is no file {Path(path).absolute()}: give the path of a saved Keras model (.keras)")
    try:
        return _complete(lambda: keras.saving.load_model(path, compile=False, safe_mode=True))
    except Exception as error:  # Keras raises ValueError, TypeError, KeyError, BadZipFile, OSError by what is wrong
        raise InputError(f"{path} cannot be loaded as a Keras model: {error}") from error


def _complete(load: Callable[[], Loaded]) -> Loaded:
    """What `load` returns.

    Keras only warns where layers in nested lists keep their random weights because the file has none for them. For a
    file of another network these warnings come before Keras's error, which says more. Where no error follows, weights
    are missing.

    Raises:
        ValueError: the file lacks weights.
    """
    skipped = "Skipping nested container"
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", skipped, UserWarning)
        loaded = load()
    for warning in caught:
        if str(warning.message).startswith(skipped):
            raise ValueError("it lacks the weights of some layers; save it again with this version of Keras")
        warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return loaded


def application(name: str) -> Callable[..., keras.Model]:
    """The constructor of a keras.applications network by its name in lower case.

    Raises:
        InputError: there is none; the message lists the names.
    """
    known = applications()
    if name not in known:
        raise InputError(
            f"backbone: expected resnet18, a path that ends in .keras, or one of {', '.join(known)}, got {name!r}"
            f"{nearest(name, known)}"
        )
    constructor, _ = known[name]
    return getattr(keras.applications, constructor)


def _feature_extractor(backbone: str, image_size: int, weights: str | None) -> keras.Model:
    if backbone.endswith(".keras"):
        extractor = load_network(backbone)
        if weights is not None:
            raise InputError(f"weights: {weights} and backbone: {backbone} were both given; the file has its own")
        return extractor
    if backbone == "resnet18":
        extractor = resnet18(image_size)
    else:
        extractor = application(backbone)(include_top=False, weights=None, input_shape=(image_size, image_size, 3))
    if weights is not None:
        try:
            _complete(lambda: extractor.load_weights(weights))
        except Exception as error:  # h5py raises OSError, Keras ValueError, by what is wrong
            raise InputError(f"weights: {weights} do not fit {backbone} without its top: {error}") from error
    return extractor


def _fused(layer: layers.Layer) -> type[layers.Layer]:
    """The class that trains in place of the layer's own."""
    if type(layer) is layers.BatchNormalization and layer.axis in (-1, 3) and layer.scale and layer.center:
        return fused.BatchNormalization
    plain = {"dilation_rate": (1, 1), "groups": 1, "data_format": "channels_last"}
    if type(layer) is layers.Conv2D and all(getattr(layer, name) == value for name, value in plain.items()):
        return fused.Conv2D
    return type(layer)


def _preprocessed(images, backbone: str, preprocessing: str):
    if preprocessing == "paper":
        return layers.Rescaling(1 / 255, name="preprocessing")(images)
    if preprocessing == "none":
        return images
    # Every preprocess_input is an affine map of the three channels, so it is measured and becomes a fixed layer.
    function = _preprocess_input(backbone)
    offset = function(np.zeros((1, 1, 1, 3)))[0, 0, 0]
    kernel = (function(255 * np.eye(3)[None, None])[0, 0] - offset) / 255
    layer = layers.Dense(3, trainable=False, name="preprocessing", dtype="float32")
    preprocessed = layer(images)
    layer.set_weights([kernel, offset])
    return preprocessed


def _preprocess_input(backbone: str) -> Callable[[np.ndarray], np.ndarray]:
    if backbone == "resnet18" or backbone.endswith(".keras"):
        raise InputError(
            f"preprocessing: 'imagenet' is for keras.applications networks; for {backbone} use 'paper' or 'none'"
        )
    constructor = application(backbone)
    for module in pkgutil.iter_modules(keras.applications.__path__):
        module = importlib.import_module(f"keras.applications.{module.name}")
        if constructor in vars(module).values():
            return module.preprocess_input
    raise AssertionError(f"keras.applications has no module for {backbone}")
