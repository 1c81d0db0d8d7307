"""A network as an ONNX file in float32 and in int8, each kept only if it matches the Keras model."""

import json
import tempfile
from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
import tensorflow as tf
import tf2onnx
from keras import ops
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.quant_utils import add_pre_process_metadata

from snakedistill.core.by_image import ByImage
from snakedistill.core.errors import InputError
from snakedistill.core.files import read_csv, write_text, written_whole
from snakedistill.core.lineage import check_lineage, read_predictions
from snakedistill.core.parts import TEST, TRAIN, VALIDATION
from snakedistill.data.images import MappedImages
from snakedistill.export.inference import INPUT, OUTPUT, open_network, probabilities
from snakedistill.measures import metrics
from snakedistill.networks.classifier import load_network

OPSET = 17
PARITY_IMAGES = 256
PARITY_TOLERANCE = 1e-4
CALIBRATION_IMAGES = 256
CALIBRATION_BATCH = 32


def export_network(
    model: str,
    seed: int,
    card: dict[str, str],
    splits: str,
    arrays: dict[str, str],
    predictions: dict[str, str],
    int8_max_drop: float,
    threads: int,
    onnx_file: str,
    int8_file: str,
    measurements: str,
) -> None:
    """Export a saved network to ONNX, quantise it, and keep the files only if they match the Keras model.

    Both files take images uint8 [n, image_size, image_size, 3] RGB with pixel values as they are, named `image`, and
    give probabilities, float32 [n, outputs], see `core.outputs`, named `probability`.

    Args:
        model: .keras file of the network.
        seed: training seed.
        card: what the files' metadata say the network is.
        splits: CSV with image_id, manual label and split, in the order of the arrays.
        arrays: images by part; the training images calibrate the quantisation, the validation images choose how.
        predictions: file of Keras's own predictions by part (`validation` and `test`).
        int8_max_drop: share of accuracy on the test part that quantisation may cost.
        threads: number of threads of ONNX Runtime.
        onnx_file: file to write, float32.
        int8_file: file to write, int8.
        measurements: JSON to write: what parity and quantisation were measured to be.

    Raises:
        InputError: the exported network does not answer as Keras does, quantisation costs too much, or a file is of
            another network, seed or split.
    """
    check_lineage(model, card["network"], seed, splits=splits)
    given = {
        part: read_predictions(path, card["network"], seed, splits=splits, model=model)
        for part, path in predictions.items()
    }
    known = _Known(splits, arrays, given)
    with written_whole(onnx_file) as exported, written_whole(int8_file) as quantised:
        write_onnx(load_network(model), card, threads, exported)
        parity = _parity(exported, known, threads)
        int8 = _write_int8(exported, known, int8_max_drop / 2, threads, quantised)
        cost = f"int8 costs {card['network']} {100 * int8['drop']:.2f} percentage points of accuracy on the test part"
        if int8["drop"] > int8_max_drop:
            raise InputError(
                f"{cost}; {100 * int8_max_drop:g} are allowed (export.int8_max_drop). Tried, with the drop on the "
                f"validation part: {int8['validation_drop']}"
            )
        sizes = {"onnx": exported.stat().st_size, "int8": quantised.stat().st_size}
    found = {
        "network": card["network"],
        "opset": OPSET,
        "bytes": sizes,
        "parity": parity,
        "int8": int8,
    }
    write_text(json.dumps(found, indent=2) + "\n", measurements)


class _Known:
    """Images, manual labels, int [n], and Keras's probabilities, float [n, K], by part, in the same order."""

    def __init__(self, splits: str, arrays: dict[str, str], predictions: dict[str, ByImage]) -> None:
        manual = read_csv(splits)
        self.images = {part: MappedImages(path) for part, path in arrays.items()}
        self.label, self.probability = {}, {}
        for part, given in predictions.items():
            of_part = manual[manual["split"] == part]
            in_order = given.in_order_of(of_part["image_id"], splits, f"the predictions of {part}")
            self.label[part] = of_part["label"].to_numpy()
            self.probability[part] = in_order["probability"]


def write_onnx(network: keras.Model, card: dict[str, str], threads: int, path: Path) -> None:
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
            f"The network cannot be written as ONNX: {str(error).splitlines()[0]}. A layer of its backbone is one that "
            "tf2onnx does not know (ConvNeXt's grouped convolutions are): choose another backbone."
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


def _parity(path: Path, known: _Known, threads: int) -> dict:
    session = open_network(path, threads)
    images = known.images[TEST].read(slice(0, PARITY_IMAGES))
    expected = known.probability[TEST][:PARITY_IMAGES]
    found: dict = {"images": len(images), "tolerance": PARITY_TOLERANCE}
    for batch_size in (1, 32):
        given = probabilities(session, images, batch_size)
        found[f"max_difference_batch_{batch_size}"] = float(np.abs(given - expected).max())
        found[f"changed_answers_batch_{batch_size}"] = int((metrics.answer(given) != metrics.answer(expected)).sum())
    differences = [value for name, value in found.items() if name.startswith("max_difference")]
    changed = [value for name, value in found.items() if name.startswith("changed_answers")]
    if max(differences) > PARITY_TOLERANCE or any(changed):
        raise InputError(f"The exported network is not the one that Keras ran: {found}. Nothing was kept.")
    return found


class _Calibration(CalibrationDataReader):
    """Training images, evenly spaced over the part, in batches of one size, as ONNX Runtime's histograms need them."""

    def __init__(self, images: MappedImages) -> None:
        count = min(CALIBRATION_IMAGES, len(images))
        batches = max(1, count // CALIBRATION_BATCH)
        rows = np.linspace(0, len(images) - 1, count // batches * batches).astype(int)
        self._batches = map(images.read, rows.reshape(batches, -1))

    def get_next(self) -> dict | None:
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch}


def _write_int8(path: Path, known: _Known, enough: float, threads: int, quantised: Path) -> dict:
    """Quantise in the ways below, each milder than the one before, until the validation part loses little enough."""
    with tempfile.TemporaryDirectory(dir=quantised.parent) as folder:
        nodes = onnx.load(path).graph.node
        weighted = [node.name for node in nodes if node.op_type in ("Conv", "Gemm", "MatMul")]
        ends = [weighted[0], weighted[-1]]
        # Probabilities of many classes are small: with 8 bits most would be 0, and their sum would not be 1.
        softmax = [node.name for node in nodes if node.op_type == "Softmax" and OUTPUT in node.output]
        ways = {
            "least and greatest values": (CalibrationMethod.MinMax, []),
            "99.999 % of the values": (CalibrationMethod.Percentile, []),
            "least entropy": (CalibrationMethod.Entropy, []),
            "least and greatest values, first and last layer in float32": (CalibrationMethod.MinMax, ends),
            "least entropy, first and last layer in float32": (CalibrationMethod.Entropy, ends),
        }
        tried: dict[str, float] = {}
        float32 = metrics.accuracy(known.probability[VALIDATION], known.label[VALIDATION])
        for way, (method, excluded) in ways.items():
            quantize_static(
                path,
                Path(folder, f"{len(tried)}.onnx"),
                _Calibration(known.images[TRAIN]),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                nodes_to_exclude=excluded + softmax,
                calibrate_method=method,
            )
            session = open_network(Path(folder, f"{len(tried)}.onnx"), threads)
            given = probabilities(session, known.images[VALIDATION])
            tried[way] = float32 - metrics.accuracy(given, known.label[VALIDATION])
            if tried[way] <= enough:
                break
        best = min(tried, key=tried.__getitem__)
        Path(folder, f"{list(tried).index(best)}.onnx").replace(quantised)
    given = probabilities(open_network(quantised, threads), known.images[TEST])
    float32 = metrics.accuracy(known.probability[TEST], known.label[TEST])
    int8 = metrics.accuracy(given, known.label[TEST])
    changed = int((metrics.answer(given) != metrics.answer(known.probability[TEST])).sum())
    found = {"calibration": best, "validation_drop": tried, "images": len(given)}
    return found | {
        "accuracy_float32": float32,
        "accuracy_int8": int8,
        "drop": float32 - int8,
        "changed_answers": changed,
    }
