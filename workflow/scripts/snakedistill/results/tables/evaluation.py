"""Loss and accuracy of every network."""

import pandas as pd

from snakedistill.core.files import read_csv
from snakedistill.core.parts import TRAIN, VALIDATION
from snakedistill.results.run import Run
from snakedistill.results.tables.best_epoch import best_epoch
from snakedistill.results.tables.table import Table

OWN_LABELS = "own"
DURING_TRAINING = "during training, best epoch"


def rows(run: Run) -> pd.DataFrame:
    """Loss and accuracy at the best epoch of training, of networks that are trained here, and of every evaluation.

    Returns:
        seed, network, split, labels, augmented, repeats, loss and accuracy (the lowest loss and the highest accuracy of
        the repeats), label_fit (share of the images of train that the network answers as the labels say that it was
        trained on), and over repeats mean and standard deviation (loss_mean, loss_sd, accuracy_mean, accuracy_sd).
    """
    found = []
    histories = run.of_networks("histories")
    for (seed, network), path in run.of_networks("evaluations").items():
        if (seed, network) in histories:
            best = best_epoch(histories[seed, network])
            for part, prefix in ((TRAIN, ""), (VALIDATION, "val_")):
                row = {"seed": seed, "network": network, "split": part, "labels": OWN_LABELS}
                row |= {"augmented": DURING_TRAINING, "repeats": 1}
                found.append(row | {"loss": best[f"{prefix}loss"], "accuracy": best[f"{prefix}accuracy"]})
        measured = read_csv(path)
        for (part, labels, augmented), group in measured.groupby(["split", "labels", "augmented"], sort=False):
            row = {"seed": seed, "network": network, "split": part, "labels": labels, "augmented": augmented}
            row |= {"repeats": len(group), "loss": group["loss"].min(), "accuracy": group["accuracy"].max()}
            row["label_fit"] = group["label_fit"].max()
            if len(group) > 1:
                for name in ("loss", "accuracy"):
                    row |= {f"{name}_mean": group[name].mean(), f"{name}_sd": group[name].std(ddof=1)}
            found.append(row)
    columns = ["seed", "network", "split", "labels", "augmented", "repeats", "loss", "accuracy", "label_fit"]
    return pd.DataFrame(found, columns=[*columns, "loss_mean", "loss_sd", "accuracy_mean", "accuracy_sd"])


EVALUATION = Table(
    rows,
    needs=("evaluations", "histories"),
    keys=("network", "split", "labels", "augmented"),
    values=("loss", "accuracy"),
    section="training",
    title="loss and accuracy",
    caption="""Loss and accuracy of every network: during training at the best epoch; on every part without
augmentation; and on the test part with the augmentation that the network trained with. The evaluation with
augmentation is repeated. Loss is then the lowest and accuracy the highest of the repeats; their mean and standard
deviation stand beside them. The labels are manual ones, the teacher's, or the network's own (during training).
Label fit is the share of the images of train that a network answers as the labels say that it was trained on: what a
student has not learned of its labels, it cannot inherit.""",
)
