"""What jobs do beside training: python benchmarks/jobs.py [--threads 2] [--rounds 5] [--side 64]

Decoding, prediction, start-up and planning, each beside the plainest way to do the same, or what it cannot do without.
All take turns.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from planning import command  # noqa: E402

from snakedistill.core.job import fix_threads  # noqa: E402

IMAGES = 256
LIGHT = ["data.splits", "teaching.labels", "results.tables", "results.figures.generations", "results.summary.page"]
LIGHT += ["paper.claims"]
JOB = f"from snakedistill.core.job import job\nwith job({os.devnull!r}, 1, {{}}):\n    import {{}}"


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--side", type=int, default=64)
    arguments = parser.parse_args()
    fix_threads(arguments.threads, "tensorflow")
    with tempfile.TemporaryDirectory() as folder:
        pairs = {
            **images(Path(folder), arguments.side, arguments.threads),
            ("start and end a training job", "import keras"): (
                python(JOB.format("'tensorflow'", modules("training.loop"))),
                python("import keras"),
            ),
            ("start and end a job of a light rule", "import pandas, seaborn"): (
                python(JOB.format(None, modules(*LIGHT))),
                python("import pandas, seaborn"),
            ),
            ("plan the sample", "import Snakemake"): (plan(folder), python("import snakemake.cli")),
        }
        compare(pairs, arguments.rounds)


def compare(pairs: dict[tuple[str, str], tuple[Callable, Callable]], rounds: int) -> None:
    """Let all take turns, and print seconds and ratios."""
    import numpy as np

    from snakedistill.measures.intervals import ratio_interval

    seconds = {pair: ([], []) for pair in pairs}
    for turn in range(-1, rounds):
        for pair, both in pairs.items():
            for do, taken in zip(both, seconds[pair], strict=True):
                start = time.perf_counter()
                do()
                if turn >= 0:
                    taken.append(time.perf_counter() - start)
    print("| this project | seconds | least to most | against | seconds | takes times as long |")
    print("|---|---:|---:|---|---:|---:|")
    for (name, other), (ours, others) in seconds.items():
        low, high = ratio_interval(np.array(ours), np.array(others))
        ratio = f"{np.median(ours) / np.median(others):.2f} [{low:.2f}, {high:.2f}]"
        spread = f"{min(ours):.2f} to {max(ours):.2f}"
        print(f"| {name} | {np.median(ours):.2f} | {spread} | {other} | {np.median(others):.2f} | {ratio} |")


def images(folder: Path, side: int, threads: int) -> dict[tuple[str, str], tuple[Callable, Callable]]:
    """Decoding and prediction of drawings of the sample."""
    import keras
    import numpy as np
    from PIL import Image

    from snakedistill.core.pixels import Pixels
    from snakedistill.core.threads import in_order
    from snakedistill.data.images import MappedImages, resized_pixels
    from snakedistill.networks.classifier import build_network, logit_and_probability
    from snakedistill.training.forward import PREDICTION_BATCH_SIZE, predicted
    from snakedistill.training.launches import forward_for

    files = [drawing(number) for number in range(IMAGES)]
    array = np.stack([resized_pixels(data, Pixels(side)) for data in files])
    np.save(folder / "images.npy", array)
    keras.utils.set_random_seed(0)
    network = build_network("student", side, "resnet18")
    forward = forward_for(logit_and_probability(network))

    def plainly() -> None:
        for data in files:
            np.asarray(Image.open(io.BytesIO(data)).convert("RGB").resize((side, side), Image.Resampling.NEAREST))

    return {
        (f"decode {IMAGES} images to {side} pixels, {threads} threads", "Pillow in a loop"): (
            lambda: list(in_order(lambda data: resized_pixels(data, Pixels(side)), files, threads)),
            plainly,
        ),
        (f"predict {IMAGES} images of {side} pixels", "Keras's predict"): (
            lambda: predicted(forward, MappedImages(folder / "images.npy")),
            lambda: network.predict(array, batch_size=PREDICTION_BATCH_SIZE, verbose=0),
        ),
    }


def drawing(number: int) -> bytes:
    """The JPEG file of a cat for an even number, of a dog for an odd one."""
    import numpy as np

    from snakedistill.data.sample import draw_animal

    file = io.BytesIO()
    draw_animal(np.random.default_rng(number), dogness=0.2 + 0.6 * (number % 2)).save(file, "JPEG", quality=75)
    return file.getvalue()


def modules(*names: str) -> str:
    """Modules of the library as an import statement names them."""
    return ", ".join(f"snakedistill.{name}" for name in names)


def python(code: str) -> Callable[[], object]:
    """Run some code in a Python of its own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    start = [sys.executable, "-c", code]
    return lambda: subprocess.run(start, check=True, env=environment, stderr=subprocess.DEVNULL)


def plan(folder: str) -> Callable[[], object]:
    """Have Snakemake plan the sample, of which nothing is done, in `folder`."""
    Path(folder, "seeds.yaml").write_text("seeds: [0]\n")
    return lambda: subprocess.run(command("--dry-run", "--quiet"), check=True, cwd=folder, capture_output=True)


if __name__ == "__main__":
    main()
