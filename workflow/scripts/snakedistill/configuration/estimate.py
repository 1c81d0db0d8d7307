"""A rough estimate of what a run takes."""

import csv
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from snakedistill.configuration.recipes import pixels, recipe
from snakedistill.core.network_ids import TEACHER
from snakedistill.core.pixels import Pixels
from snakedistill.core.processor import computes_in_bfloat16
from snakedistill.core.recipe import WHOLE_BACKBONE
from snakedistill.data.named_images import NamedImages
from snakedistill.networks.backbones import is_saved
from snakedistill.teaching import STAGES, TEACHER_WAY, given, networks

# Measured on two cores of an AMD EPYC (Zen 5), rounded.
CORE_SECONDS_A_MEGAPIXEL = {  # of training in float32
    "resnet18": 1.05,
    "efficientnet_lite0": 0.9,
    "efficientnet_lite1": 1.1,
    "efficientnet_lite2": 1.3,
    "efficientnetv2b0": 1.0,
    "mobilenetv2": 0.8,
    "mobilenetv3large": 0.65,
    "mobilenetv3small": 0.25,
}
CORE_SECONDS_A_MEGAPIXEL_OF_OTHERS = 2.7
WITH_DEPTHWISE_CONVOLUTIONS = ("efficientnet", "mobilenet", "nasnet", "xception")  # which bfloat16 makes no faster
PIXELS_AN_IMAGE_MORE = 3600  # what an image costs besides its pixels
BFLOAT16_FACTOR = 0.5
EMULATED_BFLOAT16_FACTOR = 3.0
SHARE_OF_A_PREDICTION = 0.2  # of a training step
SHARE_ABOVE_FROZEN = {WHOLE_BACKBONE: 0.01}  # of a training step, what is left of it above frozen layers
SHARE_ABOVE_A_FROZEN_LAYER = 0.3
BYTES_OF_ACTIVATIONS = 15_000  # of an image at 128 pixels, where a quarter of the blocks is trained
CORE_SECONDS_TO_TRAIN = 8  # a program starts, and a network is built and saved
CORE_SECONDS_TO_PREDICT = 6  # a program starts, and loads a network
CORE_SECONDS_TO_EXPORT = 5
CORE_SECONDS_TO_EXPORT_A_PIXEL = 2.5e-4  # of a network whose training costs 1 second a megapixel
SECONDS_TO_TIME = 15
SECONDS_TO_TIME_A_CANDIDATE = 5  # in its files alone
SECONDS_OF_A_ROUND_A_PIXEL = 1.6e-4  # as above
SECONDS_OF_A_ROUND_OF_THE_PAPER = 4  # its two networks, whatever a run trains
CORE_SECONDS_A_RUN = 70
# In Keras, ONNX and int8.
MEGABYTES_A_NETWORK = {"resnet18": 100, "efficientnet_lite0": 32, "efficientnet_lite1": 40, "efficientnet_lite2": 45}
MEGABYTES_A_NETWORK_OF_OTHERS = 220
OF_A_SAVED_BACKBONE = 2.3  # times its file
BYTES_OF_A_CLASS = 50  # an image and a network, in files of labels and predictions
BYTES_AN_IMAGE = 23_000  # of a photograph of half a megapixel


@dataclass(frozen=True)
class Estimate:
    """What a run takes, roughly.

    Attributes:
        networks: number of networks to train.
        images: number of images.
        hours: hours on the processor alone, by stage.
        gigabytes: gigabytes on disk.
    """

    networks: int
    images: int
    hours: dict[str, float]
    gigabytes: float

    @property
    def all_hours(self) -> float:
        """Hours of all stages."""
        return sum(self.hours.values())

    def in_words(self, cores: int) -> str:
        """A sentence, for example "Estimate: 4.2 minutes on 2 cores without a GPU (training 1.1, ...)..."."""
        unit, of_unit = "days", 24.0
        if self.all_hours < 72:
            unit, of_unit = ("minutes", 1 / 60) if self.all_hours < 2 else ("hours", 1.0)
        stages = ", ".join(f"{stage} {_number(hours / of_unit)}" for stage, hours in self.hours.items())
        return (
            f"Estimate for all of it: {_number(self.all_hours / of_unit)} {unit} on {cores} "
            f"core{'s' if cores != 1 else ''} without a GPU ({stages}), {max(0.1, self.gigabytes):.1f} GB of disk; "
            "within a factor of two or three."
        )


def estimate(
    config: dict,
    images: NamedImages | None,
    timed: list[str],
    exported: list[str],
    probed: Collection[str],
    cores: int,
    counts: str,
    candidates: int = 0,
) -> Estimate:
    """Estimate time and disk of a whole run from the configuration, within a factor of about two.

    Args:
        config: the checked configuration.
        images: the images that the archive names, or None.
        timed: ids of the networks that are timed in every runtime.
        exported: ids of the networks that are exported, once for each of their forms and seeds.
        probed: ids of the networks with whose backbone and pixels a probe is fitted, one for each probe.
        cores: processor cores to use.
        counts: CSV of the images used, which an earlier run may have left.
        candidates: number of the others that are timed.
    """
    number = _images(config, images, counts)
    seeds, split = len(config["seeds"]), config["split"]
    seconds = {"training": 0.0, "predictions": 0.0, "exports": 0.0, "timing": 0.0, "the rest": 0.0}
    megabytes = 0.0
    how = given(config["teacher"])
    found = networks(config["students"], None if how else TEACHER_WAY)
    taken: set[Pixels] = set()
    stored: set[tuple] = set()
    trained = [network for network in found if found[network].way is not None]
    for network in found.values():
        if network.id not in trained and (network.id != TEACHER or how == "predictions"):
            continue
        complete = recipe(config, network.family)
        taken.add(pixels(complete))
        cost = _core_seconds_a_megapixel(complete["backbone"])
        all_images = number * _core_seconds_an_image(complete)
        if network.id in trained:
            epochs = STAGES.get(network.id, complete["epochs"])
            passes = (
                epochs * split["train"] * complete["train_share"] * _slower(config["precision"], complete["backbone"])
            )
            predicted = epochs * split["validation"] + complete["head_first"] * (1 - split["test"])
            if (frozen := complete["frozen"]) is not None:
                share = SHARE_ABOVE_FROZEN.get(frozen, SHARE_ABOVE_A_FROZEN_LAYER)
                passes, predicted = share * passes, share * predicted
                kind = complete["backbone"], frozen, complete["augmentation"]["flip"], pixels(complete)
                if kind not in stored:  # once for all networks
                    stored.add(kind)
                    views = (1 + kind[2]) * (1 - split["test"])
                    seconds["training"] += SHARE_OF_A_PREDICTION * views * all_images / cores
                    megabytes += views * number * BYTES_OF_ACTIVATIONS / 1e6
            passes += SHARE_OF_A_PREDICTION * (predicted + 1)
            seconds["training"] += seeds * (CORE_SECONDS_TO_TRAIN + passes * all_images) / cores
        else:
            seconds["predictions"] += seeds * (CORE_SECONDS_TO_PREDICT + SHARE_OF_A_PREDICTION * all_images) / cores
        predicted = SHARE_OF_A_PREDICTION * split["test"] * config["evaluation"]["augmented_repeats"]
        seconds["predictions"] += seeds * (CORE_SECONDS_TO_PREDICT + predicted * all_images) / cores
        if network.id in probed:
            seconds["predictions"] += (CORE_SECONDS_TO_TRAIN + SHARE_OF_A_PREDICTION * all_images) / cores
        at_once = cost * complete["image_size"] ** 2
        exports = CORE_SECONDS_TO_EXPORT + CORE_SECONDS_TO_EXPORT_A_PIXEL * at_once
        seconds["exports"] += exported.count(network.id) * exports / cores
        seconds["timing"] += timed.count(network.id) * config["timing"]["rounds"] * SECONDS_OF_A_ROUND_A_PIXEL * at_once
        of_answers = number * len(config["classes"]) * BYTES_OF_A_CLASS / 1e6
        megabytes += seeds * (_megabytes_of_a_network(complete["backbone"]) + of_answers)
    seconds["timing"] += SECONDS_TO_TIME + SECONDS_TO_TIME_A_CANDIDATE * candidates
    if config["paper"]:
        seconds["timing"] += config["timing"]["rounds"] * SECONDS_OF_A_ROUND_OF_THE_PAPER
    seconds["the rest"] += CORE_SECONDS_A_RUN / cores
    megabytes += sum(3 * number * one.size**2 / 1e6 for one in taken)
    hours = {stage: value / 3600 for stage, value in seconds.items()}
    return Estimate(len(trained) * seeds, number, hours, megabytes / 1000)


def expected_seconds_of_step(complete: dict, precision: str, cores: int) -> float:
    """What the estimate takes for a training step.

    Args:
        complete: a complete recipe of training.
        precision: of training, see the configuration.
        cores: processor cores to use.
    """
    slower = _slower(precision, complete["backbone"])
    return complete["batch_size"] * slower * _core_seconds_an_image(complete) / cores


def _core_seconds_an_image(complete: dict) -> float:
    """Of training in float32."""
    size = complete["image_size"]
    return _core_seconds_a_megapixel(complete["backbone"]) * (size**2 + PIXELS_AN_IMAGE_MORE) / 1e6


def _core_seconds_a_megapixel(backbone: str) -> float:
    return CORE_SECONDS_A_MEGAPIXEL.get(backbone, CORE_SECONDS_A_MEGAPIXEL_OF_OTHERS)


def _megabytes_of_a_network(backbone: str) -> float:
    if is_saved(backbone):
        return OF_A_SAVED_BACKBONE * Path(backbone).stat().st_size / 1e6
    return MEGABYTES_A_NETWORK.get(backbone, MEGABYTES_A_NETWORK_OF_OTHERS)


def _slower(precision: str, backbone: str) -> float:
    """How much slower than in float32 a network trains in a precision."""
    depthwise = backbone.startswith(WITH_DEPTHWISE_CONVOLUTIONS)
    if precision == "bfloat16" and not computes_in_bfloat16():
        return EMULATED_BFLOAT16_FACTOR
    return 1.0 if precision == "float32" or depthwise or not computes_in_bfloat16() else BFLOAT16_FACTOR


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def _images(config: dict, images: NamedImages | None, counts: str) -> int:
    """How many images there are, as an earlier run counted them, or are named, or what the archive's size tells."""
    if Path(counts).exists():
        with Path(counts).open(encoding="utf-8") as lines:
            return sum(int(row["images"]) for row in csv.DictReader(lines))
    if images is not None:
        return sum(images.of_parts.values())
    if config["archive"] is None:
        return config["sample"]["images"]
    return Path(config["archive"]).stat().st_size // BYTES_AN_IMAGE
