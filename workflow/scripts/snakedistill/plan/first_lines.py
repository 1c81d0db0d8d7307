"""What a user reads before the first job: the images, what is to be done, how long it takes, and what is doubtful."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from snakedistill.configuration import pretrained
from snakedistill.configuration.estimate import Estimate, estimate
from snakedistill.configuration.recipes import recipes
from snakedistill.core.errors import InputError
from snakedistill.core.parts import PARTS
from snakedistill.core.processor import computes_in_bfloat16
from snakedistill.data.named_images import NamedImages, few_images
from snakedistill.export.forms import FORMS
from snakedistill.plan.code import settings_in
from snakedistill.plan.networks import Plan

PRESET = "presets/photographs.yaml"
MOST_CLASSES = 6
MOST_WARNINGS = 4
MOST_REASONS = 3


def check_recipe(config: dict) -> None:
    """Check that an archive is not given the recipe of the built-in sample, which is in `config.yaml`.

    A run has a recipe of its own as soon as anything in `teacher`, in `student` or the `image_size` differs.

    Args:
        config: the checked configuration.

    Raises:
        InputError: it is; the command with the preset for photographs is given.
    """
    sample = settings_in("../../config.yaml")
    if config["archive"] is None or any(config[key] != sample[key] for key in ("teacher", "student", "image_size")):
        return
    raise InputError(
        f"archive: got {config['archive']} with the recipe of config.yaml, which is for the built-in drawings: random "
        f"weights at {sample['image_size']} pixels. Photographs are for\n\n"
        f"    snakemake --cores all --configfile {PRESET} --config archive={shlex.quote(config['archive'])}\n\n"
        "For other images give teacher, student or image_size a value of your own."
    )


def warnings(config: dict, images: NamedImages | None) -> list[str]:
    """Sentences, without a full stop, on what can hardly be meant; the summary begins with them too.

    Args:
        config: the checked configuration, with its inputs.
        images: the images that the archive names, or None.
    """
    found = [] if images is None else images.warnings
    return [*found, *(line for key, complete in recipes(config).items() for line in pretrained.warnings(key, complete))]


def estimated(plan: Plan, images: NamedImages | None, cores: int, counts: str) -> Estimate:
    """What the whole run takes, roughly.

    Args:
        plan: the networks.
        images: the images that the archive names, or None.
        cores: processor cores to use.
        counts: CSV of the images used, which an earlier run may have left.
    """
    exported = [
        network
        for form in plan.forms
        for network in (len(plan.config["seeds"]) * [*plan.exported] if FORMS[form].always else plan.in_all_forms)
    ]
    probed = {probe: network for network, probe in plan.probes.items()}.values()
    in_full = list(plan.timed_in_full)
    return estimate(plan.config, images, in_full, exported, probed, cores, counts, len(plan.timed) - len(in_full))


def first_lines(
    config: dict, images: NamedImages | None, expected: Estimate, training_runs: int, cores: int
) -> list[str]:
    """The lines that a user reads before the first job.

    Args:
        config: the checked configuration, with its inputs.
        images: the images that the archive names, or None.
        expected: estimate of the whole run.
        training_runs: number of training runs to do now.
        cores: processor cores to use.
    """
    if images:
        lines = _images_in_words(config, images)
    else:
        of = f"images of {Path(config['archive']).name}" if config["archive"] else "drawings of the built-in sample"
        lines = [f"About {expected.images:,} {of}."]
    lines.append(f"Training runs: {training_runs} to do, of {expected.networks} in the whole experiment.")
    lines.append(expected.in_words(cores))
    if config["precision"] == "bfloat16" and not computes_in_bfloat16():
        lines.append(
            "This processor has no instructions for bfloat16 that TensorFlow uses: precision=float32 is faster."
        )
    doubts = warnings(config, images) + (few_images(images.sizes) if images else [])
    lines += [f"Warning: {sentence}." for sentence in doubts[:MOST_WARNINGS]]
    if len(doubts) > MOST_WARNINGS:
        lines.append(f"More warnings at the head of the summary: {len(doubts) - MOST_WARNINGS}.")
    return lines


def _images_in_words(config: dict, images: NamedImages) -> list[str]:
    """The images by class and by part, where the parts come from, and what is not used."""
    of_classes, of_parts = images.of_classes, images.of_parts
    total = sum(of_classes.values())
    parts = ", ".join(f"{part} {of_parts[part]:,} ({images.sources[part]})" for part in PARTS)
    lines = [
        f"Images of {Path(config['archive']).name}: {total:,} of {len(of_classes)} classes, by their names: "
        f"{_numbers(of_classes)}.",
        f"Parts: {parts}.",
    ]
    if images.unused:
        lines.append(f"Not used: {_reasons(images.unused)}.")
    return lines


def _numbers(of_classes: dict[str, int]) -> str:
    """For example "ants 195, bees 203"; of many classes the smallest and the largest."""
    items: Sequence[tuple[str, int]] = list(of_classes.items())
    between = ", "
    if len(items) > MOST_CLASSES:
        items, between = sorted(items, key=lambda item: item[1])[:: len(items) - 1], " to "
    return between.join(f"{name} {number:,}" for name, number in items)


def _reasons(unused: dict[str, int]) -> str:
    """How many files are not used, for the most frequent reasons."""
    items = sorted(unused.items(), key=lambda item: -item[1])
    reasons = [f"{number:,}: {reason}" for reason, number in items[:MOST_REASONS]]
    if len(items) > MOST_REASONS:
        reasons.append(f"{sum(number for _, number in items[MOST_REASONS:]):,} for other reasons")
    return f"{sum(unused.values()):,} file{'s' if sum(unused.values()) > 1 else ''} ({'; '.join(reasons)})"
