"""A network in a form that runs without Keras, in float32 and in int8, each kept only if it matches the Keras model."""

import json
import tempfile
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd

from snakedistill.core.by_image import ByImage
from snakedistill.core.errors import InputError
from snakedistill.core.files import read_csv, write_csv, write_text, written_whole
from snakedistill.core.lineage import check_lineage, read_predictions
from snakedistill.core.parts import TEST, TRAIN, VALIDATION
from snakedistill.data.images import MappedImages
from snakedistill.export.forms import FORMS, PRECISIONS
from snakedistill.export.inference import Network, probabilities
from snakedistill.measures import metrics
from snakedistill.networks.classifier import load_network

PARITY_IMAGES = 256
PARITY_TOLERANCE = 1e-4
CALIBRATION_IMAGES = 64
GOLDEN_IMAGES = 10
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
    files: dict[str, str],
) -> None:
    """Export a saved network, quantise it, and keep the float32 file only if it matches the Keras model.

    The files take images uint8 [n, image_size, image_size, 3] RGB with pixel values as they are, named `image`, and
    give probabilities, float32 [n, outputs], see `core.outputs`. What cannot be written is no error: the measurements
    tell why, and the file holds this reason as text in place of a network.

    Args:
        form: key of `forms.FORMS`.
        model: .keras file of the network.
        seed: training seed.
        card: what the network is, see `card.card`.
        splits: CSV with image_id, manual label and split, in the order of the arrays.
        arrays: images by part; the training images calibrate the quantisation, the validation images choose how.
        predictions: file of Keras's own predictions by part (`validation` and `test`).
        threads: number of threads.
        files: files to write, see `forms.files_of_form`: by precision, `float32` and, if it is asked for, `int8`;
            `answers`, a CSV with the answers to validation and test images by precision, see `_write_answers`;
            `measurements`, a JSON of what parity and quantisation were measured to be, `bytes` of each network that was
            written by precision, `failed`, the reason by the precision that could not be (without float32 there is no
            int8, for the same reason), and `golden`, see `_golden`.

    Raises:
        InputError: a file is of another network, seed or split.
        OSError: a file cannot be written.
    """
    check_lineage(model, card["network"], seed, splits=splits)
    given = {
        part: read_predictions(path, card["network"], seed, splits=splits, model=model)
        for part, path in predictions.items()
    }
    known, as_form, network = _Known(splits, arrays, given), FORMS[form], load_network(model)
    found: dict = {"network": card["network"], "seed": seed, "form": as_form.title, "bytes": {}, "failed": {}}
    found["accuracy_float32"] = metrics.accuracy(known.probability[TEST], known.label[TEST])
    given_by = {"float32": known.probability}

    def open_network(path: Path) -> Network:
        return as_form.runtimes[0].open(path, threads)

    with ExitStack() as whole:
        precisions = [precision for precision in PRECISIONS if precision in files]
        paths = {precision: whole.enter_context(written_whole(files[precision])) for precision in precisions}

        def write_float32() -> None:
            as_form.write(network, card, threads, paths["float32"])
            found["parity"] = _parity(open_network(paths["float32"]), known)
            _check_parity(found["parity"])

        def write_int8() -> None:
            ways = as_form.quantisations(network, paths["float32"], known.calibration())
            found["int8"], given_by["int8"] = _write_int8(ways, known, open_network, paths["int8"])

        writes = {"float32": write_float32, "int8": write_int8}
        for precision in precisions:
            write = writes[precision]
            reason = found["failed"].get("float32") or _why_not(write)
            if reason is None:
                found["bytes"][precision] = paths[precision].stat().st_size
            else:
                found["failed"] = found["failed"] or {precision: reason}
                write_text(f"This is no network: {reason}\n", paths[precision])
    there = {precision: given_by[precision] if precision in found["bytes"] else None for precision in precisions}
    _write_answers(known, there, files["answers"])
    found["golden"] = _golden(known, there)
    write_text(json.dumps(found, indent=2) + "\n", files["measurements"])


def _write_answers(known: "_Known", given: dict[str, dict[str, np.ndarray] | None], path: str) -> None:
    """Write the answers: image_id, split, and the number of the class by precision, empty where no file was written.

    Those in float32 are Keras's, from whose probabilities the file's differ by `PARITY_TOLERANCE` at most.
    """
    frames = []
    for part in (VALIDATION, TEST):
        frame = pd.DataFrame({"image_id": known.image_id[part], "split": part})
        for precision, by_part in given.items():
            answers = pd.NA if by_part is None else metrics.answer(by_part[part])
            frame[precision] = pd.Series(answers, frame.index, "Int64")
        frames.append(frame)
    write_csv(pd.concat(frames), path)


def _golden(known: "_Known", given: dict[str, dict[str, np.ndarray] | None]) -> dict[str, list]:
    """Ten test images, from that whose answer is the least certain to the most certain one, with their probabilities.

    Returns:
        `image_id`, and the probabilities of the classes by each precision that was written, [K] of each image; those in
        float32 are Keras's, see `_write_answers`.
    """
    certainty = known.probability[TEST].max(axis=1)
    ranks = np.linspace(0, len(certainty) - 1, min(GOLDEN_IMAGES, len(certainty))).round().astype(int)
    rows = np.argsort(certainty, kind="stable")[ranks]
    of_files = {precision: by_part[TEST][rows].tolist() for precision, by_part in given.items() if by_part is not None}
    return {"image_id": known.image_id[TEST][rows].tolist(), **of_files}


def _why_not(write: Callable[[], None]) -> str | None:
    """Why a network could not be written, in one line; None where it was.

    Raises:
        OSError, MemoryError: the machine is the reason, so that another attempt may do it.
    """
    try:
        write()
    except (OSError, MemoryError):
        raise
    except InputError as error:
        return str(error)
    except Exception as error:  # converters and runtimes have classes of their own, without a common base
        traceback.print_exc()
        return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
    return None


class _Known:
    """Images, their ids, manual labels, int [n], and Keras's probabilities, float [n, K], by part, in one order."""

    def __init__(self, splits: str, arrays: dict[str, str], predictions: dict[str, ByImage]) -> None:
        manual = read_csv(splits)
        self.images = {part: MappedImages(path) for part, path in arrays.items()}
        self.image_id, self.label, self.probability = {}, {}, {}
        for part, given in predictions.items():
            of_part = manual[manual["split"] == part]
            in_order = given.in_order_of(of_part["image_id"], splits, f"the predictions of {part}")
            self.image_id[part], self.label[part] = of_part["image_id"].to_numpy(), of_part["label"].to_numpy()
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
    return found


def _check_parity(found: dict) -> None:
    difference = max(value for name, value in found.items() if name.startswith("max_difference"))
    changed = max(value for name, value in found.items() if name.startswith("changed_answers"))
    if not difference <= PARITY_TOLERANCE or changed:
        raise InputError(
            f"on {found['images']} test images its probabilities differ from Keras's by up to {difference:.2g}, where "
            f"{PARITY_TOLERANCE:g} is allowed, and {changed} of its answers differ"
        )


def _write_int8(
    ways: dict[str, Callable[[Path], None]],
    known: _Known,
    open_network: Callable[[Path], Network],
    quantised: Path,
) -> tuple[dict, dict[str, np.ndarray]]:
    """Quantise in one way after another, until the validation part loses little: `LITTLE`, or `FEW_IMAGES`.

    Returns:
        What was measured, and the probabilities of validation and test, float [n, K].
    """
    tried: dict[str, float] = {}
    given: dict[str, np.ndarray] = {}
    float32 = metrics.accuracy(known.probability[VALIDATION], known.label[VALIDATION])
    with tempfile.TemporaryDirectory(dir=quantised.parent) as folder:
        files = {way: Path(folder, str(number)) for number, way in enumerate(ways)}
        for way, write in ways.items():
            write(files[way])
            given[way] = probabilities(open_network(files[way]), known.images[VALIDATION])
            tried[way] = float32 - metrics.accuracy(given[way], known.label[VALIDATION])
            if tried[way] <= max(LITTLE, FEW_IMAGES / len(given[way])):
                break
        best = min(tried, key=tried.__getitem__)
        files[best].replace(quantised)
    on_test = probabilities(open_network(quantised), known.images[TEST])
    int8 = metrics.accuracy(on_test, known.label[TEST])
    changed = int((metrics.answer(on_test) != metrics.answer(known.probability[TEST])).sum())
    found = {"calibration": best, "validation_drop": tried, "images": len(on_test)}
    found |= {
        "accuracy_int8": int8,
        "drop": metrics.accuracy(known.probability[TEST], known.label[TEST]) - int8,
        "changed_answers": changed,
    }
    return found, {VALIDATION: given[best], TEST: on_test}
