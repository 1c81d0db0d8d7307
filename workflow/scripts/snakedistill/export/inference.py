"""Running an exported network without Keras."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime

from snakedistill.core.errors import InputError
from snakedistill.core.outputs import shares_of_classes
from snakedistill.core.pixels import Pixels
from snakedistill.data.images import MappedImages

INPUT, OUTPUT = "image", "probability"
Network = Callable[[np.ndarray], np.ndarray]
"""From images uint8 [n, image_size, image_size, 3] RGB to probabilities float32 [n, outputs], see `core.outputs`."""


class OnnxNetwork:
    """An exported network in ONNX Runtime, see `Network`.

    Attributes:
        card: what the file says that it is, see `card.card`.
        pixels: those that the network takes.
    """

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self.card: dict[str, str] = session.get_modelmeta().custom_metadata_map
        how = {key: self.card[key] for key in ("fit", "resample") if key in self.card}
        self.pixels = Pixels(session.get_inputs()[0].shape[1], **how)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        return self._session.run([OUTPUT], {INPUT: images})[0]


def open_network(path: str | Path, threads: int = 1) -> OnnxNetwork:
    """Open a network in ONNX for a fixed number of threads.

    Raises:
        InputError: the file is missing, damaged, or not one of this project's networks.
    """
    if not Path(path).is_file():
        raise InputError(f"There is no file {Path(path).absolute()}: give the path of an exported network (.onnx)")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Threads that wait for the next call would otherwise keep their cores busy while something else runs.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has an exception for each status, without a common public base
        raise InputError(f"{path} cannot be loaded as an ONNX network: {error}. Export it again.") from error
    names = [node.name for node in (*session.get_inputs(), *session.get_outputs())]
    if names != [INPUT, OUTPUT]:
        raise InputError(f"{path}: expected a network with the input {INPUT} and the output {OUTPUT}, got {names}")
    return OnnxNetwork(session)


def outputs(network: Network, images: MappedImages | np.ndarray, batch_size: int = 32) -> np.ndarray:
    """Probabilities of every image, as the network gives them.

    Args:
        network: an opened network.
        images: uint8 [n, image_size, image_size, 3], RGB.
        batch_size: images in a call.

    Returns:
        float32 [n, outputs], see `core.outputs`.
    """
    found = []
    for start in range(0, len(images), batch_size):
        rows = slice(start, start + batch_size)
        found.append(network(images.read(rows) if isinstance(images, MappedImages) else images[rows]))
    return np.concatenate(found)


def probabilities(network: Network, images: MappedImages | np.ndarray, batch_size: int = 32) -> np.ndarray:
    """Probabilities of each class of every image, [n, K]: of two classes float64, else float32. See `outputs`."""
    return shares_of_classes(outputs(network, images, batch_size))
