"""The predictions of a teacher from elsewhere, in a CSV that the user gives."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from snakedistill.core.by_image import ByImage
from snakedistill.core.errors import InputError
from snakedistill.core.files import read_csv
from snakedistill.core.outputs import (
    logits_of_probabilities,
    number_of_outputs,
    one_logit,
    outputs_of_classes,
    probabilities_of_logits,
)
from snakedistill.data.foreign_predictions import ID, Form, read_rows

HOW_TO_GIVE_IT = "see docs/bring-your-own-teacher.md"
PATH_IN_INDEX = "member"
_ROWS_AT_ONCE = 1000


def form_of_teacher(classes: Sequence[str]) -> Form:
    """What a file of a teacher's predictions has to have."""
    return Form((), HOW_TO_GIVE_IT, classes=classes)


def read_given_predictions(path: str | Path, index: str | Path, classes: Sequence[str]) -> ByImage:
    """Read and check the predictions that a user gives.

    The other of probability and logit is computed in float64. Of one output probability = 1 / (1 + exp(-logit)), and
    logit = log(p / (1 - p)), where the logit of a probability of exactly 0 or 1 is that of float32's nearest value
    between. Of an output for each class the probabilities are the softmax of the logits; or they are divided by their
    sum, and logit = log(p), where a probability below float32's smallest positive value counts as that. Two outputs of
    two classes then become one: the second logit minus the first.

    Args:
        path: CSV, see `foreign_predictions`, with image_id, or path (`member` of the index). Further columns are
            ignored.
        index: CSV of the usable images: image_id, member.
        classes: names; the position of a name is its label.

    Returns:
        `logit` and `probability`, float32 [n, 1] for two classes, else [n, K], in the order of the file.

    Raises:
        InputError: the file cannot be read, see `read_rows`; or a row is of no image of the index, or repeats an image.
            The message names the first such row.
    """
    rows, outputs, given = read_rows(path, form_of_teacher(classes))
    known = read_csv(index)
    ids = dict(zip(known[ID if rows.named_by == ID else PATH_IN_INDEX], known[ID], strict=True))
    unknown = ~np.isin(rows.names(ID), list(ids))[rows.codes(ID)]
    if unknown.any():
        raise InputError(
            f"{rows.where(int(unknown.argmax()))}: expected predictions of the images in {index}, got a row of other "
            "images, of which this is the first: remove these rows, or give the archive that they are of"
        )
    first = rows.first_of_each(ID)[rows.codes(ID)]
    again = first != np.arange(len(first))
    if again.any():
        second = int(again.argmax())
        raise InputError(
            f"{rows.where(second)}: expected one row of each image, got a second one after row {first[second] + 1}"
        )
    logit, probability = (np.empty((len(given), number_of_outputs(len(classes))), np.float32) for _ in range(2))
    for start in range(0, len(given), _ROWS_AT_ONCE):
        some = slice(start, start + _ROWS_AT_ONCE)
        values = given[some].astype(np.float64)
        is_logit = outputs.quantity == "logit"
        logit[some] = one_logit(values if is_logit else logits_of_probabilities(values))
        probability[some] = outputs_of_classes(probabilities_of_logits(values) if is_logit else values)
    image_id = pd.Series([ids[name] for name in rows.images(np.arange(len(given)))], name=ID, dtype=str)
    return ByImage(image_id, {"logit": logit, "probability": probability})
