"""Files, tables and figures of many classes, from made-up predictions of a teacher and a student.

    python benchmarks/many_classes.py [CLASSES] [IMAGES]
    python benchmarks/many_classes.py recursion

The first table is what text and NumPy archives cost by number of classes. The second has each step of a run without
training: seconds, and the peak of the process's memory until then. `recursion` has
the table of recursion of 1 and 2 chains of 7 generations, with 6 seeds, 100 classes and 10,000 test images.
"""

import importlib
import itertools
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow/scripts"))

from snakedistill.core.by_image import read_by_image, write_by_image
from snakedistill.core.files import read_csv, write_csv
from snakedistill.core.lineage import read_labels, read_predictions, record_lineage
from snakedistill.core.outputs import one_hot
from snakedistill.core.parts import PARTS, TEST
from snakedistill.measures.evaluation import evaluation_row
from snakedistill.results.answers import Answers
from snakedistill.results.figures import FIGURES
from snakedistill.results.run import Run
from snakedistill.results.tables import TABLES, write_table
from snakedistill.teaching.labels import write_labels

NETWORKS = ("teacher", "soft-0")
SHARES = {"train": 0.7, "validation": 0.15, "test": 0.15}
SETTINGS = {"bin_width": 0.05, "student": "soft-0", "seed": 0}
OF_PREDICTIONS = ("uncertainty", "histograms", "classes", "confusion")


def predictions(labels: np.ndarray, classes: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Logits that lean to the label, and their softmax; float32 [n, classes] each."""
    logit = rng.standard_normal((len(labels), classes), dtype=np.float32)
    logit[np.arange(len(labels)), labels] += 9
    probability = np.exp(logit - logit.max(axis=1, keepdims=True))
    probability /= probability.sum(axis=1, keepdims=True)
    return {"logit": logit, "probability": probability}


def cost_of_formats(folder: Path, images: int = 5000) -> None:
    """Print seconds and bytes an image of both formats, by number of classes."""
    ids = pd.Series([f"class/image {number}.jpg" for number in range(images)])
    print(f"{images:,} images\n\nclasses  format  KB an image  ms to write an image  ms to read an image")
    for classes in (10, 100, 1000):
        names = [f"class {number}" for number in range(classes)]
        values = predictions(np.arange(images) % classes, classes, np.random.default_rng(0))
        for suffix in ("csv", "npz"):
            path = folder / f"{classes}.{suffix}"
            start = time.perf_counter()
            write_by_image(path, ids, values, names)
            middle = time.perf_counter()
            read_by_image(path)
            written, read = (1000 * taken / images for taken in (middle - start, time.perf_counter() - middle))
            print(
                f"{classes:7}  {suffix:6}  {path.stat().st_size / images / 1000:11.2f}  {written:20.3f}  {read:19.3f}"
            )
            path.unlink()


def cost_of_a_run(folder: Path, classes: int, images: int) -> None:
    """Print seconds and memory of each step."""
    rng, names = np.random.default_rng(0), [f"class {number}" for number in range(classes)]
    parts = np.repeat(list(SHARES), [round(share * images) for share in SHARES.values()])
    label = np.arange(len(parts)) % classes
    splits = folder / "splits.csv"
    ids = [f"{names[one]}/image {number}.jpg" for number, one in enumerate(label)]
    write_csv(pd.DataFrame({"image_id": ids, "label": label, "split": parts}), splits)
    np.save(folder / "test.npy", np.zeros(((parts == TEST).sum(), 32, 32, 3), np.uint8))
    files = {part: [str(folder / f"{network}-{part}.npz") for network in NETWORKS] for part in PARTS}
    files |= {"splits": str(splits), "test_images": str(folder / "test.npy")}
    run = Run([(0, network) for network in NETWORKS], names, files)
    print(f"\n{classes:,} classes, {images:,} images, {len(NETWORKS)} networks\n\nseconds  peak, GiB  step")
    begin = start = time.perf_counter()

    def done(step: str) -> None:
        nonlocal start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{time.perf_counter() - start:7.1f}  {peak:9.2f}  {step}", flush=True)
        start = time.perf_counter()

    manual = read_csv(splits)
    for number, network in enumerate(NETWORKS):
        for part in PARTS:
            of_part = manual[manual["split"] == part]
            path = files[part][number]
            given = predictions(of_part["label"].to_numpy(), classes, rng)
            write_by_image(path, of_part["image_id"], given, names)
            record_lineage(path, network, 0, splits=splits)
    done("make up and write the predictions")
    of_teacher = {part: files[part][0] for part in PARTS}
    write_labels("soft-0", 0, splits, "soft", "teacher", of_teacher, names, folder / "labels.npz")
    done("labels of the student: the teacher's probabilities")
    read_labels(folder / "labels.npz", "soft-0", 0, splits, classes)
    done("read the labels, as a training run does")
    for number, network in enumerate(NETWORKS):
        for part in PARTS:
            given = read_predictions(files[part][number], network, 0, splits=splits)
            manual_labels = one_hot(label[parts == part], classes)
            evaluation_row(part, "manual", 0, given["logit"], given["probability"], manual_labels)
    done("loss and accuracy of every part")
    for name in OF_PREDICTIONS:
        files[name] = str(folder / f"{name}.csv")
        write_table(name, run, {one: SETTINGS[one] for one in TABLES[name].settings}, None, files[name])
        done(f"table {name}")
    for name in ("predictions", "confusion", "examples"):
        figure = FIGURES[name]
        pictures = {TEST if name == "predictions" else "": [str(folder / f"{name}.svg"), str(folder / f"{name}.png")]}
        settings = {one: SETTINGS[one] for one in figure.settings}
        importlib.import_module(figure.module).plot(run, pictures, "Made-up predictions.", **settings)
        done(f"figure {name}")
    start = begin
    done("all of it")


@dataclass(frozen=True)
class MadeUpAnswers:
    """Answers on the test part that are made up one after the other, as files are read."""

    results: list[tuple[int, str]]
    images: int
    classes: int

    def answers(self, parts: tuple[str, ...] | None) -> Iterator[Answers]:
        """The answers of every network."""
        ids, label = pd.Series(np.arange(self.images).astype(str)), np.arange(self.images) % self.classes
        for number, (seed, network) in enumerate(self.results):
            yield Answers(
                seed, TEST, network, ids, label, **predictions(label, self.classes, np.random.default_rng(number))
            )


def cost_of_recursion(chains: int, generations: int = 7, seeds: int = 6, classes: int = 100) -> None:
    """Print seconds and memory of the table of recursion."""
    sources: dict[str, str | None] = {"teacher": None}
    for family, generation in itertools.product(range(chains), range(generations)):
        source = f"family{family}-{generation - 1}" if generation else "teacher"
        sources[f"family{family}-{generation}"] = source
    results = [(seed, network) for seed in range(seeds) for network in sources]
    names = [f"class {number}" for number in range(classes)]
    answers = MadeUpAnswers(results, 10_000, classes)
    start = time.perf_counter()
    TABLES["recursion"].rows(Run(results, names, {}, teachers=["teacher"], sources=sources, audited=answers))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{time.perf_counter() - start:7.1f} seconds, peak {peak:.2f} GiB: recursion, {chains} chains")


if __name__ == "__main__":
    if sys.argv[1:] == ["recursion"]:
        cost_of_recursion(1)
        cost_of_recursion(2)
        sys.exit()
    given = [int(number) for number in sys.argv[1:]]
    with tempfile.TemporaryDirectory(dir=".") as temporary:
        cost_of_formats(Path(temporary))
        cost_of_a_run(Path(temporary), *given, *(1000, 100_000)[len(given) :])
