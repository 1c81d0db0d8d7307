"""What measuring costs: tables of predictions, the claims, and the audit of a large CSV, of made-up predictions.

    python benchmarks/instrument.py [tables] [audit]

Tables: a teacher, an independent student and two chains of seven students with 10 seeds, 160 networks, and 25,000
images, read from files as in a run; each table has a process of its own. Audit: 20 networks with 5 seeds and 100,000
images, 10 million rows. Both print seconds, the seconds of all threads on the processor, and the peak of the process's
memory until then.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow/scripts"))

from snakedistill.core.by_image import write_by_image
from snakedistill.core.files import write_csv
from snakedistill.core.lineage import record_lineage
from snakedistill.core.parts import PARTS, TEST
from snakedistill.data.audit import read_audit
from snakedistill.paper.biryukova import TABLES as TABLES_OF_THE_PAPER
from snakedistill.paper.claims import write_claims
from snakedistill.results.audit import write_audit
from snakedistill.results.run import Run
from snakedistill.results.tables import AUDITED_TABLES, write_table

OF_PREDICTIONS, CLAIMS = ("histograms", *AUDITED_TABLES), "claims"
IMAGES_OF_TABLES = {"train": 17_500, "validation": 3_750, "test": 3_750}
REPEATS = 5  # of the augmented test part
SEEDS = range(10)
CLASSES = ["cat", "dog"]
PRINTED = Path(__file__).resolve().parents[1] / "workflow/reference"
IMAGES_OF_AUDIT = 100_000
FAMILIES = ("hard", "soft")
HEAD = " seconds  processor  peak, GiB  step"


def sources_of(generations: int) -> dict[str, str | None]:
    """A teacher, an independent student, and a chain of students of each family."""
    found: dict[str, str | None] = {"teacher": None, "classic-0": None}
    for family in FAMILIES:
        found[f"{family}-0"] = "teacher"
        found |= {f"{family}-{number}": f"{family}-{number - 1}" for number in range(1, generations)}
    return found


def logits(sources: dict[str, str | None], label: np.ndarray, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """Each network and its logits of class 1, float64 [n]: those of its source and noise."""
    rng, found = np.random.default_rng(seed), {}
    for network, source in sources.items():
        noise = rng.normal(0, 1.5, len(label))
        found[network] = 0.95 * found[source] + noise if source else 4 * (2 * label - 1) + 2 * noise
        yield network, found[network]


def lap(step: str, start: tuple[float, float]) -> tuple[float, float]:
    """Print seconds and memory of a step, and give the times."""
    now = time.perf_counter(), time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{now[0] - start[0]:8.1f} {now[1] - start[1]:10.1f} {peak:10.2f}  {step}", flush=True)
    return now


def run_of(folder: Path) -> Run:
    """The run whose files `write_predictions` wrote."""
    sources = sources_of(generations=7)
    results = [(seed, network) for seed in SEEDS for network in sources]
    of_networks = (*PARTS, "augmented", "histories")
    return Run(
        results=results,
        classes=CLASSES,
        files={
            name: [str(folder / f"{seed}-{network}-{name}.csv") for seed, network in results] for name in of_networks
        }
        | {"splits": str(folder / "splits.csv")},
        teachers=["teacher"],
        sources=sources,
        independent={network: ["classic-0"] for network, source in sources.items() if source},
    )


def write_predictions(folder: Path) -> None:
    """Write what the tables and the claims read: predictions, plain and augmented, histories, and the split."""
    parts = np.repeat(PARTS, [IMAGES_OF_TABLES[part] for part in PARTS])
    label = np.arange(len(parts)) % 2
    splits = pd.DataFrame({"image_id": [f"image {n}" for n in range(len(parts))], "label": label, "split": parts})
    write_csv(splits, folder / "splits.csv")
    of_part = {part: np.flatnonzero(parts == part) for part in PARTS}
    of_part["augmented"] = np.tile(of_part[TEST], REPEATS)
    repeat = np.repeat(np.arange(REPEATS), IMAGES_OF_TABLES[TEST])
    history = pd.DataFrame({"epoch": [1, 2], "val_accuracy": [0.5, 0.9]})
    for seed in SEEDS:
        for network, logit in logits(sources_of(generations=7), label, seed):
            write_csv(history, folder / f"{seed}-{network}-histories.csv")
            for name, images in of_part.items():
                z = logit[images, None].astype(np.float32)
                path = folder / f"{seed}-{network}-{name}.csv"
                values = {"logit": z, "probability": 1 / (1 + np.exp(-z))}
                values = ({"repeat": repeat} if name == "augmented" else {}) | values
                write_by_image(path, splits["image_id"][images], values, CLASSES)
                record_lineage(path, network, seed, splits=folder / "splits.csv")
    speed = {
        "runtime": ["Keras"],
        "batch_size": [1],
        "decoding": ["no"],
        "ratio": [2.0],
        "ratio_low": [1.9],
        "ratio_high": [2.1],
    }
    write_csv(pd.DataFrame(speed), folder / "speed.csv")


def cost_of_table(folder: Path, name: str) -> None:
    """Print what a table costs, or the claims."""
    run, start = run_of(folder), (time.perf_counter(), time.process_time())
    if name == CLAIMS:
        printed = {table: str(PRINTED / f"{table}.csv") for table in TABLES_OF_THE_PAPER}
        write_claims(run, str(folder / "speed.csv"), printed, str(folder / "claims.csv"))
    else:
        settings = {"bin_width": 0.05} if name == "histograms" else {}
        write_table(name, run, settings, None, str(folder / f"{name}.csv"))
    lap(name, start)


def cost_of_audit(folder: Path) -> None:
    """Print what each step of an audit costs."""
    sources, seeds = sources_of(generations=9), range(5)
    label = np.random.default_rng(0).integers(0, 2, IMAGES_OF_AUDIT)
    ids = [f"val/img_{number:06d}.jpg" for number in range(IMAGES_OF_AUDIT)]
    path = folder / "predictions.csv"
    with path.open("w") as file:
        file.write("image_id,label,network,seed,logit,split,source\n")
        for seed in seeds:
            for network, logit in logits(sources, label, seed):
                end = f"test,{sources[network] or ''}\n"
                rows = zip(ids, label, logit, strict=True)
                file.writelines(f"{image},{one},{network},{seed},{z:.6g},{end}" for image, one, z in rows)
    number = len(seeds) * len(sources) * IMAGES_OF_AUDIT
    print(f"{number:,} rows, {path.stat().st_size / 1e6:.0f} MB\n\n{HEAD}")
    start = time.perf_counter(), time.process_time()
    read_audit(path)
    start = lap("read alone", start)
    tables = {name: str(folder / f"tables/{name}.csv") for name in AUDITED_TABLES}
    pages = [str(folder / f"summary.{suffix}") for suffix in ("md", "html")]
    write_audit(str(path), "Made-up predictions.", tables, str(folder / "figures"), *pages, threads=os.cpu_count())
    lap("the whole audit", start)


def measure(name: str, folder: str) -> None:
    """Measure a table, the claims or the audit in a process of its own."""
    environment = os.environ | {"BENCHMARK_FOLDER": folder, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, __file__, name], check=True, env=environment)


def main(steps: list[str]) -> None:
    """Measure each step, each table of a step in a process of its own."""
    for step in steps:
        with tempfile.TemporaryDirectory() as folder:
            if step == "audit":
                measure(step, folder)
                continue
            write_predictions(Path(folder))
            print(f"{len(run_of(Path(folder)).results)} networks, {IMAGES_OF_TABLES}\n\n{HEAD}", flush=True)
            for name in (*OF_PREDICTIONS, CLAIMS):
                measure(name, folder)


if __name__ == "__main__":
    if "BENCHMARK_FOLDER" not in os.environ:
        main(sys.argv[1:] or ["tables", "audit"])
    elif sys.argv[1] == "audit":
        cost_of_audit(Path(os.environ["BENCHMARK_FOLDER"]))
    else:
        cost_of_table(Path(os.environ["BENCHMARK_FOLDER"]), sys.argv[1])
