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
LAYOUT = "kaggle"  # of the archive
HOW = {  # whether in fused layers, precision
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
    parser.add_argument("--backbone", default="resnet18", help="a name, or the path of a saved feature extractor")
    parser.add_argument("--precision", nargs="+", default=["float32", "bfloat16"])
    arguments = vars(parser.parse_args())
    fix_threads(arguments["threads"], "tensorflow")
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), **arguments)


def measure(
    folder: Path, archive: str, side: int, epochs: int, threads: int, backbone: str, precision: list[str]
) -> None:
    """Prepare the photographs in `folder`, train nine students, and print their test accuracies."""
    import keras
    import numpy as np
    import pandas as pd
    import yaml

    from snakedistill.configuration import recipes
    from snakedistill.core.lineage import read_predictions
    from snakedistill.core.parts import PARTS, TEST
    from snakedistill.core.pixels import Pixels
    from snakedistill.data.images import write_arrays
    from snakedistill.data.index import write_index
    from snakedistill.data.splits import write_splits
    from snakedistill.measures import metrics
    from snakedistill.networks import fused, training_model
    from snakedistill.networks.backbones import is_saved
    from snakedistill.teaching.labels import write_labels
    from snakedistill.training.loop import train
    from snakedistill.training.prediction import write_predictions
    from snakedistill.training.run import TrainingRun

    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    preset = yaml.safe_load((ROOT / "presets/scratch.yaml").read_text())
    preprocessing = "none" if is_saved(backbone) else "paper"
    student = preset["student"] | {"backbone": backbone, "preprocessing": preprocessing}
    recipe = recipes.recipe(config | {"student": config["student"] | student}, "classic")
    index, splits, labels = (folder / f"{name}.csv" for name in ("index", "splits", "labels"))
    arrays = {part: folder / f"{part}.npy" for part in PARTS}
    write_index(archive, LAYOUT, config["classes"], index, folder / "unusable.csv", threads)
    shares = {part: config["split"][part] for part in arrays}
    others = (folder / f"{name}.csv" for name in ("copies", "rejected", "counts"))
    near_duplicates = config["split"]["near_duplicates"]
    write_splits(index, folder / "unusable.csv", config["classes"], shares, 0, near_duplicates, True, splits, *others)
    write_arrays(archive, index, splits, Pixels(side), arrays, threads)
    manual = pd.read_csv(splits).query("split == 'test'").set_index("image_id")["label"]

    accuracy: dict[str, list[float]] = {}
    for how, (in_fused_layers, used_precision) in HOW.items():
        if used_precision not in precision:
            continue
        accuracy[how] = []
        for seed in SEEDS:
            write_labels("classic-0", seed, splits, "manual", None, {}, config["classes"], labels)
            fused_class = training_model.fused_class if in_fused_layers else type
            with (
                mock.patch.object(training_model, "fused_class", fused_class),
                mock.patch.object(fused, "Adam", fused.Adam if in_fused_layers else keras.optimizers.Adam),
            ):
                run = TrainingRun(
                    network_id="classic-0",
                    way="manual",
                    recipe=recipe | {"epochs": epochs},
                    image_size=side,
                    precision=used_precision,
                    seed=seed,
                    classes=config["classes"],
                    arrays=arrays,
                    splits=splits,
                    labels=labels,
                )
                train(run, *(folder / name for name in ("model.keras", "history.csv", "checkpoints")))
            predictions = {part: folder / f"{part}.csv" for part in arrays}
            write_predictions(folder / "model.keras", "classic-0", seed, splits, arrays, config["classes"], predictions)
            found = read_predictions(predictions[TEST], "classic-0", seed)
            accuracy[how].append(metrics.accuracy(found["probability"], manual[found.image_id]))
            print(how, seed, accuracy[how][-1], flush=True)
    print(f"\n{len(manual)} test photographs, {side} pixels, {epochs} epochs")
    spread = max(max(found) - min(found) for found in accuracy.values())
    means = {how: np.mean(found) for how, found in accuracy.items()}
    for how, found in accuracy.items():
        print(f"{how:24} {means[how]:.4f}  of seeds {', '.join(f'{one:.4f}' for one in found)}")
    apart = max(means.values()) - min(means.values())
    print(f"means apart by {apart:.4f}, seeds by up to {spread:.4f}: {'within' if apart <= spread else 'NOT WITHIN'}")


if __name__ == "__main__":
    main()
