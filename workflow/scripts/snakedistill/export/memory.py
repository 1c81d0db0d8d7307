"""Memory that a process needs to run one exported file, where the system tells it."""

import contextlib
import importlib
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from snakedistill.export.forms import Runtime

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def memory_of(runtime: Runtime, path: str | Path, image: np.ndarray, threads: int) -> int | None:
    """Largest memory, in bytes, of a process that opens a file and answers one image, beyond what its libraries take.

    The process is a child of this one, which must have no threads of a framework yet.

    Args:
        runtime: what runs the file.
        path: exported file.
        image: uint8 [1, image_size, image_size, 3].
        threads: threads of the runtime.

    Returns:
        The bytes, or None where the system has no `/proc`, as macOS.
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as process:
        return process.submit(_memory, runtime, str(path), image, threads).result()


def _memory(runtime: Runtime, path: str, image: np.ndarray, threads: int) -> int | None:
    importlib.import_module(runtime.module)
    with contextlib.suppress(OSError):
        CLEAR.write_text("5", encoding="ascii")  # the peak begins anew
    before = _kilobytes("VmRSS")
    runtime.open(path, threads)(image)
    peak = _kilobytes("VmHWM")
    return None if before is None or peak is None else 1024 * (peak - before)


def _kilobytes(name: str) -> int | None:
    """A number of this process's status; the operating system's own function, getrusage, counts the parent's too."""
    try:
        lines = STATUS.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    values = dict(line.split(":", 1) for line in lines if ":" in line)
    return int(values[name].split()[0]) if name in values else None
