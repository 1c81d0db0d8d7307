"""A network as an ONNX file in float32 and in int8, each checked to be the same network before it is kept."""

import json
import os
import tempfile
from pathlib import Path

import keras
import numpy as np
import onnx
import pandas as pd
from keras import layers
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from snakedistill import metrics
from snakedistill.errors import InputError
from snakedistill.files import join_one_to_one, write_text, written_whole
from snakedistill.images import MappedImages
from snakedistill.inference import INPUT, OUTPUT, open_network, probabilities
from snakedistill.lineage import check_lineage, read_predictions
from snakedistill.networks import load_network

# Else tf2onnx copies the whole network before each of its passes, to go on without one that fails: a dozen times the
# memory and half of the time. Here a pass that fails fails the export.
os.environ["TF2ONNX_CATCH_ERRORS"] = "FALSE"

OPSET = 17
PARITY_IMAGES = 256
PARITY_TOLERANCE = 1e-4
CALIBRATION_IMAGES = 256


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
    report: str,
) -> None:
    """Export a saved network to ONNX, quantise it, and keep the files only if they answer as the network does.

    Both files take images uint8 [n, image_size, image_size, 3] RGB with pixel values as they are, named `image`, and
    give the probability of class 1, float32 [n, 1], named `probability`.

    Args:
        model: .keras file of the network.
        seed: of its training.
        card: what the files' metadata say the network is.
        splits: CSV with image_id, manual label and split, in the order of the arrays.
        arrays: images by part; the training images calibrate the quantisation, the validation images choose how.
        predictions: CSV of Keras's own predictions by part (`validation` and `test`).
        int8_max_drop: share of accuracy on the test part that quantisation may cost.
        threads: of ONNX Runtime.
        onnx_file: file to write, float32.
        int8_file: file to write, int8.
        report: JSON to write: what parity and quantisation were measured to be.

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
        _write_onnx(load_network(model), card, exported)
        parity = _parity(exported, known, threads)
        int8 = _write_int8(exported, known, int8_max_drop / 2, threads, quantised)
        cost = f"int8 costs {card['network']} {100 * int8['drop']:.2f} percentage points of accuracy on the test part"
        if int8["drop"] > int8_max_drop:
            raise InputError(
                f"{cost}; {100 * int8_max_drop:g} are allowed (export.int8_max_drop). Tried, with the drop on the "
                f"validation part: {int8['validation_drop']}"
            )
        sizes = {"onnx": exported.stat().st_size, "int8": quantised.stat().st_size}
    found = {"network": card["network"], "opset": OPSET, "bytes": sizes, "parity": parity, "int8": int8}
    write_text(json.dumps(found, indent=2) + "\n", report)


class _Known:
    """Images, manual labels and Keras's probabilities by part, in the same order."""

    def __init__(self, splits: str, arrays: dict[str, str], predictions: dict[str, pd.DataFrame]) -> None:
        manual = pd.read_csv(splits)
        self.images = {part: MappedImages(path) for part, path in arrays.items()}
        self.label, self.probability = {}, {}
        for part, given in predictions.items():
            of_part = manual[manual["split"] == part]
            joined = join_one_to_one(of_part, given, splits, f"the predictions of {part}")
            self.label[part] = joined["label"].to_numpy()
            self.probability[part] = joined["probability"].to_numpy()


def _write_onnx(network: keras.Model, card: dict[str, str], path: Path) -> None:
    images = layers.Input(network.input.shape[1:], dtype="uint8", name=INPUT)
    # Rescaling by 1 is how a Keras model says "as float32"; the network itself divides by 255.
    deployed = keras.Model(images, network(layers.Rescaling(1.0, dtype="float32")(images)), name=network.name)
    deployed(np.zeros((1, *network.input.shape[1:]), np.uint8))  # tf2onnx exports only a model that has been called
    deployed.export(path, format="onnx", opset_version=OPSET, verbose=False)
    exported = onnx.load(path)
    (output,) = exported.graph.output
    for node in exported.graph.node:
        node.output[:] = [OUTPUT if name == output.name else name for name in node.output]
    output.name = OUTPUT
    for value in (*exported.graph.input, output):
        value.type.tensor_type.shape.dim[0].dim_param = "images"
    onnx.helper.set_model_props(exported, card)
    onnx.checker.check_model(exported, full_check=True)
    onnx.save(exported, path)


def _parity(path: Path, known: _Known, threads: int) -> dict:
    session = open_network(path, threads)
    images = known.images["test"].read(slice(0, PARITY_IMAGES))
    expected = known.probability["test"][:PARITY_IMAGES]
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
    """Training images, evenly spaced over the part, one batch after the other."""

    def __init__(self, images: MappedImages) -> None:
        rows = np.unique(np.linspace(0, len(images) - 1, min(CALIBRATION_IMAGES, len(images))).astype(int))
        self._batches = iter(images.read(batch) for batch in np.array_split(rows, -(-len(rows) // 32)))

    def get_next(self) -> dict | None:
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch}


def _write_int8(path: Path, known: _Known, enough: float, threads: int, quantised: Path) -> dict:
    """Quantise in the ways below, each milder than the one before, until the validation part loses little enough."""
    with tempfile.TemporaryDirectory(dir=quantised.parent) as folder:
        prepared = Path(folder, "prepared.onnx")
        quant_pre_process(path, prepared, skip_symbolic_shape=True)
        weighted = [node.name for node in onnx.load(prepared).graph.node if node.op_type in ("Conv", "Gemm", "MatMul")]
        ends = [weighted[0], weighted[-1]]
        ways = {
            "least and greatest values": (CalibrationMethod.MinMax, []),
            "99.999 % of the values": (CalibrationMethod.Percentile, []),
            "least entropy": (CalibrationMethod.Entropy, []),
            "least and greatest values, first and last layer in float32": (CalibrationMethod.MinMax, ends),
            "least entropy, first and last layer in float32": (CalibrationMethod.Entropy, ends),
        }
        tried: dict[str, float] = {}
        float32 = metrics.accuracy(known.probability["validation"], known.label["validation"])
        for way, (method, excluded) in ways.items():
            quantize_static(
                prepared,
                Path(folder, f"{len(tried)}.onnx"),
                _Calibration(known.images["train"]),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                nodes_to_exclude=excluded,
                calibrate_method=method,
            )
            session = open_network(Path(folder, f"{len(tried)}.onnx"), threads)
            given = probabilities(session, known.images["validation"])
            tried[way] = float32 - metrics.accuracy(given, known.label["validation"])
            if tried[way] <= enough:
                break
        best = min(tried, key=tried.__getitem__)
        Path(folder, f"{list(tried).index(best)}.onnx").replace(quantised)
    given = probabilities(open_network(quantised, threads), known.images["test"])
    float32 = metrics.accuracy(known.probability["test"], known.label["test"])
    int8 = metrics.accuracy(given, known.label["test"])
    changed = int((metrics.answer(given) != metrics.answer(known.probability["test"])).sum())
    found = {"calibration": best, "validation_drop": tried, "images": len(given)}
    return found | {
        "accuracy_float32": float32,
        "accuracy_int8": int8,
        "drop": float32 - int8,
        "changed_answers": changed,
    }
