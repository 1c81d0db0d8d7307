"""A rough estimate of what a run takes."""

import csv
from dataclasses import dataclass
from pathlib import Path

from snakedistill.configuration.recipes import pixels, recipe
from snakedistill.core.network_ids import TEACHER
from snakedistill.core.pixels import Pixels
from snakedistill.core.processor import computes_in_bfloat16
from snakedistill.data.archive import is_zip_of_zips, open_archive
from snakedistill.data.layouts import LAYOUTS
from snakedistill.teaching import STAGES, TEACHER_WAY, given, networks

# Measured on two cores of an AMD EPYC (Zen 5, and Zen 3 without bfloat16 instructions), rounded.
CORE_SECONDS_A_MEGAPIXEL = {"resnet18": 0.55}  # of training in bfloat16
CORE_SECONDS_A_MEGAPIXEL_OF_OTHERS = 1.4
PIXELS_AN_IMAGE_MORE = 3600  # what an image costs besides its pixels
FLOAT32_FACTOR = 1.9
EMULATED_BFLOAT16_FACTOR = 6.0
SHARE_OF_A_PREDICTION = 0.3  # of a training step
CORE_SECONDS_A_NETWORK = 20  # programs start, networks are saved, exported and loaded
CORE_SECONDS_A_RUN = 90
MEGABYTES_A_NETWORK = {"resnet18": 100}  # in Keras, ONNX and int8
MEGABYTES_A_NETWORK_OF_OTHERS = 220
BYTES_OF_A_CLASS = 50  # an image and a network, in files of labels and predictions
BYTES_AN_IMAGE = 23_000  # of a photograph of half a megapixel


@dataclass(frozen=True)
class Estimate:
    """What a run takes, roughly.

    Attributes:
        networks: number of networks to train.
        images: number of images.
        hours: hours on the processor alone.
        gigabytes: gigabytes on disk.
    """

    networks: int
    images: int
    hours: float
    gigabytes: float


def estimate(config: dict, cores: int, counts: str) -> Estimate:
    """Estimate time and disk of a whole run from the configuration, within a factor of about three.

    Args:
        config: the checked configuration.
        cores: processor cores to use.
        counts: CSV of the images used, which an earlier run may have left.
    """
    images = _images(config, counts)
    slower = FLOAT32_FACTOR
    if config["precision"] != "float32" and computes_in_bfloat16():
        slower = 1.0
    elif config["precision"] == "bfloat16":
        slower = EMULATED_BFLOAT16_FACTOR
    predictions = 1 + config["split"]["test"] * config["evaluation"]["augmented_repeats"]
    core_seconds, megabytes = CORE_SECONDS_A_RUN, 0.0
    how = given(config["teacher"])
    found = networks(config["students"], None if how else TEACHER_WAY)
    taken: set[Pixels] = set()
    trained = [network for network in found if found[network].way is not None]
    for network in found.values():
        if network.id not in trained and (network.id != TEACHER or how == "predictions"):
            continue
        complete = recipe(config, network.family)
        taken.add(pixels(complete))
        megapixels = images * (complete["image_size"] ** 2 + PIXELS_AN_IMAGE_MORE) / 1e6
        epochs = STAGES.get(network.id, complete["epochs"]) if network.id in trained else 0
        predicted = predictions + epochs * config["split"]["validation"]
        passes = epochs * slower * config["split"]["train"]
        passes += SHARE_OF_A_PREDICTION * FLOAT32_FACTOR * predicted
        a_megapixel = CORE_SECONDS_A_MEGAPIXEL.get(complete["backbone"], CORE_SECONDS_A_MEGAPIXEL_OF_OTHERS)
        core_seconds += len(config["seeds"]) * (CORE_SECONDS_A_NETWORK + passes * megapixels * a_megapixel)
        of_network = MEGABYTES_A_NETWORK.get(complete["backbone"], MEGABYTES_A_NETWORK_OF_OTHERS)
        megabytes += len(config["seeds"]) * (of_network + images * len(config["classes"]) * BYTES_OF_A_CLASS / 1e6)
    megabytes += sum(3 * images * one.size**2 / 1e6 for one in taken)
    return Estimate(len(trained) * len(config["seeds"]), images, core_seconds / cores / 3600, megabytes / 1000)


def announcement(expected: Estimate, training_runs: int, cores: int, precision: str) -> str:
    """The lines that a user reads before the first job.

    Args:
        expected: estimate of the whole run.
        training_runs: number of training runs to do now.
        cores: processor cores to use.
        precision: precision of training.
    """
    units = {"minutes": 60 * expected.hours, "hours": expected.hours, "days": expected.hours / 24}
    unit = "minutes" if units["minutes"] < 120 else "hours" if units["hours"] < 72 else "days"
    lines = [
        f"Training runs: {training_runs} to do, of {expected.networks} in the whole experiment.",
        f"Rough estimate for the whole experiment, about {expected.images:,} images on {cores} "
        f"core{'s' if cores != 1 else ''} without a GPU: {units[unit]:.0f} {unit}, "
        f"{max(0.1, expected.gigabytes):.1f} GB of disk. It may be wrong by a factor of three.",
    ]
    if precision == "bfloat16" and not computes_in_bfloat16():
        lines.append(
            "This processor has no instructions for bfloat16 that TensorFlow uses: precision=float32 is faster."
        )
    return "\n".join(lines)


def _images(config: dict, counts: str) -> int:
    """How many images there are, as an earlier run counted them, or about so many as the archive's size tells."""
    if Path(counts).exists():
        with Path(counts).open(encoding="utf-8") as lines:
            return sum(int(row["images"]) for row in csv.DictReader(lines))
    if config["archive"] is None:
        return config["sample"]["images"]
    if not is_zip_of_zips(Path(config["archive"])):
        with open_archive(config["archive"]) as opened:
            reading = LAYOUTS[config["layout"]].read(opened, config["classes"])
            return len(reading.images) if reading else 0
    return Path(config["archive"]).stat().st_size // BYTES_AN_IMAGE
