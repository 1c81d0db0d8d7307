"""A teacher that is a file of predictions: checked, and in the form of a network's own predictions."""

import pandas as pd

from snakedistill.core.by_image import write_by_image
from snakedistill.core.errors import InputError
from snakedistill.core.files import read_csv, write_csv
from snakedistill.core.lineage import record_lineage
from snakedistill.core.network_ids import TEACHER
from snakedistill.core.outputs import labels_of_classes, logits_of_classes, shares_of_classes
from snakedistill.data.given_predictions import read_given_predictions
from snakedistill.measures.evaluation import evaluation_row


def take_in_predictions(
    given: str,
    index: str,
    splits: str,
    classes: list[str],
    seed: int,
    predictions: dict[str, str],
    evaluation: str,
) -> None:
    """Write the given predictions of every part as those of the teacher, their lineage, and the teacher's evaluation.

    Args:
        given: CSV of the given predictions, see `read_given_predictions`. Images that the split does not use are
            ignored.
        index: CSV of the usable images.
        splits: CSV with image_id, manual label and split.
        classes: names; the position of a name is its label.
        seed: training seed.
        predictions: file to write by part: image_id, and logit and probability of each output, see `core.outputs`
            (float32, in a CSV with 9 significant digits).
        evaluation: CSV to write, see `evaluation_row`; without augmentation.

    Raises:
        InputError: the given predictions cannot be read, or lack images of the split; the message counts them.
    """
    answers = read_given_predictions(given, index, classes)
    manual = read_csv(splits)
    ids = manual["image_id"]
    row = pd.Index(answers.image_id).get_indexer(ids)
    missing = ids[row < 0]
    if len(missing):
        raise InputError(
            f"{given}: expected a prediction of each of the {len(manual)} images of the split, got none of "
            f"{len(missing)} of them, the first {missing.iloc[0]}: add them, or set teacher.missing to drop, which "
            "drops these images before the split"
        )
    rows = []
    for part, path in predictions.items():
        of_part = (manual["split"] == part).to_numpy()
        outputs = {name: values[row[of_part]] for name, values in answers.values.items()}
        write_by_image(path, ids[of_part], outputs, classes)
        record_lineage(path, TEACHER, seed, splits=splits, given=given)
        logit, probability = logits_of_classes(outputs["logit"]), shares_of_classes(outputs["probability"])
        label = labels_of_classes(manual["label"][of_part].to_numpy(), len(classes))
        rows.append(evaluation_row(part, "manual", 0, logit, probability, label))
    write_csv(pd.DataFrame(rows), evaluation)
