"""What can be known before the first job: whether what the configuration names is there, and a rough estimate."""

import csv
import importlib.util
import zipfile
from dataclasses import dataclass
from pathlib import Path

from snakedistill.archive import KAGGLE_COMMAND, image_name, names_of_images
from snakedistill.configuration import recipe, recipes
from snakedistill.errors import InputError
from snakedistill.network_ids import networks

HDF5 = b"\x89HDF\r\n\x1a\n"

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
BYTES_A_PHOTOGRAPH = 23_000  # in Kaggle's train.zip


def check_inputs(config: dict, software_deployed: bool) -> None:
    """Check that the archive, the folder of photos, files of backbones and weights, and the backend are there.

    Args:
        config: the checked configuration.
        software_deployed: whether Snakemake brings each rule's software (conda or a container).

    Raises:
        InputError: one line for everything that is missing or of another kind: what was expected, what was given and
            what to do.
    """
    lines = _wrong_archive(config["archive"], config["classes"])
    photos = config["photos"]
    if photos is not None and not Path(photos).is_dir():
        lines.append(f"photos: expected a folder, got {photos}; there is none at {Path(photos).absolute()}")
    for key, complete in recipes(config).items():
        if complete["backbone"].endswith(".keras"):
            what = "a saved Keras feature extractor"
            lines += _wrong_file(f"{key}.backbone", complete["backbone"], what, zipfile.is_zipfile)
        if complete["weights"] not in (None, "imagenet"):
            lines += _wrong_file(f"{key}.weights", complete["weights"], "a Keras HDF5 file of weights", _is_hdf5)
    backend = config["backend"]
    if not software_deployed and importlib.util.find_spec(backend) is None:
        lines.append(f"backend: expected an installed one, got {backend}: install it, or set backend to tensorflow")
    if software_deployed and backend == "torch":
        lines.append("backend: expected tensorflow or jax with conda or a container, got torch, which envs/ lacks")
    if lines:
        raise InputError("The workflow cannot start:\n" + "\n".join(f"  {line}" for line in lines))


@dataclass(frozen=True)
class Estimate:
    """What a run takes, roughly.

    Attributes:
        networks: how many are trained.
        images: how many there are.
        hours: on the processor alone.
        gigabytes: on disk.
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
    images, pixels = _images(config, counts), config["image_size"] ** 2
    megapixels = images * (pixels + PIXELS_AN_IMAGE_MORE) / 1e6
    in_bfloat16 = 1.0 if computes_in_bfloat16() else EMULATED_BFLOAT16_FACTOR
    slower = FLOAT32_FACTOR if config["precision"] == "float32" else in_bfloat16
    predictions = 1 + config["split"]["test"] * config["evaluation"]["augmented_repeats"]
    core_seconds, megabytes = CORE_SECONDS_A_RUN, 3 * images * pixels / 1e6
    found = networks(config["students"])
    for network in found.values():
        complete = recipe(config, network.family)
        predicted = predictions + complete["epochs"] * config["split"]["validation"]
        passes = complete["epochs"] * slower * config["split"]["train"]
        passes += SHARE_OF_A_PREDICTION * FLOAT32_FACTOR * predicted
        a_megapixel = CORE_SECONDS_A_MEGAPIXEL.get(complete["backbone"], CORE_SECONDS_A_MEGAPIXEL_OF_OTHERS)
        core_seconds += len(config["seeds"]) * (CORE_SECONDS_A_NETWORK + passes * megapixels * a_megapixel)
        of_network = MEGABYTES_A_NETWORK.get(complete["backbone"], MEGABYTES_A_NETWORK_OF_OTHERS)
        megabytes += len(config["seeds"]) * (of_network + images * 1e-4)
    return Estimate(len(found) * len(config["seeds"]), images, core_seconds / cores / 3600, megabytes / 1000)


def announcement(expected: Estimate, training_runs: int, cores: int, precision: str) -> str:
    """The lines that a user reads before the first job.

    Args:
        expected: of the whole run.
        training_runs: how many are to do now.
        cores: processor cores to use.
        precision: of training.
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
        lines.append("This processor has no instructions for bfloat16: --config precision=float32 is faster here.")
    return "\n".join(lines)


def computes_in_bfloat16() -> bool:
    """Whether the processor has instructions for bfloat16, as far as the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    return not cpuinfo.exists() or any(flag in cpuinfo.read_text() for flag in ("avx512_bf16", "amx_bf16", " bf16"))


def _wrong_archive(archive: str | None, classes: list[str]) -> list[str]:
    if archive is None:
        return []
    what_to_do = f"get Kaggle's file with `{KAGGLE_COMMAND}`, or set archive to null for the built-in drawings"
    path = Path(archive)
    expected = f"archive: expected a zip file or a folder, got {archive}"
    if not path.exists():
        return [f"{expected}; there is nothing at {path.absolute()}: {what_to_do}"]
    if not path.is_dir() and not zipfile.is_zipfile(path):
        return [f"{expected}, which is neither: {what_to_do}"]
    try:
        names = names_of_images(path)
    except InputError as error:
        return [f"archive: {error}"]
    lacking = [name for name in classes if names is not None and not any(map(image_name([name]).fullmatch, names))]
    if not lacking:
        return []
    wanted = " and ".join(f"{name}.<number>.jpg" for name in lacking)
    found = f"among its {len(names)} files, such as {names[0]}" if names else "for it has no file"
    return [f"archive: expected images named {wanted}, got {archive} with none {found}; see classes"]


def _wrong_file(key: str, given: str, what: str, is_one) -> list[str]:
    path = Path(given)
    if not path.is_file():
        return [f"{key}: expected {what}, got {given}; there is no file at {path.absolute()}"]
    return [] if is_one(path) else [f"{key}: expected {what}, got {given}, which is none"]


def _is_hdf5(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(HDF5)) == HDF5


def _images(config: dict, counts: str) -> int:
    """How many images there are, as an earlier run counted them, or about so many as the archive's size tells."""
    if Path(counts).exists():
        with Path(counts).open(encoding="utf-8") as lines:
            return sum(int(row["images"]) for row in csv.DictReader(lines))
    if config["archive"] is None:
        return config["sample"]["images"]
    names = names_of_images(Path(config["archive"]))
    if names is not None:
        return sum(map(bool, map(image_name(config["classes"]).fullmatch, names)))
    return Path(config["archive"]).stat().st_size // BYTES_A_PHOTOGRAPH
