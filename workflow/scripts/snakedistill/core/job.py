"""What every job does around its work: send all output to the rule's log, fix the number of threads."""

import atexit
import contextlib
import gc
import os
import re
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from snakedistill.core.errors import InputError, no_room

# At Python's own 700, half a second of a short job goes into searching what a framework makes while it is imported and
# a network while it is built, all of which stays.
OBJECTS_BETWEEN_COLLECTIONS = 100_000
NOTICES = re.compile(
    rb"All log messages before absl::InitializeLog|oneDNN custom operations are on"
    rb"|Could not find cuda drivers|failed call to cuInit: .*\(303\)"
)
"""Lines that TensorFlow prints on every machine without a GPU's driver, whatever its log level; 303: no driver."""


class Stopped(BaseException):
    """The job received a signal to end."""


def _stop(number: int, frame: object) -> None:
    raise Stopped


@contextlib.contextmanager
def job(log: str, threads: int = 1, backend: str | None = None) -> Iterator[TextIO]:
    """Run the block with file descriptors 1 and 2 sent to `log`.

    Redirecting the descriptors, not `sys.stderr`, also catches what C++ libraries print. Frameworks read
    their number of threads from the environment when they are imported, so import them inside the block.

    Args:
        log: path of the log file; its folder must exist.
        threads: threads that the frameworks may use.
        backend: Keras backend, or None where no framework is used.

    Yields:
        The standard error that the job was started with, for a progress bar and the line that it leaves.

    Exits with status 1 on an error, with 143 on SIGTERM. The message is then the head of the log, so that a reader need
    not search it among what frameworks print. The traceback of an `InputError` is not logged. A log that is finished
    has no `NOTICES`.
    """
    fix_threads(threads, backend)
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    atexit.register(gc.freeze)  # what dies with the process need not be searched a last time: half a second
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    terminal = os.fdopen(os.dup(saved[1]), "w")
    status, message = 0, ""
    log_file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
    try:
        os.dup2(log_file, 1)
        os.dup2(log_file, 2)
        try:
            signal.signal(signal.SIGTERM, _stop)
            if backend is not None:
                import_keras()
            yield terminal
        except Stopped:
            status = 128 + signal.SIGTERM
            message = (
                "Stopped by a signal, for example at a time limit. When the workflow is started "
                "again, a training run resumes from its last checkpoint."
            )
        except InputError as error:
            status, message = 1, f"Error: {error}"
        except Exception as error:
            traceback.print_exc()
            status, message = 1, f"Error: {type(error).__name__}: {error}"
            if (words := no_room(error)) is not None:
                message = (
                    f"Error: a file could not be written: {words}. The disk or a quota is full, or files may not "
                    "become that large here (ulimit -f). Make room and start again; nothing half-written was kept."
                )
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(saved[0], 1)
        os.dup2(saved[1], 2)
        for descriptor in (*saved, log_file):
            os.close(descriptor)
        terminal.close()
    _finish(log, message)
    if status:
        sys.exit(status)


def _finish(log: str, message: str) -> None:
    """Leave the notices out of a log, and write a message at its head.

    Where there is no room for another copy, the notices stay, and the message is written at the end.
    """
    path = Path(log)
    printed = path.read_bytes()
    kept = b"".join(line for line in printed.splitlines(keepends=True) if not NOTICES.search(line))
    if message:
        kept = message.encode() + (b"\n\nThe job printed:\n" + kept if kept else b"\n")
    if kept == printed:
        return
    other = path.with_name(f".{path.name}")
    try:
        other.write_bytes(kept)
        other.replace(path)
    except OSError:
        other.unlink(missing_ok=True)
        if message:
            with contextlib.suppress(OSError), path.open("ab") as file:
                file.write(message.encode() + b"\n")


def import_keras() -> None:
    """Without Matplotlib and scikit-learn, of which no job uses what Keras takes: that is a second."""
    hidden = {"matplotlib", "sklearn"} - sys.modules.keys()
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: an import of it fails
    gc.disable()  # all that is made here stays
    import keras  # noqa: F401

    gc.enable()
    for name in hidden:
        del sys.modules[name]


def fix_threads(threads: int, backend: str | None = None) -> None:
    """Set the number of threads, and the Keras backend, of the frameworks that are imported after this call."""
    variables: dict[str, object] = {
        "OMP_NUM_THREADS": threads,
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": threads,
        "TF_DETERMINISTIC_OPS": 1,
        "TF_CPP_MIN_LOG_LEVEL": 2,
    }
    if backend is not None:
        variables["KERAS_BACKEND"] = backend
    os.environ.update({name: str(value) for name, value in variables.items()})
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # ONNX Runtime reports its use to its makers
    # TensorFlow's wheels have oneDNN, and use it by default only on processors with AVX-512.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    # TensorFlow and JAX would take all of a GPU at once, though several networks may share it.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
