"""Settings that suit a folder of images, by what is in it and by the time that the work may take."""

import contextlib
import os
import re
import shlex
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TextIO

import yaml
from snakemake.utils import update_config

from snakedistill.command import PRESET, settings_of
from snakedistill.configuration.check import checked
from snakedistill.configuration.estimate import Estimate, expected_seconds_of_step
from snakedistill.configuration.inputs import with_inputs
from snakedistill.configuration.recipes import recipe
from snakedistill.core.errors import InputError, some
from snakedistill.core.files import write_text
from snakedistill.core.job import fix_threads, import_keras
from snakedistill.core.network_ids import TEACHER
from snakedistill.core.threads import in_order
from snakedistill.data.archive import open_archive
from snakedistill.data.decoding import FORMATS, DecodingError, decode
from snakedistill.data.layouts import LAYOUTS
from snakedistill.data.layouts.layout import Image
from snakedistill.plan import first_lines
from snakedistill.plan.code import settings_in
from snakedistill.plan.files import Files
from snakedistill.plan.networks import Plan, plan_networks

MOST_DECODED = 1000
LEAST_SIZE, STEP_OF_SIZES = 64, 32  # pixels; there are no ImageNet weights below, and features are 32 pixels apart


@dataclass(frozen=True)
class Way:
    """How much of the preset is taken: a share of the epochs, all students or those of `student` alone, and pixels."""

    epochs: float = 1.0
    all_students: bool = True
    side: float = 1.0


FROM_DEAREST_TO_CHEAPEST = (
    Way(),
    Way(epochs=0.5),
    Way(epochs=0),
    Way(epochs=0, all_students=False),
    Way(epochs=0, all_students=False, side=0.75),
    Way(epochs=0, all_students=False, side=0.5),
)
"""Epochs after the head give the least, so they go first, and pixels give the most: docs/your-own-images.md."""


@dataclass(frozen=True)
class Looked:
    """Some images of an archive, decoded.

    Attributes:
        images: number of images that were decoded, or could not be.
        unusable: why, by the names of those that could not be.
        sizes: (width, height) of the others in pixels.
    """

    images: int
    unusable: dict[str, str]
    sizes: list[tuple[int, int]]

    @property
    def short_side(self) -> float:
        """The median of the shorter sides."""
        return median(map(min, self.sizes))

    def in_words(self) -> list[str]:
        """Sentences on sizes, and on what cannot be used."""
        sides = sorted(map(min, self.sizes))
        lines = [
            f"Looked at {self.images:,} of them: the shorter side has {self.short_side:.0f} pixels (median; from "
            f"{sides[0]:,} to {sides[-1]:,})."
        ]
        if self.unusable:
            member, reason = next(iter(self.unusable.items()))
            lines.append(f"Not usable: {len(self.unusable):,} of these, such as {member}: {reason}.")
        return lines


def write_settings(
    archive: Path, minutes: float, command: Sequence[str] = ("snakedistill", "run"), terminal: TextIO | None = None
) -> Path:
    """Look at an archive, and write settings for it beside it.

    Args:
        archive: a folder or a zip of images, or a CSV that lists images.
        minutes: that the run may take on this machine, as far as an estimate tells.
        command: what runs settings whose path follows.
        terminal: where to say what was found; None: standard output.

    Returns:
        Path of the settings.

    Raises:
        InputError: the settings are there already, or the workflow could not start with the archive: there is nothing,
            it has fewer than two classes, a class that does not fill a part, or a class without a usable image.
    """
    archive, path, cores = Path(os.path.normpath(archive.absolute())), settings_of(archive), number_of_cores()
    if path.exists():
        raise InputError(f"{path} is there already: run it, or delete it to have it written anew")
    named = {"archive": str(archive), "run": _name_of_run(archive)}
    config, images = with_inputs(_over_the_preset(named), False)
    of_archive = {key: config[key] for key in ("layout", "classes")}
    looked = look_at(config, cores)
    factor = _measured_factor(config, cores)
    for way in FROM_DEAREST_TO_CHEAPEST:
        recipes = _recipes(way, looked.short_side)
        plan = plan_networks(_over_the_preset(named | recipes) | of_archive)
        expected = _scaled(first_lines.estimated(plan, images, cores, _counts(plan, path)), factor)
        if 60 * expected.all_hours <= minutes:
            break
    lines = first_lines.first_lines(plan.config, images, expected, expected.networks, cores)
    lines[1:1] = looked.in_words()
    lines.append(
        f"A training step of the student, measured now, takes {factor:.2g} times as long as on the machine whose times "
        "the estimate has, so it was multiplied by that."
    )
    if 60 * expected.all_hours > minutes:
        lines.append(f"Warning: nothing fits into {minutes:.0f} minutes; these are the cheapest settings.")
    if looked.short_side < LEAST_SIZE:
        lines.append(
            f"Warning: the images are smaller than the {LEAST_SIZE} pixels that ImageNet weights need, and are "
            "enlarged; docs/your-own-images.md says how to train from random weights."
        )
    to_run = shlex.join([*command, os.path.relpath(path)])
    try:
        write_text(_as_yaml(plan.config["run"], archive.name, minutes, to_run, recipes, lines), path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}. The settings stand beside the images") from error
    print("\n".join([*lines, f"Wrote {os.path.relpath(path)}. To run it: {to_run}"]), file=terminal, flush=True)
    return path


def look_at(config: dict, cores: int) -> Looked:
    """Decode up to `MOST_DECODED` images, the same share of each class, spread over its files.

    Args:
        config: the checked configuration, with its inputs.
        cores: images decoded at once.

    Raises:
        InputError: none of a class can be decoded; the first reason is given.
    """
    classes = config["classes"]
    with open_archive(config["archive"]) as opened:
        reading = LAYOUTS[config["layout"]].read(opened, classes)
        assert reading is not None  # `with_inputs` has read it
        of_classes = {name: [image for image in reading.images if image.class_name == name] for name in classes}
        share = min(1, MOST_DECODED / len(reading.images))

        def size_of(image: Image) -> tuple[int, int] | str:
            try:
                return decode(opened.read(image.member)).size
            except (InputError, DecodingError) as error:
                return str(error)

        unusable: dict[str, str] = {}
        sizes: list[tuple[int, int]] = []
        for name, images in of_classes.items():
            number = max(1, round(share * len(images)))
            chosen = [images[index * len(images) // number] for index in range(number)]
            found = list(in_order(size_of, chosen, cores))
            reasons = {image.member: size for image, size in zip(chosen, found, strict=True) if isinstance(size, str)}
            if len(reasons) == number:
                member, reason = next(iter(reasons.items()))
                raise InputError(
                    f"{config['archive']}: expected images of {name} ({some(FORMATS)}), got {number:,} files of which "
                    f"none can be used, such as {member}: {reason}"
                )
            unusable |= reasons
            sizes += [size for size in found if not isinstance(size, str)]
    return Looked(len(unusable) + len(sizes), unusable, sizes)


def minutes(budget: str) -> float:
    """Minutes of a time such as 30m or 1.5h.

    Raises:
        InputError: it is none.
    """
    read = re.fullmatch(r"(\d+(?:\.\d+)?)(m|h)", budget)
    if read is None:
        raise InputError(f"--budget: expected minutes or hours, such as 30m or 2h, got {budget}")
    return float(read[1]) * {"m": 1, "h": 60}[read[2]]


def number_of_cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _over_the_preset(settings: dict) -> dict:
    """The checked configuration of the preset with some settings over it, without its inputs."""
    config = settings_in("../../config.yaml")
    for overlay in (settings_in(f"../../{PRESET}"), settings):
        update_config(config, overlay)
    return checked(config)


def _recipes(way: Way, short_side: float) -> dict[str, dict]:
    """What differs from the preset on a way to take it, and where images are smaller than the preset's.

    Students with an image size of their own are dropped where it is that of the others.
    """
    preset = settings_in(f"../../{PRESET}")

    def size(of_preset: int) -> int:
        least = min(way.side * of_preset, short_side)
        return of_preset if least >= of_preset else max(LEAST_SIZE, int(least) // STEP_OF_SIZES * STEP_OF_SIZES)

    recipes = {
        key: {
            "image_size": size(preset[key].get("image_size") or preset["image_size"]),
            "epochs": int(way.epochs * preset[key]["epochs"]),
        }
        for key in (TEACHER, "student")
    }
    further = {name: size(own["image_size"]) for name, own in preset["students"].items() if "image_size" in (own or {})}
    students = {
        name: {"image_size": side} if way.all_students and side != recipes["student"]["image_size"] else None
        for name, side in further.items()
    }
    return recipes | ({"students": students} if students else {})


def _measured_factor(config: dict, cores: int) -> float:
    """How many times longer a training step of the first student takes than the estimate says."""
    complete = recipe(config, next(iter(config["students"])))
    fix_threads(cores, config["backend"])
    with _silent():
        import_keras()
        from snakedistill.training.step_time import seconds_of_step

        measured = seconds_of_step(complete, len(config["classes"]), config["precision"])
    return measured / expected_seconds_of_step(complete, config["precision"], cores)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Drop what libraries print to standard error, in C++ too."""
    sys.stderr.flush()
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        saved = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _scaled(expected: Estimate, factor: float) -> Estimate:
    return replace(expected, hours={stage: factor * hours for stage, hours in expected.hours.items()})


def _counts(plan: Plan, settings: Path) -> str:
    """The CSV of the images used, which an earlier run may have left beside the settings."""
    files = Files(plan)
    return str(settings.parent / files.of_first_seed(files.counts))


def _name_of_run(archive: Path) -> str:
    """A name for the run, of the archive's."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", settings_of(archive).stem).strip("-.") or "photographs"


def _as_yaml(run: str, archive: str, minutes: float, to_run: str, recipes: dict[str, dict], lines: list[str]) -> str:
    """The settings with comments."""
    first = [
        f"Settings for {archive} and at most {minutes:.0f} minutes of work. To run them:",
        f"    {to_run}",
        f"They lie over {PRESET} of the workflow. Change them, or add keys of it and of config.yaml. image_size is the "
        "side in pixels, with whose square the time grows. epochs are of all of a network, after its head; 0 trains "
        "the head alone. A student that is null is dropped.",
        "",
    ]
    comments = [wrapped for line in [*first, *lines] for wrapped in textwrap.wrap(line, 118) or [""]]
    settings = yaml.safe_dump({"run": run, "archive": archive, **recipes}, sort_keys=False, allow_unicode=True)
    return "\n".join(f"# {line}".rstrip() for line in comments) + "\n\n" + settings
