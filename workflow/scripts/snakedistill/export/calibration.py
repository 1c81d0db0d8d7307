"""Ranges of the values between the layers of an ONNX network, for its quantisation.

The results are those of ONNX Runtime's own calibration of the same images, to the bit. Its histograms keep every value
of every layer of every image, which are 17 GB for 244 images of 224 pixels. Here they are counted batch by batch.
"""

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod
from onnxruntime.quantization.calibrate import CalibraterBase, HistogramCollector, TensorsData, create_calibrator
from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry

from snakedistill.export.inference import INPUT
from snakedistill.export.shapes import shapes_of_values

BATCH = 32  # images
BYTES_AT_ONCE = 2**27  # of values of all layers
MOST_COUNTED = 10**9  # values of all layers; of a network with more of them fewer images are counted
BINS, PERCENTILE = 2048, 99.999


def extremes(exported: Path, images: np.ndarray) -> TensorsData:
    """The least and the greatest value between the layers of a network.

    Args:
        exported: ONNX file in float32.
        images: uint8 [n, image_size, image_size, 3].
    """
    with tempfile.TemporaryDirectory() as folder:
        calibrator = _calibrator(exported, CalibrationMethod.MinMax, folder)
        calibrator.collect_data(_Reader(_batches(images, _values(calibrator))))
        return calibrator.compute_data()


def percentiles(exported: Path, images: np.ndarray) -> TensorsData:
    """The ranges that hold all but the largest 0.001 % of the absolute values; arguments as in `extremes`.

    The images are read twice: for the range of each histogram, and for the histogram.
    """
    with tempfile.TemporaryDirectory() as folder:
        calibrator = _calibrator(exported, CalibrationMethod.Percentile, folder)
        session, names = calibrator.infer_session, [one.name for one in calibrator.infer_session.get_outputs()]

        of_an_image = _values(calibrator)

        def values() -> Iterator[dict[str, np.ndarray]]:
            for batch in _batches(counted, of_an_image):
                found = dict(zip(names, session.run(None, {INPUT: batch}), strict=True))
                yield {name: found[name] for name in calibrator.tensors_to_calibrate}

        number = min(len(images), max(1, MOST_COUNTED // of_an_image))
        counted = images[np.linspace(0, len(images) - 1, number).astype(int)]
        ends: dict[str, np.ndarray] = {}
        for batch in values():
            for name, value in batch.items():
                found = np.array([value.min(), -value.max(), np.abs(value).min(), -np.abs(value).max()])
                ends[name] = np.minimum(ends.get(name, found), found)
        counts, edges = {name: np.zeros(BINS, np.int64) for name in ends}, {}
        for batch in values():
            for name, value in batch.items():
                limits = ends[name][2], -ends[name][3]
                of_batch, edges[name] = np.histogram(np.abs(value), BINS, range=limits)
                counts[name] += of_batch
        collector = HistogramCollector("percentile", True, BINS, None, PERCENTILE, "same")
        collector.histogram_dict = {
            name: (counts[name], edges[name].astype(np.float32), ends[name][0], -ends[name][1]) for name in ends
        }
        calibrator.collector = collector
        return calibrator.compute_data()


def _calibrator(exported: Path, method: CalibrationMethod, folder: str) -> CalibraterBase:
    """ONNX Runtime's calibrator of the operators that it quantises by default."""
    operators = list({*QLinearOpsRegistry, *QDQRegistry})
    return create_calibrator(exported, operators, str(Path(folder, "augmented.onnx")), method)


def _values(calibrator: CalibraterBase) -> int:
    """Values of all layers of one image."""
    names, _ = calibrator.select_tensors_to_calibrate(calibrator.model)
    return sum(math.prod(shape) for name, shape in shapes_of_values(calibrator.model).items() if name in names)


def _batches(images: np.ndarray, of_an_image: int) -> Iterator[np.ndarray]:
    """All images in batches of nearly one size, of which a network has few enough values at once."""
    most = max(1, min(BATCH, BYTES_AT_ONCE // (np.dtype(np.float32).itemsize * of_an_image)))
    return iter(np.array_split(images, -(-len(images) // most)))


class _Reader(CalibrationDataReader):
    """Batches as ONNX Runtime takes them."""

    def __init__(self, batches: Iterator[np.ndarray]) -> None:
        self._batches = batches

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch}
