"""Peak memory of a training run by the number of images: python benchmarks/memory.py [--images 2000 40000]

ResNet-18 on one epoch of random images of 32 pixels, in a process of its own for each number, with the sample's recipe.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from snakedistill.core.job import fix_threads  # noqa: E402

SIDE = 32
VALIDATION_IMAGES = 200


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, nargs="+", default=[2_000, 40_000])
    arguments = parser.parse_args()
    print("| images to train | array, MiB | peak memory of the training run, MiB |\n|---:|---:|---:|")
    for images in arguments.images:
        with tempfile.TemporaryDirectory() as folder:
            code = f"import memory; memory.train_on({images}, {folder!r})"
            child = [sys.executable, "-c", code]
            done = subprocess.run(child, cwd=Path(__file__).parent, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{done.stderr}exit status {done.returncode}")
        print(f"| {images:,} | {images * SIDE**2 * 3 / 2**20:,.0f} | {done.stdout.splitlines()[-1]} |", flush=True)


def train_on(images: int, folder: str) -> None:
    """Train in this process on so many images, and print its peak resident memory in MiB."""
    fix_threads(os.cpu_count(), "tensorflow")
    import numpy as np
    import yaml

    from snakedistill.configuration.recipes import recipe
    from snakedistill.core.parts import TRAIN, VALIDATION
    from snakedistill.teaching.labels import write_labels
    from snakedistill.training.loop import train
    from snakedistill.training.run import TrainingRun

    path = Path(folder)
    stream = np.random.default_rng(0)
    counts = {TRAIN: images, VALIDATION: VALIDATION_IMAGES}
    arrays = {part: path / f"{part}.npy" for part in counts}
    for part, count in counts.items():
        described = {"descr": "|u1", "fortran_order": False, "shape": (count, SIDE, SIDE, 3)}
        with arrays[part].open("wb") as file:
            np.lib.format.write_array_header_1_0(file, described)
            for start in range(0, count, 1000):
                block = (min(1000, count - start), SIDE, SIDE, 3)
                file.write(stream.integers(0, 256, block, np.uint8).tobytes())
    with (path / "splits.csv").open("w") as splits:
        splits.write("image_id,label,split\n")
        for i in range(sum(counts.values())):
            splits.write(f"cat.{i},{i % 2},{TRAIN if i < images else VALIDATION}\n")
    write_labels("classic-0", 0, path / "splits.csv", "manual", None, {}, ["cat", "dog"], path / "labels.csv")

    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    run = TrainingRun(
        network_id="classic-0",
        way="manual",
        recipe=recipe(config, "classic") | {"epochs": 1},
        image_size=SIDE,
        precision="float32",
        seed=0,
        arrays={part: str(file) for part, file in arrays.items()},
        splits=str(path / "splits.csv"),
        labels=str(path / "labels.csv"),
        classes=["cat", "dog"],
    )
    train(run, *(str(path / name) for name in ("model.keras", "history.csv", "checkpoints")))
    print(round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


if __name__ == "__main__":
    main()
