"""How long the paper's two networks take for an image on this machine's CPU, whatever networks a run trains."""

import tempfile
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from snakedistill.core.files import read_csv, write_csv
from snakedistill.core.parts import TEST
from snakedistill.core.pixels import Pixels
from snakedistill.data.images import write_arrays
from snakedistill.export import onnx_export
from snakedistill.export.inference import Network
from snakedistill.export.timing import TimedImages, in_runtimes, this_machine, time_calls
from snakedistill.measures.intervals import LEVEL, ratio_interval
from snakedistill.networks.classifier import build_network
from snakedistill.paper.biryukova import TIMED_BACKBONES
from snakedistill.paper.claims import corrected_level

IMAGE_SIZE = 224
BATCH_SIZES, DECODED = (1, 8), (1,)
KEYS = ["runtime", "batch_size", "decoding"]


def time_backbones(archive: str, index: str, splits: str, rounds: int, threads: int, speed: str) -> None:
    """Time ResNet-50 and ResNet-18 at 224 pixels in float32 in every runtime, in turn; see `time_calls`.

    Their weights are random: the time does not depend on them. TensorFlow's threads must be fixed already.

    Args:
        archive: path of the archive, for the image files.
        index: CSV with image_id and member.
        splits: CSV with image_id and split; the images are the first of the test part.
        rounds: number of calls of every combination.
        threads: threads of every runtime.
        speed: CSV to write: runtime, batch_size, decoding; resnet50 and resnet18 (median seconds an image), ratio of
            these with its 95 % bootstrap interval over rounds (ratio_low, ratio_high), and a wider one, such that those
            of all rows hold together with 95 % confidence (ratio_low_corrected, ratio_high_corrected); resnet50_mean
            and resnet18_mean (seconds an image); threads, rounds; the machine.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        answers = {
            (backbone, *way): answer
            for backbone in TIMED_BACKBONES
            for way, answer in _in_runtimes(backbone, threads, folder).items()
        }
        frame, pixels = read_csv(splits), Pixels(IMAGE_SIZE)
        chosen, images = str(folder / "splits.csv"), str(folder / "images.npy")
        write_csv(frame[frame["split"] == TEST].head(max(BATCH_SIZES) * rounds), chosen)
        write_arrays(archive, index, chosen, pixels, {TEST: images}, threads)
        arrays, taken = dict.fromkeys(TIMED_BACKBONES, images), dict.fromkeys(TIMED_BACKBONES, pixels)
        test_images = TimedImages(archive, index, chosen, arrays, taken)
        calls = time_calls(answers, test_images, rounds, threads, BATCH_SIZES, DECODED)
    write_csv(ratios(calls, threads, rounds), speed)


def ratios(calls: list[dict], threads: int, rounds: int) -> pd.DataFrame:
    """The rows of `speed` of `time_backbones`, from what `time_calls` returns."""
    machine, rows = this_machine(["onnx"]), []
    slower, faster = TIMED_BACKBONES
    groups = pd.DataFrame(calls).groupby(KEYS)
    for key, group in groups:
        row = dict(zip(KEYS, key, strict=True))
        seconds = {one.network: np.array(one.seconds) / row["batch_size"] for one in group.itertuples()}
        row |= {backbone: np.median(seconds[backbone]) for backbone in TIMED_BACKBONES}
        row["ratio"] = row[slower] / row[faster]
        for level, name in ((LEVEL, ""), (corrected_level(len(groups)), "_corrected")):
            low, high = ratio_interval(seconds[slower], seconds[faster], level)
            row |= {f"ratio_low{name}": low, f"ratio_high{name}": high}
        row |= {f"{backbone}_mean": seconds[backbone].mean() for backbone in TIMED_BACKBONES}
        rows.append(row | {"threads": threads, "rounds": rounds} | machine)
    return pd.DataFrame(rows)


def _in_runtimes(backbone: str, threads: int, folder: Path) -> dict[tuple[str, str], Network]:
    """A network with this backbone and random weights: functions that answer, by runtime and precision."""
    keras.utils.set_random_seed(0)
    network = build_network(backbone, IMAGE_SIZE, backbone)
    file = folder / f"{backbone}.onnx"
    onnx_export.write_network(network, {"network": backbone}, threads, file)
    return in_runtimes(network, {"onnx": {"float32": file}}, threads)
