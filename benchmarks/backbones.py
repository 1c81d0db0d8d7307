"""What each backbone does and costs: python benchmarks/backbones.py FOLDER [--backbones NAME ...] [--weights FOLDER]

FOLDER has a folder of photographs for each of two classes. Each row has a process of its own: a classifier at 224
pixels is trained for one step, its head is fitted to the features, and it is saved, loaded, exported in every form, and
quantised. Weights are ImageNet's where the folder of weights has them, else random, with the statistics of the step in
batch normalisation.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from snakedistill.core.job import fix_threads, import_keras  # noqa: E402
from snakedistill.networks.backbones import TESTED  # noqa: E402

SIDE = 224
IMAGES = {"train": 160, "validation": 80, "test": 160}
BATCH = 16
CALLS = 300
HEAD = """| backbone | weights | million multiply-adds | MB, ONNX | MB, int8 | ms, ONNX | ms, int8 \
| largest difference from Keras, ONNX and LiteRT | accuracy | the same in int8, ONNX and LiteRT |
|---|---|---:|---:|---:|---:|---:|---|---:|---|"""


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photographs", type=Path)
    parser.add_argument("--backbones", nargs="+", default=TESTED)
    parser.add_argument("--weights", type=Path, default=Path("results/weights"))
    arguments = parser.parse_args()
    print(HEAD)
    for backbone in arguments.backbones:
        folders = [str(folder.absolute()) for folder in (arguments.photographs, arguments.weights)]
        code = f"import backbones; backbones.measure({backbone!r}, *{folders!r})"
        child = [sys.executable, "-c", code]
        done = subprocess.run(child, cwd=Path(__file__).parent, capture_output=True, text=True)
        if done.returncode:
            print(f"| `{backbone}` | fails: {done.stderr.splitlines()[-1]} |", flush=True)
        else:
            print(_row(backbone, json.loads(done.stdout.splitlines()[-1])), flush=True)


def _row(backbone: str, found: dict) -> str:
    forms = found["forms"].values()
    onnx = found["forms"]["onnx"]
    differences = " and ".join(f"{found['difference']:.0e}" for found in forms)
    float32 = f"{onnx['accuracy_float32']:.3f}"
    int8 = " and ".join(f"{found['int8']['accuracy_int8']:.3f}" for found in forms)
    megabytes = " | ".join(f"{onnx['bytes'][precision] / 1e6:.1f}" for precision in ("float32", "int8"))
    milliseconds = " | ".join(f"{1000 * found['seconds'][precision]:.1f}" for precision in ("float32", "int8"))
    cells = [f"`{backbone}`", found["weights"], f"{found['multiply_adds'] / 1e6:,.0f}", megabytes, milliseconds]
    return f"| {' | '.join([*cells, differences, float32, int8])} |"


def measure(backbone: str, photographs: str, weights: str) -> None:
    """Measure one backbone in this process, and print what was found as JSON.

    Raises:
        AssertionError: training changes nothing, the loaded network answers otherwise, or a form cannot be written.
    """
    fix_threads(1, "tensorflow")
    import_keras()
    import numpy as np

    from snakedistill.export.forms import FORMS
    from snakedistill.export.timing import multiply_adds

    fetched = Path(weights, f"{backbone}-imagenet-notop.h5")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _write_images(Path(photographs), folder)
        _write_network(backbone, fetched if fetched.is_file() else None, folder)
        found = {"weights": "ImageNet" if fetched.is_file() else "random", "forms": {}, "seconds": {}}
        for form in FORMS:
            exported = _export(form, folder)
            assert not exported["failed"], exported["failed"]
            parity = exported["parity"]
            exported["difference"] = max(parity[name] for name in parity if name.startswith("max_difference"))
            found["forms"][form] = exported
        found["multiply_adds"] = multiply_adds(str(folder / "onnx.float32"))
        image = np.load(folder / "test.npy")[:1]
        for precision in ("float32", "int8"):
            network, seconds = FORMS["onnx"].runtimes[0].open(folder / f"onnx.{precision}", 1), []
            for _ in range(CALLS):
                start = time.perf_counter()
                network(image)
                seconds.append(time.perf_counter() - start)
            found["seconds"][precision] = min(seconds)
    print(json.dumps(found))


def _write_images(photographs: Path, folder: Path) -> None:
    """Write the images of each part, the classes in turn, and the split."""
    import numpy as np
    import pandas as pd

    from snakedistill.core.pixels import Pixels
    from snakedistill.data.images import resized_pixels

    classes = [sorted(path for path in of_class.iterdir()) for of_class in sorted(photographs.iterdir())]
    paths = iter(path for pair in zip(*classes, strict=False) for path in pair)
    rows = []
    for part, number in IMAGES.items():
        of_part = [next(paths) for _ in range(number)]
        pixels = Pixels(SIDE, "crop", "antialias")
        np.save(folder / f"{part}.npy", np.stack([resized_pixels(path.read_bytes(), pixels) for path in of_part]))
        rows += [(path.name, position % 2, part) for position, path in enumerate(of_part)]
    pd.DataFrame(rows, columns=["image_id", "label", "split"]).to_csv(folder / "splits.csv", index=False)


def _write_network(backbone: str, weights: Path | None, folder: Path) -> None:
    """Train one step, fit the head, save, and write the predictions of the saved network."""
    import keras
    import numpy as np

    from snakedistill.core.lineage import record_lineage
    from snakedistill.networks.backbones import preprocessing_of
    from snakedistill.networks.classifier import HEAD, build_network, load_network
    from snakedistill.training.head import Examples, fit_head
    from snakedistill.training.prediction import write_predictions

    keras.utils.set_random_seed(0)
    preprocessing = preprocessing_of(backbone, "imagenet" if weights else None)
    momentum = None if weights else 0.0
    network = build_network("soft-0", SIDE, backbone, weights and str(weights), preprocessing, 0.0, momentum)
    images = {part: np.load(folder / f"{part}.npy").astype(np.float32) for part in IMAGES}
    before = [keras.ops.convert_to_numpy(one) for one in network.trainable_variables]
    network.compile(keras.optimizers.SGD(1e-4), "binary_crossentropy")
    assert np.isfinite(network.train_on_batch(images["train"][:BATCH], np.arange(BATCH) % 2))
    after = [keras.ops.convert_to_numpy(one) for one in network.trainable_variables]
    assert any((old != new).any() for old, new in zip(before, after, strict=True))
    features, examples = keras.Model(network.input, network.get_layer(HEAD).input), []
    for part in ("train", "validation"):
        of_part = features.predict(images[part], batch_size=BATCH, verbose=0)
        count = len(of_part)
        examples.append(Examples(of_part, np.arange(count)[:, None] % 2, np.ones(count)))
    head = fit_head(*examples)
    network.get_layer(HEAD).set_weights([head.kernel, head.bias])
    network.save(folder / "soft-0.keras")
    expected = network.predict(images["test"], batch_size=BATCH, verbose=0)
    loaded = load_network(str(folder / "soft-0.keras"))
    np.testing.assert_allclose(loaded.predict(images["test"], batch_size=BATCH, verbose=0), expected, atol=1e-6)
    splits = folder / "splits.csv"
    record_lineage(folder / "soft-0.keras", "soft-0", 0, splits=splits)
    arrays, predictions = ({part: folder / f"{part}.{suffix}" for part in IMAGES} for suffix in ("npy", "csv"))
    write_predictions(folder / "soft-0.keras", "soft-0", 0, splits, arrays, ["cat", "dog"], predictions)


def _export(form: str, folder: Path) -> dict:
    from snakedistill.core.network_ids import Network
    from snakedistill.core.pixels import Pixels
    from snakedistill.export.card import card
    from snakedistill.export.exporting import export_network
    from snakedistill.export.forms import PRECISIONS

    about = card(Network("soft", 0, "soft", "teacher"), ["cat", "dog"], Pixels(SIDE), "benchmark", 0, {})
    arrays, predictions = ({part: str(folder / f"{part}.{suffix}") for part in IMAGES} for suffix in ("npy", "csv"))
    del predictions["train"]
    files = {kind: str(folder / f"{form}.{kind}") for kind in (*PRECISIONS, "answers", "measurements")}
    network, splits = (str(folder / name) for name in ("soft-0.keras", "splits.csv"))
    export_network(form, network, 0, about, splits, arrays, predictions, 1, files)
    return json.loads(Path(files["measurements"]).read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
