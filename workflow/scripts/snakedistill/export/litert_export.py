"""A network as a LiteRT file (.tflite), for phones and small devices, in float32 and in int8."""

import json
import warnings
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from snakedistill.core.errors import InputError
from snakedistill.export.inference import INPUT, OUTPUT


def write_network(network: keras.Model, card: dict[str, str], threads: int, path: Path) -> None:
    """Write a network in float32 as LiteRT; its batches have any size.

    Args:
        network: a model that `build_network` returned.
        card: see `card.card`; the file carries it and the labels, see `_carry`.
        threads: not used: the converter has threads of its own.
        path: file to write.

    Raises:
        InputError: LiteRT does not know a layer of the network.
    """
    try:
        converted = _converter(network).convert()
    except Exception as error:  # the converter raises its own, whose class is not public, and others
        raise InputError(
            f"a layer of its backbone is one that LiteRT does not know: {str(error).splitlines()[0]}; choose another "
            "backbone"
        ) from error
    path.write_bytes(converted)
    names = "".join(f"{name}\n" for name in json.loads(card["classes"]))
    _carry({"labels.txt": names, "card.json": json.dumps(card, indent=2, ensure_ascii=False) + "\n"}, path)


def _carry(texts: dict[str, str], path: Path) -> None:
    """Append texts by name as a zip, which is how LiteRT's files carry labels: `unzip` and phones read it.

    The format is that of associated files in LiteRT's metadata; its schema of the input and output, which no program
    needs here, is not written.
    """
    with zipfile.ZipFile(path, "a") as archive:
        for name, text in texts.items():
            archive.writestr(zipfile.ZipInfo(name), text)  # without a time, so that the same network is the same file


def _carried(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def quantisations(network: keras.Model, exported: Path, images: np.ndarray) -> dict[str, Callable[[Path], None]]:
    """Ways to write a network in int8, each milder than the one before: by name, what writes it to a path.

    Args:
        network: the network.
        exported: its file in float32, whose labels and card those in int8 carry too.
        images: those that calibrate, uint8 [n, image_size, image_size, 3].
    """
    carried = _carried(exported)
    return {
        "least and greatest values": partial(_quantise_all, network, carried, images),
        "weights alone": partial(_quantise_weights, network, carried),
    }


def _quantise_all(network: keras.Model, carried: dict[str, str], images: np.ndarray, path: Path) -> None:
    """Weights and activations, but for the last probabilities: with 8 bits, those of many classes would be 0."""

    def calibrating() -> Iterator[list[np.ndarray]]:
        return ([image[None]] for image in images)

    converter = _converter(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = calibrating
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_ops=["SOFTMAX", "LOGISTIC"])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected")  # images are uint8 already
        warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated")  # of which it makes one
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter, debug_dataset=calibrating, debug_options=options
        )
        path.write_bytes(debugger.get_nondebug_quantized_model())
    _carry(carried, path)


def _quantise_weights(network: keras.Model, carried: dict[str, str], path: Path) -> None:
    converter = _converter(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    path.write_bytes(converter.convert())
    _carry(carried, path)


def _converter(network: keras.Model) -> tf.lite.TFLiteConverter:
    """A converter of the network with its weights as constants."""
    weights = [*network.trainable_variables, *network.non_trainable_variables]
    values = [tf.constant(ops.convert_to_numpy(weight)) for weight in weights]
    trainable = len(network.trainable_variables)

    @tf.function(input_signature=[tf.TensorSpec((None, *network.input.shape[1:]), tf.uint8, INPUT)], autograph=False)
    def probability(images):
        answers, _ = network.stateless_call(values[:trainable], values[trainable:], tf.cast(images, tf.float32))
        return {OUTPUT: answers}

    return tf.lite.TFLiteConverter.from_concrete_functions([probability.get_concrete_function()], tf.Module())
