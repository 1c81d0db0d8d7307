"""Whether speed costs accuracy: python benchmarks/accuracy.py dogs-vs-cats.zip [--threads 2] [--side 48] [--epochs 4]

The classic student learns from real photographs with the same three seeds in fused layers and in Keras's own, in
float32 and in bfloat16. Printed are the test accuracies, and whether their means differ by more than the seeds do.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from snakedistill.core.job import fix_threads  # noqa: E402

SEEDS = (0, 1, 2)
WAYS = {  # layers, precision
    "fused, float32": (True, "float32"),
    "Keras's own, float32": (False, "float32"),
    "fused, bfloat16": (True, "bfloat16"),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--side", type=int, default=48)
    parser.add_argument("--epochs", type=int, default=4)
    arguments = parser.parse_args()
    fix_threads(arguments.threads, "tensorflow")
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), arguments.archive, arguments.side, arguments.epochs, arguments.threads)


def measure(folder: Path, archive: str, side: int, epochs: int, threads: int) -> None:
    """Prepare the photographs in `folder`, train nine students, and print their test accuracies."""
    import keras
    import numpy as np
    import pandas as pd
    import yaml

    from snakedistill.configuration import types as configuration
    from snakedistill.core.lineage import read_predictions
    from snakedistill.data.archive import write_index
    from snakedistill.data.images import write_arrays
    from snakedistill.data.splits import write_splits
    from snakedistill.measures import metrics
    from snakedistill.networks import classifier as networks
    from snakedistill.networks import fused
    from snakedistill.teaching.labels import write_labels
    from snakedistill.training.loop import train
    from snakedistill.training.prediction import write_predictions

    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    preset = yaml.safe_load((ROOT / "presets/photos.yaml").read_text())
    recipe = configuration.recipe(config | {"student": config["student"] | preset["student"]}, "classic")
    index, splits, labels = (folder / f"{name}.csv" for name in ("index", "splits", "labels"))
    arrays = {part: folder / f"{part}.npy" for part in ("train", "validation", "test")}
    write_index(archive, config["classes"], index, folder / "rejected.csv", threads)
    shares = {part: config["split"][part] for part in arrays}
    others = (folder / f"{name}.csv" for name in ("copies", "unused", "counts"))
    near_duplicates = config["split"]["near_duplicates"]
    write_splits(index, folder / "rejected.csv", config["classes"], shares, 0, near_duplicates, splits, *others)
    write_arrays(archive, index, splits, side, arrays, threads)
    manual = pd.read_csv(splits).query("split == 'test'").set_index("image_id")["label"]

    accuracy: dict[str, list[float]] = {}
    for way, (in_fused_layers, precision) in WAYS.items():
        accuracy[way] = []
        for seed in SEEDS:
            write_labels("classic-0", seed, splits, "manual", None, {}, labels)
            with (
                mock.patch.object(networks, "_fused", networks._fused if in_fused_layers else type),
                mock.patch.object(fused, "Adam", fused.Adam if in_fused_layers else keras.optimizers.Adam),
            ):
                train(
                    "classic-0", recipe | {"epochs": epochs}, side, precision, seed, arrays, splits, labels,
                    folder / "model.keras", folder / "history.csv", folder / "checkpoints",
                )  # fmt: skip
            predictions = {part: folder / f"{part}.csv" for part in arrays}
            write_predictions(folder / "model.keras", "classic-0", seed, splits, arrays, predictions)
            found = read_predictions(predictions["test"], "classic-0", seed).set_index("image_id")["probability"]
            accuracy[way].append(metrics.accuracy(found, manual[found.index]))
            print(way, seed, accuracy[way][-1], flush=True)
    print(f"\n{len(manual)} test photographs, {side} pixels, {epochs} epochs")
    spread = max(max(found) - min(found) for found in accuracy.values())
    means = {way: np.mean(found) for way, found in accuracy.items()}
    for way, found in accuracy.items():
        print(f"{way:24} {means[way]:.4f}  of seeds {', '.join(f'{one:.4f}' for one in found)}")
    apart = max(means.values()) - min(means.values())
    print(f"means apart by {apart:.4f}, seeds by up to {spread:.4f}: {'within' if apart <= spread else 'NOT WITHIN'}")


if __name__ == "__main__":
    main()
