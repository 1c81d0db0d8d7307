"""A network as an ONNX file, in float32 and in int8."""

import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
import tensorflow as tf
import tf2onnx
from keras import ops
from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.calibrate import TensorsData, save_tensors_data
from onnxruntime.quantization.quant_utils import add_pre_process_metadata

from snakedistill.core.errors import InputError
from snakedistill.export.calibration import PERCENTILE, extremes, percentiles
from snakedistill.export.inference import INPUT, OUTPUT

OPSET = 17


def write_network(network: keras.Model, card: dict[str, str], threads: int, path: Path) -> None:
    """Write a network in float32 as ONNX, constants folded, with the card as its metadata.

    Args:
        network: a model that `build_network` returned.
        card: see `card.card`.
        threads: number of threads of ONNX Runtime.
        path: file to write.

    Raises:
        InputError: tf2onnx does not know a layer of the network.
    """
    weights = [*network.trainable_variables, *network.non_trainable_variables]
    values = [ops.convert_to_numpy(weight) for weight in weights]
    # Kernels enter the graph as inputs and become its constants afterwards: tf2onnx would copy constants in every pass.
    kernels = {f"kernel_{number}": number for number, value in enumerate(values) if value.ndim > 1}
    signature = [tf.TensorSpec((None, *network.input.shape[1:]), tf.uint8, INPUT)]
    signature += [tf.TensorSpec(values[number].shape, values[number].dtype, name) for name, number in kernels.items()]

    @tf.function(input_signature=signature, autograph=False)
    def probability(images, *given):
        by_number = dict(zip(kernels.values(), given, strict=True))
        state = [by_number.get(number, tf.constant(value)) for number, value in enumerate(values)]
        trainable = len(network.trainable_variables)
        answers, _ = network.stateless_call(state[:trainable], state[trainable:], tf.cast(images, tf.float32))
        return answers

    exported, _ = tf2onnx.convert.from_function(probability, signature, opset=OPSET)
    # What layers hold beside their weights, as Normalization does, the function has captured.
    traced = probability.get_concrete_function()
    captured = zip(traced.inputs[len(signature) :], traced.captured_inputs, strict=True)
    constants = {placeholder.name: tensor.numpy() for placeholder, tensor in captured}
    constants |= {name: values[number] for name, number in kernels.items()}
    inputs = {one.name: one for one in exported.graph.input}
    for name in inputs.keys() - {INPUT}:
        exported.graph.input.remove(inputs[name])
        exported.graph.initializer.append(onnx.numpy_helper.from_array(constants[name], name))
    try:
        onnx.checker.check_model(exported)
    except onnx.checker.ValidationError as error:
        raise InputError(
            "a layer of its backbone, perhaps a grouped convolution, is one that tf2onnx does not know: "
            f"{str(error).splitlines()[0]}; choose another backbone"
        ) from error
    exported = _folded(exported, threads)
    (output,) = exported.graph.output
    for node in exported.graph.node:
        node.output[:] = [OUTPUT if name == output.name else name for name in node.output]
    output.name = OUTPUT
    for value in (*exported.graph.input, output):
        value.type.tensor_type.shape.dim[0].dim_param = "images"
    onnx.helper.set_model_props(exported, card)
    add_pre_process_metadata(exported)  # says that it is folded, of which the quantisation would remind else
    onnx.checker.check_model(exported, full_check=True)
    onnx.save(exported, path)


def _folded(network: onnx.ModelProto, threads: int) -> onnx.ModelProto:
    """The same network after ONNX Runtime's folding of constants and batch normalisations into convolutions."""
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        path, data = Path(folder, "folded.onnx"), network.SerializeToString()
        options.optimized_model_filepath = str(path)
        try:
            onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception:
            path.write_bytes(data)  # where there is no room for it, this says so, and ONNX Runtime does not
            raise
        folded = onnx.load(path)
    # It names every set of operators that it knows.
    used = [one for one in folded.opset_import if one.domain in {node.domain for node in folded.graph.node}]
    del folded.opset_import[:]
    folded.opset_import.extend(used)
    return folded


def quantisations(network: keras.Model, exported: Path, images: np.ndarray) -> dict[str, Callable[[Path], None]]:
    """Ways to write a network in int8, each milder than the one before: by name, what writes it to a path.

    Args:
        network: the network, of which nothing is used here.
        exported: the network in float32, a file that `write_network` wrote.
        images: those that calibrate, uint8 [n, image_size, image_size, 3].
    """
    nodes = onnx.load(exported).graph.node
    weighted = [node.name for node in nodes if node.op_type in ("Conv", "Gemm", "MatMul")]
    ends = [weighted[0], weighted[-1]]
    # Probabilities of many classes are small: with 8 bits most would be 0, and their sum would not be 1.
    softmax = [node.name for node in nodes if node.op_type == "Softmax" and OUTPUT in node.output]
    # Each is measured once, however many ways need it.
    ranges = {
        "least and greatest values": cache(partial(extremes, exported, images)),
        f"{PERCENTILE} % of the values": cache(partial(percentiles, exported, images)),
    }
    whole: dict[str, Callable[[Path], None]] = {
        name: partial(_quantise, exported, measure, softmax) for name, measure in ranges.items()
    }
    return whole | {
        f"{name}, first and last layer in float32": partial(_quantise, exported, measure, ends + softmax)
        for name, measure in ranges.items()
    }


def _quantise(exported: Path, ranges: Callable[[], TensorsData], excluded: list[str], quantised: Path) -> None:
    measured = ranges()
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder, "ranges.json")
        save_tensors_data(measured, saved)
        quantize_static(
            exported,
            quantised,
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=excluded,
            calibrate_method=measured.calibration_method,
            calibration_cache_path=saved,
        )
