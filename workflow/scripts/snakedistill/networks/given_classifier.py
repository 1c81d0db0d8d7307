"""A finished Keras classifier as the teacher: its layers, and its head in the form of `with_head`."""

from typing import Any

import keras
import numpy as np
from keras import layers

from snakedistill.core.errors import InputError
from snakedistill.core.files import written_whole
from snakedistill.core.lineage import record_lineage
from snakedistill.core.network_ids import TEACHER
from snakedistill.data.given_predictions import HOW_TO_GIVE_IT
from snakedistill.networks.classifier import load_network, preprocessed, with_head
from snakedistill.networks.heads import expected_head, heads


def take_in_classifier(given: str, splits: str, seed: int, classes: int, settings: dict, model: str) -> None:
    """Write a given classifier as the teacher's model, in the form of `build_network`, and its lineage beside it.

    Args:
        given: .keras file of the classifier.
        splits: CSV of the split, for the lineage.
        seed: training seed.
        classes: number of classes.
        settings: `image_size` and `preprocessing`, recorded as the settings that determine the model.
        model: .keras file to write.

    Raises:
        InputError: the file cannot be loaded, or it is no classifier of so many classes and of images of this size.
    """
    network = as_teacher(given, settings["image_size"], settings["preprocessing"], classes)
    with written_whole(model) as temporary:
        network.save(temporary)
    record_lineage(model, TEACHER, seed, settings, splits=splits, given=given)


def as_teacher(path: str, image_size: int, preprocessing: str, classes: int) -> keras.Model:
    """A saved classifier in the form of `build_network`.

    Two units become one logit: the second minus the first, of which the sigmoid is the softmax's second probability.

    Args:
        path: .keras file.
        image_size: side of the images in pixels.
        preprocessing: `paper` divides by 255, `none` passes values in [0, 255] on.
        classes: number of classes.

    Returns:
        A model from float32 [n, image_size, image_size, 3], RGB in [0, 255], to probabilities float32
        [n, outputs], see `core.outputs`.

    Raises:
        InputError: the file cannot be loaded, takes other images, or ends with another head; the message says with
            what.
    """
    given = load_network(path)
    _check_input(given, path, image_size)
    features, kernel, bias = _without_head(given, path, classes)
    body = keras.Model(given.inputs[0], features, name=given.name)
    images = layers.Input((image_size, image_size, 3), name="image")
    network = with_head(images, body(preprocessed(images, path, preprocessing)), TEACHER, classes)
    network.get_layer("logit").set_weights([kernel, bias])
    return network


def _check_input(given: keras.Model, path: str, image_size: int) -> None:
    """An input may leave its side open."""
    shapes = [tuple(one.shape[1:]) for one in given.inputs or []]
    side = (image_size, None)
    if len(shapes) != 1 or len(shapes[0]) != 3 or shapes[0][2] != 3 or not {*shapes[0][:2]} <= {*side}:
        raise InputError(
            f"teacher.classifier: expected one input of [{image_size}, {image_size}, 3], because image_size is "
            f"{image_size}, got {path} with {', '.join(map(str, map(list, shapes))) or 'none'}: set image_size to the "
            "classifier's side, or save it with this input"
        )


def _without_head(given: keras.Model, path: str, classes: int) -> tuple[keras.KerasTensor, np.ndarray, np.ndarray]:
    """The features before the last Dense layer, and the kernel [c, outputs] and the bias [outputs] of the logits."""
    ends: list[Any] = []
    last: Any = None
    if len(given.outputs) == 1:
        last, features = _made_by(given.outputs[0])
        if isinstance(last, layers.Activation | layers.Softmax):
            ends.append(last)
            last, features = _made_by(features)
        ends.append(last)
    activations = [_activation(layer) for layer in ends]
    used = [name for name in activations if name != "linear"] or ["linear"]
    of_images = isinstance(last, layers.Dense) and len(features.shape) == 2
    if not of_images or len(used) > 1 or used[0] not in heads(classes).get(last.units, ()):
        found = " after ".join(map(_layer_in_words, ends)) or f"{len(given.outputs)} outputs"
        raise InputError(
            f"teacher.classifier: expected {expected_head(classes)}, got {path}, which ends with {found}: "
            f"{HOW_TO_GIVE_IT}"
        )
    kernel = keras.ops.convert_to_numpy(last.kernel)
    bias = keras.ops.convert_to_numpy(last.bias) if last.use_bias else np.zeros(last.units, kernel.dtype)
    if last.units == 2:  # of two classes
        kernel, bias = kernel[:, 1:] - kernel[:, :1], bias[1:] - bias[:1]
    return features, kernel, bias


def _made_by(tensor: keras.KerasTensor) -> tuple[layers.Layer, keras.KerasTensor]:
    """The layer that made a tensor, and the first tensor that it was made from."""
    history = tensor._keras_history
    return history.operation, history.operation._inbound_nodes[history.node_index].input_tensors[0]


def _activation(layer: layers.Layer) -> str:
    if isinstance(layer, layers.Softmax):
        return "softmax"
    return getattr(getattr(layer, "activation", None), "__name__", "linear")


def _layer_in_words(layer: layers.Layer) -> str:
    units = f" with {layer.units} units and {_activation(layer)} activation" if isinstance(layer, layers.Dense) else ""
    activation = f" {_activation(layer)}" if isinstance(layer, layers.Activation) else ""
    return f"{type(layer).__name__}{units}{activation} ({layer.name})"
