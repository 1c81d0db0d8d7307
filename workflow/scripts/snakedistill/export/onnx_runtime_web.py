"""ONNX Runtime for browsers, from npm."""

import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from snakedistill.core.errors import InputError
from snakedistill.core.files import written_whole

PACKAGE = "onnxruntime-web@1.30.0"
INTEGRITY = "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="


def fetch_onnx_runtime_web(files: list[str]) -> None:
    """Have npm load the package, check its digest, and take files out of its folder `dist`.

    Args:
        files: files to write, by the names that they have in the package.

    Raises:
        InputError: npm is not there, cannot load the package, or loads other bytes.
    """
    with tempfile.TemporaryDirectory() as folder:
        packed = _packed(folder)
        if packed["integrity"] != INTEGRITY:
            raise InputError(f"npm: expected {PACKAGE} with the digest {INTEGRITY}, got {packed['integrity']}")
        with tarfile.open(Path(folder, packed["filename"])) as package:
            for file in files:
                source = package.extractfile(f"package/dist/{Path(file).name}")
                assert source is not None  # a file, and no folder
                with source, written_whole(file) as temporary, temporary.open("wb") as target:
                    shutil.copyfileobj(source, target)


def _packed(folder: str) -> dict[str, str]:
    """What npm says of the package that it has loaded into a folder: `filename` and `integrity` among it."""
    command = ["npm", "pack", "--json", PACKAGE]
    try:
        finished = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise InputError("The page needs npm, which is not installed: install Node.js, or add --sdm conda") from error
    except subprocess.CalledProcessError as error:
        raise InputError(f"`{' '.join(command)}` failed:\n{error.stderr.strip()}") from error
    return json.loads(finished.stdout)[0]
