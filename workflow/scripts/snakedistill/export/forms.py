"""The forms in which a network leaves the workflow. Planning reads them; only jobs import what writes and runs them."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    import numpy as np

    from snakedistill.export.inference import Network

PRECISIONS = ("float32", "int8")


@dataclass(frozen=True)
class Runtime:
    """A program that runs the files of a form.

    Attributes:
        title: what tables call it.
        module: dotted name of the module whose `open_network(path, threads)` opens a file.
        package: the Python package whose version stands beside the times.
    """

    title: str
    module: str
    package: str

    def open(self, path: str | Path, threads: int) -> "Network":
        """Open a file for a fixed number of threads; an InputError where it is not one of this project's networks."""
        return importlib.import_module(self.module).open_network(path, threads)


@dataclass(frozen=True)
class Form:
    """A form in which a network leaves. Its files are in a folder of the name that it has in `FORMS`.

    Attributes:
        title: what tables and pages call it.
        suffix: of its files, `N.suffix` in float32 and `N.int8.suffix`.
        module: dotted name of the module that writes them, see `write` and `quantisations`.
        runtimes: what runs them; the first one tells whether they answer as Keras does.
        purpose: what it is for, in words that follow the title in the bundle.
        always: every exported network has it, for every seed; others are of the networks that are timed or bundled, of
            the first seed.
        timed: the files are timed in each runtime.
        bundled: the files are in the bundle.
        carded: the model card tells their size and what int8 costs.
    """

    title: str
    suffix: str
    module: str
    runtimes: tuple[Runtime, ...]
    purpose: str = ""
    always: bool = False
    timed: bool = True
    bundled: bool = True
    carded: bool = True

    def write(self, network: "keras.Model", card: dict[str, str], threads: int, path: Path) -> None:
        """Write a network, which `build_network` returned, in float32 to a path; an InputError where that fails."""
        importlib.import_module(self.module).write_network(network, card, threads, path)

    def quantisations(
        self, network: "keras.Model", exported: Path, images: "np.ndarray"
    ) -> dict[str, Callable[[Path], None]]:
        """Ways to write a network in int8, each milder than the one before: by name, what writes it to a path.

        Args:
            network: the network.
            exported: its file in float32.
            images: those that calibrate, uint8 [n, image_size, image_size, 3].
        """
        return importlib.import_module(self.module).quantisations(network, exported, images)

    def file_name(self, stem: str, precision: str) -> str:
        """Name of a file, by one of `PRECISIONS`."""
        return f"{stem}.int8.{self.suffix}" if precision == "int8" else f"{stem}.{self.suffix}"

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules that write and run its files."""
        return (self.module, *(runtime.module for runtime in self.runtimes))


FORMS = {
    "onnx": Form(
        "ONNX",
        "onnx",
        "snakedistill.export.onnx_export",
        (
            Runtime("ONNX Runtime", "snakedistill.export.inference", "onnxruntime"),
            Runtime("OpenVINO", "snakedistill.export.openvino_runtime", "openvino"),
        ),
        always=True,
    ),
    "litert": Form(
        "LiteRT",
        "tflite",
        "snakedistill.export.litert_export",
        (Runtime("LiteRT", "snakedistill.export.litert", "ai-edge-litert"),),
        purpose="for phones",
    ),
}


def files_of_form(form: str, folder: str, network: str, precisions: tuple[str, ...] = PRECISIONS) -> dict[str, str]:
    """The files of a network in a form, below the folder of a seed: by precision, `answers` and `measurements`."""
    named = {precision: FORMS[form].file_name(network, precision) for precision in precisions}
    named |= {"answers": f"{network}.csv", "measurements": f"{network}.json"}
    return {kind: f"{folder}/{form}/{name}" for kind, name in named.items()}
