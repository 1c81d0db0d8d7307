"""How much sooner the student answers than the teacher: python benchmarks/latency.py [--threads 2] [--rounds 30]

ResNet-50 and ResNet-18 at 224 pixels with random weights, for the answers' time does not depend on them. The images are
the built-in sample's. All calls are interleaved in one process; see `time_calls` in `snakedistill.export.timing`.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from snakedistill.core.job import fix_threads  # noqa: E402

SIDE = 224
IMAGES = 160
GOALS = {  # the slower, the faster: runtime, precision, decoding, network; and at least so many times
    "int8 student, float32 teacher": (
        ("ONNX Runtime", "float32", "no", "teacher"),
        ("ONNX Runtime", "int8", "no", "student"),
        5,
    ),
    "float32 student, ONNX Runtime and Keras": (
        ("Keras", "float32", "no", "student"),
        ("ONNX Runtime", "float32", "no", "student"),
        5,
    ),
    "int8 student, float32 teacher, from the JPEG file": (
        ("ONNX Runtime", "float32", "yes", "teacher"),
        ("ONNX Runtime", "int8", "yes", "student"),
        3,
    ),
}
SUFFIXES = {"keras": "keras", "onnx": "onnx", "int8": "int8.onnx"}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=30)
    arguments = parser.parse_args()
    fix_threads(arguments.threads, "tensorflow")
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), arguments.threads, arguments.rounds)


def measure(folder: Path, threads: int, rounds: int) -> None:
    """Make the images and the networks in `folder`, time them, and print the table and the goals."""
    import numpy as np
    import pandas as pd
    import yaml

    from snakedistill.configuration.recipes import recipe
    from snakedistill.core.lineage import record_lineage
    from snakedistill.core.network_ids import TEACHER
    from snakedistill.core.parts import PARTS, TEST
    from snakedistill.core.pixels import Pixels
    from snakedistill.data.images import write_arrays
    from snakedistill.data.index import write_index
    from snakedistill.data.sample import write_sample
    from snakedistill.data.splits import write_splits
    from snakedistill.export.card import card
    from snakedistill.export.exporting import export_network
    from snakedistill.export.timing import TimedImages, open_networks, this_machine, time_calls
    from snakedistill.measures.intervals import ratio_interval
    from snakedistill.networks.classifier import build_network
    from snakedistill.teaching import networks as networks_of
    from snakedistill.training.prediction import write_predictions

    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    archive, index, splits = folder / "sample.zip", folder / "index.csv", folder / "splits.csv"
    arrays = {part: folder / f"{part}.npy" for part in PARTS}
    write_sample(images=IMAGES, unlabelled=0, seed=0, archive=archive, processes=threads)
    write_index(archive, "kaggle", config["classes"], index, folder / "unusable.csv", threads)
    write_splits(
        index,
        folder / "unusable.csv",
        config["classes"],
        {"train": 0.2, "validation": 0.2, "test": 0.6},
        0,
        None,
        True,
        splits,
        *(folder / f"{name}.csv" for name in ("copies", "rejected", "counts")),
    )
    write_arrays(archive, index, splits, Pixels(SIDE), arrays, threads)

    models, exported, known = {}, {}, networks_of(config["students"])
    for name, network_id, backbone in (("teacher", TEACHER, "resnet50"), ("student", "soft-0", "resnet18")):
        files = {form: folder / f"{name}.{suffix}" for form, suffix in SUFFIXES.items()}
        predictions = {part: folder / f"{name}.{part}.csv" for part in arrays}
        build_network(network_id, SIDE, backbone).save(files["keras"])
        record_lineage(files["keras"], network_id, 0, splits=splits)
        write_predictions(files["keras"], network_id, 0, splits, arrays, config["classes"], predictions)
        network = known[network_id]
        about = card(network, config["classes"], Pixels(SIDE), "latency", 0, recipe(config, network.family))
        written = {"float32": files["onnx"], "int8": files["int8"]}
        written |= {"answers": folder / "answers.csv", "measurements": folder / "measurements.json"}
        export_network("onnx", files["keras"], 0, about, splits, arrays, predictions, threads, written)
        models[name] = files["keras"]
        exported[name] = {"onnx": {"float32": files["onnx"], "int8": files["int8"]}}
    answers = open_networks(models, exported, threads)
    of_networks = dict.fromkeys(models, arrays[TEST]), dict.fromkeys(models, Pixels(SIDE))
    found = time_calls(answers, TimedImages(archive, index, splits, *of_networks), rounds, threads, (1,))
    machine = this_machine(["onnx"])
    print(f"{machine['processor']}, {machine['cores']} cores, {machine['flags']}")
    print(f"{machine['versions']}; {threads} threads, {rounds} rounds, {SIDE} pixels\n")
    keys = ["runtime", "precision", "decoding", "network"]
    calls = pd.DataFrame(found).set_index(keys)["seconds"].map(np.array).sort_index()
    print("milliseconds an image, batch 1")
    quantiles = {"median": 0.5, "p10": 0.1, "p90": 0.9}
    shown = pd.DataFrame({name: calls.map(lambda s, q=q: 1000 * np.quantile(s, q)) for name, q in quantiles.items()})
    print(shown.to_string(float_format="{:.2f}".format), "\n")
    for what, (slower, faster, goal) in GOALS.items():
        ratio = np.median(calls[slower]) / np.median(calls[faster])
        low, high = ratio_interval(calls[slower], calls[faster])
        reached = "reached" if ratio >= goal else "NOT REACHED"
        print(f"batch 1, {what}: {ratio:.2f} times [{low:.2f}, {high:.2f}], goal {goal}: {reached}")


if __name__ == "__main__":
    main()
