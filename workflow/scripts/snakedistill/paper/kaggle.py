"""Kaggle's competition Dogs vs. Cats: how to get its archive, and its submission."""

import io
from pathlib import Path

import numpy as np
import pandas as pd

from snakedistill.core.errors import InputError
from snakedistill.core.files import write_csv
from snakedistill.core.threads import in_order
from snakedistill.data.archive import UNLABELLED_PART, content_of_member, open_archive
from snakedistill.data.images import resized_pixels
from snakedistill.export.inference import OnnxNetwork, open_network, probabilities
from snakedistill.export.usable import written
from snakedistill.paper.biryukova import ARCHIVE

SAMPLE_SUBMISSION = "sampleSubmission.csv"


def write_submission(archive: str, network: str, measurements: str, clip: float, submission: str, threads: int) -> None:
    """Write the answers to the archive's `test1` images in the format of its `sampleSubmission.csv`.

    Kaggle scores the log loss, in which one sure mistake costs without bound; so probabilities are kept within
    [clip, 1 - clip]. An image that cannot be decoded gets 0.5, and a line in the log.

    Args:
        archive: path of the archive; one without unlabelled images gives a submission without rows, and so does a
            network that could not be written.
        network: .onnx file.
        measurements: JSON of the export.
        clip: distance that probabilities keep from 0 and 1.
        submission: CSV to write: id (the number that the image's file is named by), label (probability of class 1);
            in the order of `sampleSubmission.csv`, or by id where the archive has none.
        threads: images decoded at once, and threads of ONNX Runtime.

    Raises:
        InputError: an image is not named by a number, or the images are not those of `sampleSubmission.csv`.
    """
    if not written({"float32": network}, measurements):
        print("The network could not be written as ONNX, so the submission has no rows")
        write_csv(pd.DataFrame(columns=["id", "label"]), submission)
        return
    opened_network = open_network(network, threads)
    with open_archive(archive, UNLABELLED_PART) as opened:
        below = f"{UNLABELLED_PART}/"
        refused = {_number(name, archive): reason for name, reason in opened.refused if name.startswith(below)}
        members = {_number(name, archive): name for name in opened.members if name.startswith(below)}
        members |= {number: str(number) for number in refused}
        ids = sample_submission(archive) if members else []
        if ids is None:
            ids = sorted(members)
        if sorted(ids) != sorted(members):
            differing = sorted(set(ids) ^ set(members)) or "repeated ones"
            raise InputError(
                f"{archive}: expected the {len(ids)} images of {SAMPLE_SUBMISSION} in test1, got {len(members)}; they "
                f"differ in {str(differing)[:80]}. {ARCHIVE[0].upper()}{ARCHIVE[1:]} again."
            )

        def pixels(number: int) -> np.ndarray | None:
            try:
                if number in refused:
                    raise InputError(refused[number])
                return resized_pixels(opened.read(members[number]), opened_network.pixels)
            except InputError as error:
                print(f"{members[number]}: {error}; it gets 0.5")
                return None

        found = [0.5 if image is None else _one(opened_network, image) for image in in_order(pixels, ids, threads)]
    label = np.clip(np.array(found, dtype=np.float64), clip, 1 - clip)
    write_csv(pd.DataFrame({"id": ids, "label": label}), submission)


def sample_submission(archive: str | Path) -> list[int] | None:
    """The ids of `sampleSubmission.csv`, in its order; None where the archive has none.

    Raises:
        InputError: the file has no column of whole numbers named id.
    """
    try:
        content = content_of_member(Path(archive), SAMPLE_SUBMISSION)
        return None if content is None else pd.read_csv(io.BytesIO(content))["id"].astype("int64").tolist()
    except Exception as error:  # of pandas, zipfile and its decompressors
        raise InputError(
            f"{SAMPLE_SUBMISSION} of {archive}: expected a column id of whole numbers, got {error}"
        ) from error


def _one(network: OnnxNetwork, image: np.ndarray) -> float:
    return float(probabilities(network, image[None])[0, 1])


def _number(member: str, archive: str) -> int:
    stem = Path(member).stem
    if not stem.isdecimal():
        raise InputError(f"{archive}: expected unlabelled images named <number>.jpg, got {member}")
    return int(stem)
