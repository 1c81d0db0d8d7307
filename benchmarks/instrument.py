"""What measuring costs: tables that need predictions alone, and the audit of a large CSV, of made-up predictions.

    python benchmarks/instrument.py [tables] [audit]

Tables: a teacher, an independent student and two chains of seven students with 10 seeds, read from files as in a run.
Audit: 20 networks with 5 seeds and 100,000 images, 10 million rows. Each has a process of its own, and prints of its
steps the seconds, the seconds of all threads on the processor, and the peak of the process's memory until then.
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
from snakedistill.core.parts import PARTS
from snakedistill.data.audit import read_audit
from snakedistill.results.audit import write_audit
from snakedistill.results.run import Run
from snakedistill.results.tables import AUDITED_TABLES, write_table

OF_THE_INSTRUMENT = ("inheritance", "calibration", "comparisons", "recursion", "first_errors")
IMAGES_OF_TABLES = {"train": 1_000, "validation": 3_750, "test": 3_750}
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


def cost_of_tables(folder: Path) -> None:
    """Print what each table costs."""
    sources, seeds = sources_of(generations=7), range(10)
    split = np.repeat(PARTS, [IMAGES_OF_TABLES[part] for part in PARTS])
    label = np.arange(len(split)) % 2
    splits = pd.DataFrame({"image_id": [f"image {n}" for n in range(len(split))], "label": label, "split": split})
    write_csv(splits, folder / "splits.csv")
    files: dict[str, list[str]] = {part: [] for part in PARTS}
    for seed in seeds:
        for network, logit in logits(sources, label, seed):
            for part in PARTS:
                z = logit[split == part, None].astype(np.float32)
                path = folder / f"{seed}-{network}-{part}.csv"
                values = {"logit": z, "probability": 1 / (1 + np.exp(-z))}
                write_by_image(path, splits["image_id"][split == part], values, ["cat", "dog"])
                record_lineage(path, network, seed, splits=folder / "splits.csv")
                files[part].append(str(path))
    run = Run(
        results=[(seed, network) for seed in seeds for network in sources],
        classes=["cat", "dog"],
        files=files | {"splits": str(folder / "splits.csv")},
        teachers=["teacher"],
        sources=sources,
        independent={network: ["classic-0"] for network, source in sources.items() if source},
    )
    print(f"{len(sources)} networks, {len(seeds)} seeds, {IMAGES_OF_TABLES}\n\n{HEAD}")
    begin = start = time.perf_counter(), time.process_time()
    for name in OF_THE_INSTRUMENT:
        write_table(name, run, {}, None, str(folder / f"{name}.csv"))
        start = lap(name, start)
    lap("all", begin)


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


STEPS = {"tables": cost_of_tables, "audit": cost_of_audit}

if __name__ == "__main__":
    if "BENCHMARK_FOLDER" in os.environ:
        STEPS[sys.argv[1]](Path(os.environ["BENCHMARK_FOLDER"]))
    else:
        for step in sys.argv[1:] or STEPS:
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, __file__, step]
                subprocess.run(
                    command, check=True, env=os.environ | {"BENCHMARK_FOLDER": folder, "OMP_NUM_THREADS": "1"}
                )
