"""A network in a form that runs without Keras, in float32 and in int8, each kept only if it matches the Keras model."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from snakedistill.core.by_image import ByImage
from snakedistill.core.errors import InputError
from snakedistill.core.files import read_csv, write_text, written_whole
from snakedistill.core.lineage import check_lineage, read_predictions
from snakedistill.core.parts import TEST, TRAIN, VALIDATION
from snakedistill.data.images import MappedImages
from snakedistill.export.forms import FORMS
from snakedistill.export.inference import Network, probabilities
from snakedistill.measures import metrics
from snakedistill.networks.classifier import load_network

PARITY_IMAGES = 256
PARITY_TOLERANCE = 1e-4
CALIBRATION_IMAGES = 256
LITTLE, FEW_IMAGES = 0.0025, 2  # that a way to int8 may lose on the validation part before a milder one is tried


def export_network(
    form: str,
    model: str,
    seed: int,
    card: dict[str, str],
    splits: str,
    arrays: dict[str, str],
    predictions: dict[str, str],
    threads: int,
    float32_file: str,
    int8_file: str,
    measurements: str,
) -> None:
    """Export a saved network, quantise it, and keep the float32 file only if it matches the Keras model.

    Both files take images uint8 [n, image_size, image_size, 3] RGB with pixel values as they are, named `image`, and
    give probabilities, float32 [n, outputs], see `core.outputs`.

    Args:
        form: key of `forms.FORMS`.
        model: .keras file of the network.
        seed: training seed.
        card: what the network is, see `card.card`.
        splits: CSV with image_id, manual label and split, in the order of the arrays.
        arrays: images by part; the training images calibrate the quantisation, the validation images choose how.
        predictions: file of Keras's own predictions by part (`validation` and `test`).
        threads: number of threads.
        float32_file: file to write, float32.
        int8_file: file to write, int8.
        measurements: JSON to write: what parity and quantisation were measured to be.

    Raises:
        InputError: the network cannot be written in this form, or does not answer as Keras does; or a file is of
            another network, seed or split.
    """
    check_lineage(model, card["network"], seed, splits=splits)
    given = {
        part: read_predictions(path, card["network"], seed, splits=splits, model=model)
        for part, path in predictions.items()
    }
    known, as_form = _Known(splits, arrays, given), FORMS[form]
    runtime = as_form.runtimes[0]
    with written_whole(float32_file) as exported, written_whole(int8_file) as quantised:
        network = load_network(model)
        as_form.write(network, card, threads, exported)
        parity = _parity(runtime.open(exported, threads), known)
        ways = as_form.quantisations(network, exported, known.calibration())
        int8 = _write_int8(ways, known, lambda path: runtime.open(path, threads), quantised)
        sizes = {"float32": exported.stat().st_size, "int8": quantised.stat().st_size}
    found = {
        "network": card["network"],
        "seed": seed,
        "form": as_form.title,
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

    def calibration(self) -> np.ndarray:
        """Images that calibrate a quantisation, evenly spaced over the training part."""
        training = self.images[TRAIN]
        return training.read(np.linspace(0, len(training) - 1, min(CALIBRATION_IMAGES, len(training))).astype(int))


def _parity(network: Network, known: _Known) -> dict:
    images = known.images[TEST].read(slice(0, PARITY_IMAGES))
    expected = known.probability[TEST][:PARITY_IMAGES]
    found: dict = {"images": len(images), "tolerance": PARITY_TOLERANCE}
    for batch_size in (1, 32):
        given = probabilities(network, images, batch_size)
        found[f"max_difference_batch_{batch_size}"] = float(np.abs(given - expected).max())
        found[f"changed_answers_batch_{batch_size}"] = int((metrics.answer(given) != metrics.answer(expected)).sum())
    differences = [value for name, value in found.items() if name.startswith("max_difference")]
    changed = [value for name, value in found.items() if name.startswith("changed_answers")]
    if not max(differences) <= PARITY_TOLERANCE or any(changed):
        raise InputError(f"The exported network is not the one that Keras ran: {found}. Nothing was kept.")
    return found


def _write_int8(
    ways: dict[str, Callable[[Path], None]],
    known: _Known,
    open_network: Callable[[Path], Network],
    quantised: Path,
) -> dict:
    """Quantise in one way after another, until the validation part loses little: `LITTLE`, or `FEW_IMAGES`."""
    tried: dict[str, float] = {}
    float32 = metrics.accuracy(known.probability[VALIDATION], known.label[VALIDATION])
    with tempfile.TemporaryDirectory(dir=quantised.parent) as folder:
        files = {way: Path(folder, str(number)) for number, way in enumerate(ways)}
        for way, write in ways.items():
            write(files[way])
            given = probabilities(open_network(files[way]), known.images[VALIDATION])
            tried[way] = float32 - metrics.accuracy(given, known.label[VALIDATION])
            if tried[way] <= max(LITTLE, FEW_IMAGES / len(given)):
                break
        best = min(tried, key=tried.__getitem__)
        files[best].replace(quantised)
    given = probabilities(open_network(quantised), known.images[TEST])
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
