"""From how many photographs fine-tuning pays: python benchmarks/fine_tuning.py dogs-vs-cats.zip [--weights FOLDER]

The student of `presets/photographs.yaml` gets its head, and then a few epochs of everything, from 100 photographs and
more. Soft labels are those of the preset's teacher with a frozen backbone. Each row of the table that is written is a
training run and an epoch; 0 is the head alone. What is in the table is not measured again, so a second call resumes.
Printed is, by number of photographs, what the head alone, the last epoch, and the epoch that the preset keeps
(`best_epoch: loss`, `patience: 1`) have on test.
"""

import argparse
import functools
import itertools
import os
import sys
import tempfile
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from snakedistill.core.job import fix_threads  # noqa: E402

PHOTOGRAPHS = (100, 200, 400, 800, 1600)  # of train
VALIDATION_PHOTOGRAPHS = 60
EPOCHS = 4
SEEDS = (0, 1, 2)  # of the split and of the training run
KINDS = (("soft", "frozen"), ("manual", "frozen"), ("soft", "trained"))  # labels, batch normalisation
RUN = ["seed", "labels", "batch_norm", "photographs"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", help="Kaggle's Dogs vs. Cats, or a part of it, as one zip")
    parser.add_argument("--weights", type=Path, default=ROOT / "results/weights", help="folder of the ImageNet weights")
    parser.add_argument("--table", type=Path, default=Path("fine_tuning.csv"), help="CSV to write, and to resume from")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    fix_threads(arguments.threads, "tensorflow")
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), arguments.archive, arguments.weights, arguments.table, arguments.threads)
    report(arguments.table)


def measure(folder: Path, archive: str, weights: Path, table: Path, threads: int) -> None:
    """Prepare the photographs in `folder`, train what the table lacks, and append a row for each epoch to it."""
    import numpy as np
    import pandas as pd

    photographs = Photographs(folder, archive, weights, threads)
    for count, seed, (labels, batch_norm) in itertools.product(PHOTOGRAPHS, SEEDS, KINDS):
        run = dict(zip(RUN, (seed, labels, batch_norm, count), strict=True))
        if table.is_file() and (pd.read_csv(table)[RUN] == pd.Series(run)).all(axis=1).any():
            continue
        rows = pd.DataFrame(photographs.trained(**run)).assign(**run)
        rows.to_csv(table, mode="a", header=not table.is_file(), index=False)
        print(*run.values(), np.round(rows["test_accuracy"].to_numpy(), 4), flush=True)


class Photographs:
    """The photographs of an archive as arrays, and the features of the frozen teacher.

    Args:
        folder: for everything that is written.
        archive: path of the archive.
        weights: folder of the ImageNet weights; those that it lacks are fetched.
        threads: threads to decode with.
    """

    def __init__(self, folder: Path, archive: str, weights: Path, threads: int) -> None:
        import numpy as np
        import pandas as pd
        import yaml

        from snakedistill.configuration import recipes
        from snakedistill.data.images import write_arrays
        from snakedistill.data.index import write_index
        from snakedistill.networks.weights import fetch_weights

        config = yaml.safe_load((ROOT / "config.yaml").read_text())
        preset = yaml.safe_load((ROOT / "presets/photographs.yaml").read_text())
        config |= {part: config[part] | preset[part] for part in ("teacher", "student", "students")}
        config["students"] = {"soft": preset["students"]["soft"]}
        self.folder, self.classes = folder, config["classes"]
        self.recipes = {name: recipes.recipe(config, name) for name in ("teacher", "soft")}
        self.weights, self.arrays = {}, {}
        index, everything = folder / "index.csv", folder / "everything.csv"
        write_index(archive, "kaggle", self.classes, index, folder / "unusable.csv", threads)
        self.index = pd.read_csv(index)[["image_id", "label"]].assign(split="all")
        self.index.to_csv(everything, index=False)
        for name, recipe in self.recipes.items():
            self.weights[name] = weights / f"{recipe['backbone']}-imagenet-notop.h5"
            if not self.weights[name].is_file():
                weights.mkdir(parents=True, exist_ok=True)
                fetch_weights(recipe["backbone"], str(self.weights[name]))
            path = folder / f"{name}.npy"
            write_arrays(archive, index, everything, recipes.pixels(recipe), {"all": path}, threads)
            self.arrays[name] = np.load(path, mmap_mode="r")
        self.features = self._features_of_teacher()
        self.network = self._network("soft")

    def _network(self, name: str):
        from snakedistill.networks.classifier import build_network

        recipe = self.recipes[name]
        size, weights = recipe["image_size"], str(self.weights[name])
        return build_network("measured", size, recipe["backbone"], weights, recipe["preprocessing"])

    def _features_of_teacher(self):
        from snakedistill.data.images import MappedImages
        from snakedistill.networks.training_model import feature_model
        from snakedistill.training.forward import predicted
        from snakedistill.training.launches import forward_for

        images = MappedImages(self.folder / "teacher.npy")
        return predicted(forward_for(feature_model(self._network("teacher"))), images)[0]

    def split(self, seed: int, count: int):
        """The part of each photograph: train, validation, test, or neither; those of train are among more of them."""
        import numpy as np

        order = np.random.default_rng(seed).permutation(len(self.index))
        part = np.full(len(order), "unused", dtype=object)
        held_out = len(order) - max(PHOTOGRAPHS)
        part[order[:VALIDATION_PHOTOGRAPHS]] = "validation"
        part[order[VALIDATION_PHOTOGRAPHS:held_out]] = "test"
        part[order[held_out : held_out + count]] = "train"
        return part

    def soft_labels(self, part):
        """Probabilities of class 1 by the teacher: its head fitted to manual labels of train; float64 [n, 1]."""
        import numpy as np

        from snakedistill.core.outputs import probabilities_of_logits
        from snakedistill.training.head import Examples, fit_head

        def examples(of_part: str) -> Examples:
            rows = part == of_part
            label = self.index["label"].to_numpy(np.float64)[rows, None]
            return Examples(self.features[rows], label, np.ones(rows.sum()))

        return probabilities_of_logits(fit_head(examples("train"), examples("validation")).logit(self.features))

    def trained(self, seed: int, labels: str, batch_norm: str, photographs: int) -> list[dict]:
        """Train a student: for each epoch its loss on validation, and its loss and accuracy on test."""
        import numpy as np
        import pandas as pd

        from snakedistill.core.by_image import write_by_image
        from snakedistill.core.lineage import record_lineage
        from snakedistill.training import loop
        from snakedistill.training.run import TrainingRun

        part = self.split(seed, photographs)
        used = np.isin(part, ["train", "validation"])
        splits, label_file = self.folder / "splits.csv", self.folder / "labels.csv"
        listed = self.index.assign(split=part)[used]
        listed.to_csv(splits, index=False)
        manual = self.index["label"].to_numpy(np.float64)[:, None]
        label = self.soft_labels(part) if labels == "soft" else manual
        write_by_image(label_file, listed["image_id"], {"label": label[used]}, self.classes)
        record_lineage(label_file, "soft-0", seed, splits=splits)
        arrays = {of_part: str(self.folder / f"{of_part}.npy") for of_part in ("train", "validation")}
        for of_part, path in arrays.items():
            np.save(path, self.arrays["soft"][part == of_part])
        run = TrainingRun(
            network_id="soft-0",
            way=labels,
            recipe=self.recipes["soft"] | {"epochs": EPOCHS, "patience": None, "batch_norm": batch_norm},
            image_size=self.recipes["soft"]["image_size"],
            precision="float32",
            seed=seed,
            classes=self.classes,
            arrays=arrays,
            splits=str(splits),
            labels=str(label_file),
            weights=str(self.weights["soft"]),
        )
        of_epochs, add = [], loop.Progress.add

        def added(progress, row, weights):
            of_epochs.append(weights())
            add(progress, row, weights)

        with mock.patch.object(loop.Progress, "add", added):
            loop.train(run, *(str(self.folder / name) for name in ("model.keras", "history.csv", "checkpoints")))
        history = pd.read_csv(self.folder / "history.csv")
        rows = history[["epoch", "val_loss", "seconds"]].to_dict("records")
        return [row | self._on_test(weights, part) for row, weights in zip(rows, of_epochs, strict=True)]

    @functools.cached_property
    def forward(self):
        """From images, float32 [n, size, size, 3], to the student's logits and probabilities."""
        from snakedistill.networks.classifier import logit_and_probability
        from snakedistill.training.launches import forward_for

        return forward_for(logit_and_probability(self.network))

    def _on_test(self, weights: list, part) -> dict:
        """Loss and accuracy of the student with these weights on the photographs of test, by manual labels."""
        import numpy as np

        self.network.set_weights(weights)
        images, label = self.arrays["soft"][part == "test"], self.index["label"].to_numpy()[part == "test"]
        batches = [images[first : first + 64].astype(np.float32) for first in range(0, len(images), 64)]
        logit = np.concatenate([np.asarray(self.forward(batch)[0]) for batch in batches])[:, 0]
        signed = np.where(label == 1, logit, -logit).astype(np.float64)
        return {"test_loss": np.logaddexp(0, -signed).mean(), "test_accuracy": float(((logit > 0) == label).mean())}


def report(table: Path) -> None:
    """Print the means of the seeds: the head alone, the last epoch, and the epoch that the preset keeps."""
    import pandas as pd

    runs = []
    for run, rows in pd.read_csv(table).groupby(RUN, sort=False):
        rows = rows.sort_values("epoch").reset_index(drop=True)
        kept = kept_epoch(rows["val_loss"].to_list())
        values = {"kept epoch": kept}
        for name, epoch in {"head": 0, "last": len(rows) - 1, "kept": kept}.items():
            values |= {f"{name} {of[5:]}": rows.loc[epoch, of] for of in ("test_accuracy", "test_loss")}
        runs.append(dict(zip(RUN, run, strict=True)) | values)
    by = ["labels", "batch_norm", "photographs"]
    of_kind = pd.DataFrame(runs).groupby(by)
    means = of_kind.mean().drop(columns=["seed", "kept epoch"])
    heads = of_kind["kept epoch"].agg(lambda epochs: f"{(epochs == 0).sum()} of {len(epochs)}")
    print(means.assign(**{"head kept": heads}).round(4).to_string())


def kept_epoch(losses: list[float]) -> int:
    """The epoch with the lowest loss on validation up to the first that does not lower it: `patience: 1`."""
    later = (epoch for epoch in range(1, len(losses)) if losses[epoch] >= losses[epoch - 1])
    return next(later, len(losses)) - 1


if __name__ == "__main__":
    main()
