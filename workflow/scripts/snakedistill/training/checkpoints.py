"""The checkpoints of a training run on disk, from which one that was killed resumes."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from snakedistill.core.digests import fingerprint_of_bytes, fingerprint_of_file
from snakedistill.core.files import written_whole

KEPT = 2


@dataclass(frozen=True)
class Checkpoint:
    """A training run after an epoch.

    Attributes:
        variables: values of all variables of network and optimiser, in their order; random states among them. Empty
            before the first step, when the weights are those of `best`.
        best: weights of the best epoch so far.
        history: a row of the history for each epoch.
        phase: number of the phase of the last epoch, from 0.
        before: epochs of the phases before it.
    """

    variables: list[np.ndarray]
    best: list[np.ndarray]
    history: list[dict]
    phase: int = 0
    before: int = 0


class Checkpoints:
    """The checkpoints of one training run in a folder; the last two are kept, so that a torn one can be skipped.

    Args:
        folder: made when it is needed.
        fingerprint: digest of everything that determines the training run; a checkpoint with another one is skipped.
    """

    def __init__(self, folder: str | Path, fingerprint: str) -> None:
        self._folder = Path(folder)
        self._fingerprint = fingerprint

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint, and delete all but the last two."""
        groups = {"variable": checkpoint.variables, "best": checkpoint.best}
        arrays = {f"{name}-{i}": array for name, group in groups.items() for i, array in enumerate(group)}
        sizes = {name: len(group) for name, group in groups.items()}
        said = {"fingerprint": self._fingerprint, "sizes": sizes}
        said |= {name: getattr(checkpoint, name) for name in ("history", "phase", "before")}
        path = self._folder / f"epoch-{len(checkpoint.history):06}.npz"
        with written_whole(path) as temporary:
            arrays["said"] = np.frombuffer(json.dumps(said).encode(), dtype=np.uint8)
            np.savez(temporary, allow_pickle=False, **arrays)
        for old in self._newest_first()[KEPT:]:
            old.unlink()

    def latest(self) -> Checkpoint | None:
        """The newest checkpoint that is whole and of this training run, or None."""
        for path in self._newest_first():
            try:
                # Given a path, NumPy leaves a torn file open.
                with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                    said = json.loads(stored["said"].tobytes())
                    sizes = said["sizes"].items()
                    groups = {name: [stored[f"{name}-{i}"] for i in range(size)] for name, size in sizes}
            except Exception as error:  # a torn file: zipfile, zlib, numpy and json have their own for each damage
                print(f"{path} is skipped: {error or type(error).__name__}")
                continue
            if said["fingerprint"] == self._fingerprint:
                return Checkpoint(groups["variable"], groups["best"], said["history"], said["phase"], said["before"])
            print(f"{path} is skipped: it is from another training run (recipe, labels, data or code)")
        return None

    def remove(self) -> None:
        """Delete all checkpoints."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _newest_first(self) -> list[Path]:
        return sorted(self._folder.glob("epoch-*.npz"), reverse=True)


def fingerprint_of_training(settings: dict, files: Sequence[str | Path]) -> str:
    """A digest of what determines a training run: settings, and the content of files.

    Args:
        settings: values that JSON can hold.
        files: paths; they count by content, not by name.

    Returns:
        64 hexadecimal digits.
    """
    contents = [fingerprint_of_file(path) for path in files]
    return fingerprint_of_bytes(json.dumps([settings, contents], sort_keys=True).encode())
