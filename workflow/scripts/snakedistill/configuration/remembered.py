"""What planning found of the inputs, kept for the jobs of a cluster, each of which reads the workflow again."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from snakedistill.core.digests import fingerprint_of_bytes
from snakedistill.core.files import write_text
from snakedistill.data.named_images import NamedImages

FOLDER = ".snakemake/snakedistill"
"""Where it is kept, below the working directory, which the jobs of a cluster share."""


@dataclass(frozen=True)
class Found:
    """What planning found of the inputs.

    Attributes:
        config: the checked configuration, with its inputs.
        images: see `inputs.with_inputs`.
        archive: digest of the archive's content; None of the built-in sample.
    """

    config: dict[str, Any]
    images: NamedImages | None
    archive: str | None


def once(find: Callable[[], Found], config: dict[str, Any], is_job: bool) -> Found:
    """What planning found: looked for anew, and kept, or, in a job of a cluster, as it was found and kept.

    A job that finds nothing kept, as without a shared file system, looks for itself.

    Args:
        find: what looks for it.
        config: the checked configuration, without its inputs.
        is_job: whether this is a job of a cluster.
    """
    digest = fingerprint_of_bytes(json.dumps(config, sort_keys=True).encode())
    kept = Path(FOLDER, f"{digest[:16]}.json")
    if is_job and kept.exists():
        read = json.loads(kept.read_text(encoding="utf-8"))
        return Found(read["config"], read["images"] and NamedImages(**read["images"]), read["archive"])
    found = find()
    if not is_job:
        write_text(json.dumps(asdict(found)), kept)
    return found
