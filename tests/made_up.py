"""A made-up run whose numbers are known: the files that tables, figures, claims and the summary are made from."""

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from conftest import measured_timing

from snakedistill.core.by_image import suffix, write_by_image
from snakedistill.core.files import write_csv
from snakedistill.core.lineage import record_lineage
from snakedistill.core.network_ids import parsed
from snakedistill.core.outputs import outputs_of_classes
from snakedistill.core.parts import PARTS, TEST, TRAIN, VALIDATION
from snakedistill.export.timing import seconds_an_image
from snakedistill.results.run import Run
from snakedistill.results.tables import TABLES, write_table

NETWORKS = ["teacher", "classic-0", "hard-0", "soft-0", "hard-1", "soft-1", "hard-2", "soft-2"]
OF_FORMS = ("form_measurements", "form_answers")
CANDIDATES = ("classic-0", "hard-0", "soft-0", "small-0")
FROM_SOURCE = ("hard", "soft", "small")  # families that learn from the teacher
TRAINED_WITH = {"recipe": {"learning_rate": 0.002, "augmentation": {"shift": 0}}, "image_size": 32}


def source_of(network: str) -> str | None:
    """The network that a network learns from, or None."""
    family, generation = parsed(network).family, parsed(network).generation
    if family not in FROM_SOURCE:
        return None
    return f"{family}-{generation - 1}" if generation else "teacher"


class MadeUp:
    """A made-up run: every network is right on the images below its accuracy, in the same order for all.

    Or, `scattered`, each in an order of its own.

    `accuracy`, `confidence` (distance of every prediction from its answer, which the other classes share) and `epochs`
    (the best) are by network, or by (seed, network). A wrong answer is the next class.
    """

    def __init__(
        self,
        folder: Path,
        images: dict[str, int],
        accuracy: dict | None = None,
        confidence: dict | None = None,
        networks: list[str] = NETWORKS,
        epochs: dict | None = None,
        seeds: tuple[int, ...] = (0,),
        repeats: int = 2,
        classes: tuple[str, ...] = ("cat", "dog"),
        student: str = "soft-0",
        scattered: bool = False,
    ) -> None:
        self.folder, self.classes, self.student = folder, list(classes), student
        self.results = list(itertools.product(seeds, networks))
        rows = [(f"{part}.{i}", i % len(classes), part) for part, number in images.items() for i in range(number)]
        self.splits = pd.DataFrame(rows, columns=["image_id", "label", "split"])
        self.splits.to_csv(folder / "splits.csv", index=False)
        index = self.splits[["image_id"]].assign(width=32, height=32, grey="no")
        index["class"] = [classes[label] for label in self.splits["label"]]
        index.to_csv(folder / "index.csv", index=False)
        of_networks = (*PARTS, "augmented", "histories", "evaluations", "labels", "measurements", "lineages")
        self.files = {name: [] for name in of_networks} | {"splits": str(folder / "splits.csv")}
        self.files["index"] = str(folder / "index.csv")
        self.files |= {name: [] for name in OF_FORMS}
        rng = np.random.default_rng([len(networks), *seeds])
        for seed, network in self.results:

            def given(values: dict | None, otherwise: float, key: tuple = (seed, network)) -> float:
                return (values or {}).get(key, (values or {}).get(key[1], otherwise))

            answered: dict[str, pd.DataFrame] = {}
            for part, number in images.items():
                of_part = self.splits[self.splits["split"] == part]
                order = rng.permutation(number) if scattered else np.arange(number)
                right = order < round(given(accuracy, 0.95) * number)
                distance = given(confidence, 0.02) * np.ones(number)
                toward = np.where(right, of_part["label"], (of_part["label"] + 1) % len(classes))
                others = (distance / (len(classes) - 1))[:, None] * np.ones(len(classes))
                others[np.arange(number), toward] = 1 - distance
                probability = outputs_of_classes(others).astype(np.float32)
                odds = 1 - probability if len(classes) == 2 else np.float32(1)
                values = {"logit": np.log(probability / odds), "probability": probability}
                shuffled = np.random.default_rng(0).permutation(number)
                self._write_by_image(part, of_part["image_id"], values, shuffled, network, seed)
                answered[part] = of_part[["image_id", "split"]].assign(float32=toward, int8=toward)
            repeat = np.repeat(np.arange(repeats) + 1, number)
            again = {"repeat": repeat} | {name: np.tile(array, (repeats, 1)) for name, array in values.items()}
            rows = np.tile(np.arange(number), repeats)
            ids = of_part["image_id"].iloc[rows]
            self._write_by_image("augmented", ids, again, np.arange(len(rows)), network, seed)
            labels = {"label": self.splits["label"].to_numpy()}
            self._write_by_image("labels", self.splits["image_id"], labels, self.splits.index, network, seed)
            history = pd.DataFrame({"epoch": range(1, 11), "loss": 0.5, "accuracy": 0.75, "val_loss": 0.6})
            history["val_accuracy"] = [0.8 + 0.1 * (epoch == given(epochs, 2)) for epoch in history["epoch"]]
            history["val_manual_accuracy"] = history["val_accuracy"] - 0.05
            history["kept"] = (history.index == history["val_accuracy"].argmax()).astype(int)
            self._write("histories", history, network, seed)
            kinds = ("manual", "teacher") if parsed(network).family in FROM_SOURCE else ("manual",)
            evaluation = [(part, kind, "no", 0) for part in PARTS for kind in kinds]
            evaluation += [(TEST, kind, "yes", repeat) for repeat in range(1, repeats + 1) for kind in kinds]
            evaluation = pd.DataFrame(evaluation, columns=["split", "labels", "augmented", "repeat"])
            loss, right = rng.uniform(0.5, 1, (2, len(evaluation)))
            fit = np.where(evaluation["split"] == TRAIN, 0.9, np.nan)
            self._write("evaluations", evaluation.assign(loss=loss, accuracy=right, label_fit=fit), network, seed)
            sizes = {"float32": int(rng.integers(1e4, 1e8)), "int8": int(rng.integers(1e4, 1e8))}
            self.files["measurements"].append(str(folder / f"{network}.{seed}.json"))
            Path(self.files["measurements"][-1]).write_text(json.dumps({"network": network, "bytes": sizes}))
            if seed == seeds[0] and (network == "teacher" or network in CANDIDATES):
                self._export(network, seed, sizes, [answered[part] for part in (VALIDATION, TEST) if part in answered])
            self.files["lineages"].append(str(folder / f"{network}.{seed}.lineage.json"))
            Path(self.files["lineages"][-1]).write_text(json.dumps({"network": network, "settings": TRAINED_WITH}))
        self.time({}, (2,))

    def _write_by_image(
        self, name: str, ids: pd.Series, values: dict[str, np.ndarray], order: np.ndarray, network: str, seed: int
    ) -> None:
        path = self.folder / f"{network}.{seed}.{name}.{suffix(len(self.classes))}"
        values = {key: array[order] for key, array in values.items()}
        write_by_image(path, ids.iloc[order], values, self.classes)
        record_lineage(path, network, seed, splits=self.folder / "splits.csv")
        self.files[name].append(str(path))

    def _export(self, network: str, seed: int, sizes: dict[str, int], answers: list[pd.DataFrame]) -> None:
        """Write what an export to ONNX leaves; int8 answers as float32 does."""
        stem = self.folder / f"{network}.{seed}.onnx"
        measured = {"network": network, "seed": seed, "form": "ONNX", "bytes": sizes, "failed": {}}
        Path(f"{stem}.json").write_text(json.dumps(measured))
        write_csv(pd.concat(answers), f"{stem}.csv")
        self.files["form_measurements"].append(f"{stem}.json")
        self.files["form_answers"].append(f"{stem}.csv")

    def _write(self, name: str, frame: pd.DataFrame, network: str, seed: int) -> None:
        path = self.folder / f"{network}.{seed}.{name}.csv"
        write_csv(frame, path)
        record_lineage(path, network, seed, splits=self.folder / "splits.csv")
        self.files[name].append(str(path))

    def time(self, seconds: dict[tuple, list[float]], threads: tuple[int, ...]) -> None:
        """Write the files of timing, see `measured_timing`."""
        measured = measured_timing(self.folder / "timing.json", seconds, threads, self.student)
        self.files |= {"measured": str(measured), "seconds": str(self.folder / "seconds.csv")}
        write_csv(seconds_an_image(json.loads(measured.read_text())), self.files["seconds"])

    def run(self, reference: str | None = None) -> Run:
        """What tables and figures are made from."""
        networks = list(dict.fromkeys(network for _, network in self.results))
        sources = {network: source_of(network) for network in networks}
        independent = {network: ["classic-0"] for network in networks if sources[network] and "classic-0" in networks}
        files = {name: paths for name, paths in self.files.items() if name not in OF_FORMS}  # not of each network
        return Run(
            self.results, self.classes, files, reference,
            teachers=["teacher"], sources=sources, independent=independent,
        )  # fmt: skip

    def tabulate(
        self, name: str, reference: str | None = None, printed: Path | None = None, **settings
    ) -> pd.DataFrame:
        """Write a table beside the reference numbers in the folder `printed`, where it has some."""
        known = printed and printed / f"{name}.csv"
        self.files[name] = str(self.folder / f"tables/{name}.csv")
        recipes = {network: {"backbone": "resnet18", "image_size": 32} for network in ("teacher", *CANDIDATES)}
        given = {"bin_width": 0.05, "shown": ["teacher", self.student], "seed": self.results[0][0]}
        given |= {"recipes": recipes, "choice": {"margin": 0.01, "ms": None, "mb": None}} | settings
        settings = {setting: given[setting] for setting in TABLES[name].settings}
        known = str(known) if known and known.is_file() else None
        run = self.run(reference)
        run = replace(run, files=run.files | {name: self.files[name] for name in OF_FORMS})
        write_table(name, run, settings, known, self.files[name])
        return pd.read_csv(self.files[name])
