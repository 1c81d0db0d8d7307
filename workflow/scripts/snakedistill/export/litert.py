"""Running a network in LiteRT."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from snakedistill.core.errors import InputError
from snakedistill.export.inference import INPUT, OUTPUT


class LiteRTNetwork:
    """A network in LiteRT, see `inference.Network`. Each size of a batch has an interpreter of its own."""

    def __init__(self, path: str | Path, threads: int) -> None:
        self._path, self._threads = str(path), threads
        self._by_size: dict[int, Callable[..., dict[str, np.ndarray]]] = {}

    def __call__(self, images: np.ndarray) -> np.ndarray:
        if len(images) not in self._by_size:
            interpreter = Interpreter(self._path, num_threads=self._threads)
            self._by_size[len(images)] = interpreter.get_signature_runner()
        return self._by_size[len(images)](**{INPUT: images})[OUTPUT]


def open_network(path: str | Path, threads: int = 1) -> LiteRTNetwork:
    """Open a network in LiteRT for a fixed number of threads.

    Raises:
        InputError: the file is missing, damaged, or not one of this project's networks.
    """
    if not Path(path).is_file():
        raise InputError(f"There is no file {Path(path).absolute()}: give the path of an exported network (.tflite)")
    try:
        signatures = list(Interpreter(str(path)).get_signature_list().values())
    except ValueError as error:
        raise InputError(f"{path} cannot be loaded as a LiteRT network: {error}. Export it again.") from error
    if signatures != [{"inputs": [INPUT], "outputs": [OUTPUT]}]:
        raise InputError(f"{path}: expected a network with the input {INPUT} and the output {OUTPUT}, got {signatures}")
    return LiteRTNetwork(path, threads)
