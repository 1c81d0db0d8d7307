"""A classifier: a backbone, average pooling, Dropout, and its logits."""

import importlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import keras
import numpy as np
from keras import layers, ops

from snakedistill.core.errors import InputError, nearest
from snakedistill.core.outputs import number_of_outputs
from snakedistill.networks.backbones import BACKBONES, applications, has_imagenet_weights, is_saved

HEAD = "logit"
"""The name of the layer that tells the head of a network from its backbone."""

Loaded = TypeVar("Loaded")


def build_network(
    name: str,
    image_size: int,
    backbone: str,
    weights: str | None = None,
    preprocessing: str = "paper",
    dropout: float = 0.0,
    batch_norm_momentum: float | None = None,
    classes: int = 2,
) -> keras.Model:
    """Build a classifier: backbone, global average pooling, Dropout, and the head, see `with_head`.

    Args:
        name: network id, kept as the model's name.
        image_size: side in pixels.
        backbone: a key of `BACKBONES`, the name of a keras.applications network in lower case (`resnet50`), or the path
            of a saved Keras feature extractor (.keras).
        weights: path of the backbone's weights without its top (HDF5), or None for random weights (or the
            extractor's own).
        preprocessing: how pixel values reach the backbone: `paper` divides by 255, `imagenet` does as the
            keras.applications network's own `preprocess_input`, `none` passes them on.
        dropout: share of features dropped in training.
        batch_norm_momentum: momentum of all batch normalisations of the backbone; None leaves them as they are.
        classes: number of classes.

    Returns:
        A model from float32 [n, image_size, image_size, 3], RGB in [0, 255], to probabilities float32 [n, outputs], see
        `core.outputs`, made of Keras's own layers only.

    Raises:
        InputError: no such backbone, or its weights do not fit.
    """
    images = layers.Input((image_size, image_size, 3), name="image")
    extractor = _feature_extractor(backbone, image_size, weights)
    if batch_norm_momentum is not None:
        for layer in extractor._flatten_layers():
            if isinstance(layer, layers.BatchNormalization):
                layer.momentum = batch_norm_momentum
    features = extractor(preprocessed(images, backbone, preprocessing))
    if len(features.shape) == 4:
        features = layers.GlobalAveragePooling2D(name="average_pool")(features)
    if dropout > 0:
        features = layers.Dropout(dropout, name="dropout")(features)
    return with_head(images, features, name, classes)


def with_head(images, features, name: str, classes: int) -> keras.Model:
    """Features float32 [n, c] of images, and a head, as a model.

    The head is Dense (`HEAD`) and an activation (`probability`): one logit and a sigmoid for two classes, else a logit
    for each class and a softmax.
    """
    outputs = number_of_outputs(classes)
    logit = layers.Dense(outputs, name=HEAD, dtype="float32")(features)
    probability = layers.Activation(_activation(outputs), name="probability", dtype="float32")(logit)
    return keras.Model(images, probability, name=name)


def probabilities(logit):
    """Probabilities of logits, an array or a tensor [n, outputs], as the head gives them: a tensor."""
    return keras.activations.get(_activation(logit.shape[-1]))(ops.convert_to_tensor(logit))


def _activation(outputs: int) -> str:
    return "sigmoid" if outputs == 1 else "softmax"


def logit_and_probability(network: keras.Model) -> keras.Model:
    """The same network with two results: logits and probabilities, float32 [n, outputs] each."""
    return keras.Model(network.input, [network.get_layer(HEAD).output, network.output])


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
            f"backbone: expected a path that ends in .keras or one of {', '.join([*BACKBONES, *known])}, got {name!r}"
            f"{nearest(name, known)}"
        )
    constructor, _ = known[name]
    return getattr(keras.applications, constructor)


def built(backbone: str, image_size: int) -> keras.Model:
    """A network without its top, with random weights: a model from [n, image_size, image_size, 3] to its features.

    Args:
        backbone: key of `BACKBONES`, or name of a keras.applications network in lower case.
        image_size: side in pixels.

    Raises:
        InputError: no such network.
    """
    if backbone in BACKBONES:
        return importlib.import_module(BACKBONES[backbone]).build(backbone, image_size)
    return application(backbone)(include_top=False, weights=None, input_shape=(image_size, image_size, 3))


def _feature_extractor(backbone: str, image_size: int, weights: str | None) -> keras.Model:
    if is_saved(backbone):
        extractor = load_network(backbone)
        if weights is not None:
            raise InputError(f"weights: expected null with the backbone {backbone}, which has its own, got {weights}")
        return extractor
    extractor = built(backbone, image_size)
    if weights is not None:
        try:
            _complete(lambda: extractor.load_weights(weights))
        except Exception as error:  # h5py raises OSError, Keras ValueError, by what is wrong
            raise InputError(f"weights: {weights} do not fit {backbone} without its top: {error}") from error
    return extractor


def preprocessed(images, backbone: str, preprocessing: str):
    """Images in [0, 255] as they reach a backbone; arguments as in `build_network`."""
    if preprocessing == "paper":
        return layers.Rescaling(1 / 255, name="preprocessing")(images)
    if preprocessing == "none":
        return images
    # Every preprocess_input is an affine map of the three channels, so it is measured and becomes a fixed layer.
    function = preprocess_input_of(backbone)
    offset = function(np.zeros((1, 1, 1, 3)))[0, 0, 0]
    kernel = (function(255 * np.eye(3)[None, None])[0, 0] - offset) / 255
    layer = layers.Dense(3, trainable=False, name="preprocessing", dtype="float32")
    preprocessed = layer(images)
    layer.set_weights([kernel, offset])
    return preprocessed


def preprocess_input_of(backbone: str) -> Callable[[np.ndarray], np.ndarray]:
    """The function from images in [0, 255] to what the ImageNet weights of a backbone expect.

    Raises:
        InputError: the backbone has no ImageNet weights.
    """
    if not has_imagenet_weights(backbone):
        raise InputError(
            f"preprocessing: expected paper or none with {backbone}, which has no ImageNet weights, got imagenet"
        )
    if backbone in BACKBONES:
        return importlib.import_module(BACKBONES[backbone]).preprocess_input
    return importlib.import_module(application(backbone).__module__).preprocess_input
