"""A teacher that is a file of predictions: checked, and in the form of a network's own predictions."""

import pandas as pd

from snakedistill.core.errors import InputError
from snakedistill.core.files import read_csv, write_csv
from snakedistill.core.joins import join_one_to_one
from snakedistill.core.lineage import record_lineage
from snakedistill.core.network_ids import TEACHER
from snakedistill.data.given_predictions import read_given_predictions
from snakedistill.measures.evaluation import evaluation_row


def take_in_predictions(
    given: str, index: str, splits: str, seed: int, predictions: dict[str, str], evaluation: str
) -> None:
    """Write the given predictions of every part as those of the teacher, their lineage, and the teacher's evaluation.

    Args:
        given: CSV of the given predictions, see `read_given_predictions`. Images that the split does not use are
            ignored.
        index: CSV of the usable images.
        splits: CSV with image_id, manual label and split.
        seed: training seed.
        predictions: CSV to write by part: image_id, logit, probability (float32, 9 significant digits).
        evaluation: CSV to write, see `evaluation_row`; without augmentation.

    Raises:
        InputError: the given predictions cannot be read, or lack images of the split; the message counts them.
    """
    answers = read_given_predictions(given, index)
    manual = read_csv(splits)
    missing = manual["image_id"][~manual["image_id"].isin(answers["image_id"])]
    if len(missing):
        raise InputError(
            f"{given}: expected a prediction of each of the {len(manual)} images of the split, got none of "
            f"{len(missing)} of them, the first {missing.iloc[0]}: add them, or set teacher.missing to drop, which "
            "drops these images before the split is drawn"
        )
    rows = []
    for part, path in predictions.items():
        of_part = manual[manual["split"] == part]
        of_teacher = answers[answers["image_id"].isin(of_part["image_id"])]
        joined = join_one_to_one(of_part, of_teacher, splits, given)
        write_csv(joined[["image_id", "logit", "probability"]], path)
        record_lineage(path, TEACHER, seed, splits=splits, given=given)
        rows.append(evaluation_row(part, "manual", 0, joined))
    write_csv(pd.DataFrame(rows), evaluation)
