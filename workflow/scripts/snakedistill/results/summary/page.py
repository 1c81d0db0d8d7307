"""The page that holds a whole result, in Markdown."""

import json
from pathlib import Path

from snakedistill.core.files import read_csv
from snakedistill.core.lineage import check_settings
from snakedistill.core.network_ids import parsed
from snakedistill.core.pixels import Pixels
from snakedistill.data.named_images import few_images
from snakedistill.data.odd_images import odd_images
from snakedistill.export.usable import exports_in_words
from snakedistill.results.findings.finding import capital
from snakedistill.results.summary.cells import escaped, picture, write_markdown
from snakedistill.results.summary.contents import Contents
from snakedistill.results.summary.frontier import teacher_and_chosen
from snakedistill.results.summary.head import (
    beside_probes,
    does_distilling_pay,
    how_to_read,
    images_in_words,
    learned_nothing,
    megabytes,
    networks_table,
    warnings_block,
)
from snakedistill.results.summary.instrument import findings_in_short
from snakedistill.results.summary.sections import SECTIONS, paragraphs
from snakedistill.results.verdict import verdict
from snakedistill.teaching import TEACHER_WAY, networks


def write_summary(
    run_description: dict[str, str],
    warnings: list[str],
    index: str,
    pixels: list[Pixels],
    counts: str,
    rejected: str,
    copies: str,
    splits: str,
    tables: dict[str, str],
    figures: list[str],
    sections_of_pictures: dict[str, str],
    inserts: list[str],
    headings: dict[str, str],
    measurements: list[str],
    exports: list[str],
    int8_max_drop: float,
    lineages: list[str],
    settings: dict[str, dict],
    students: dict,
    teacher_is_given: bool,
    shown: list[str],
    choice: dict,
    reference: str | None,
    about_reference: str,
    summary: str,
) -> None:
    """Write the whole result on one page of Markdown.

    One seed has intervals over images; several seeds have their mean and standard deviation instead.

    Args:
        run_description: sentences by what they are about.
        warnings: sentences, without a full stop, on what was doubtful before the first job.
        index: CSV of the usable images: image_id, class, width, height, grey.
        pixels: what the networks take.
        counts: CSV of the images used: class, split, images; of the first seed, as all that follows from the split.
        rejected: CSV of the files and images that are not used: member, reason.
        copies: CSV of the images that are copies of one another: group, image_id.
        splits: CSV of the images used: image_id, split.
        tables: paths by name, all of `TABLES`.
        figures: PNG files in a folder beside the page.
        sections_of_pictures: key of `SECTIONS` by the file name of a picture without suffix.
        inserts: Markdown files with further sections, which stand first.
        headings: heading by key of `SECTIONS`.
        measurements: JSON files of the exported networks, of all seeds.
        exports: JSON files of every export, in each form.
        int8_max_drop: see `export.usable.costs_too_much`.
        lineages: lineage files of the models, of all seeds.
        settings: what each network must have been trained with, by id, see `lineage.training_settings`.
        students: the config's `students`.
        teacher_is_given: whether the teacher was not trained here.
        shown: ids of the networks that sentences compare, a teacher and a student.
        choice: margin, ms and mb, see `measures.choice`.
        reference: short name of the reference numbers, or None.
        about_reference: what they are, in words.
        summary: Markdown file to write.

    Raises:
        InputError: a network was trained with other settings.
    """
    _check_settings(lineages, settings)
    frames = {name: read_csv(path) for name, path in tables.items()}
    known = networks(students, None if teacher_is_given else TEACHER_WAY)
    known |= {name: parsed(name) for name in frames["uncertainty"]["network"].unique() if name not in known}  # probes
    contents = Contents(frames, known, shown, megabytes(measurements), reference)
    pictures: dict[str, list[str]] = {section: [] for section in SECTIONS}
    for path in map(Path, figures):
        pictures[sections_of_pictures[path.stem]].append(picture(path))
    first_seed = frames["uncertainty"]["seed"].iloc[0]
    doubts = warnings + _about_images(index, splits, counts, pixels)
    warned = learned_nothing(frames["best_epoch"], frames["confusion"])
    warned += [f"{capital(one) if one.split()[0].isalpha() else one}." for one in map(escaped, doubts)]
    warned += [f"{sentence}." for sentence in exports_in_words(exports, int8_max_drop)]
    about, *more_about = run_description.values()
    page = [
        "# Knowledge distillation: what was measured",
        about,
        f"**{escaped(verdict(frames['frontier'], **choice))}**",
        *teacher_and_chosen(frames["frontier"]),
        does_distilling_pay(frames, choice["margin"]),
        *warnings_block(warned),
        *pictures.pop("frontier"),
        *findings_in_short(contents),
        *(["\n>\n".join(f"> {sentence}" for sentence in more_about)] if more_about else []),
        images_in_words(
            read_csv(counts),
            read_csv(rejected),
            read_csv(copies),
            read_csv(splits),
            assigned_by=first_seed if contents.assigned else None,
        ),
        networks_table(contents),
        *beside_probes(frames["comparisons"]),
        how_to_read(contents, about_reference),
        *(Path(path).read_text(encoding="utf-8").rstrip() for path in inserts),
    ]
    for key in SECTIONS:
        page += [f"## {headings[key]}", *paragraphs(key, contents, pictures.get(key, []))]
    write_markdown(page, summary)


def _about_images(index: str, splits: str, counts: str, pixels: list[Pixels]) -> list[str]:
    """What is doubtful about the images that are used: few of a class, odd ones."""
    sizes: dict[str, dict[str, int]] = {}
    for name, part, images in read_csv(counts)[["class", "split", "images"]].itertuples(index=False):
        sizes.setdefault(name, {})[part] = images
    images = read_csv(index)
    return few_images(sizes) + odd_images(images[images["image_id"].isin(read_csv(splits)["image_id"])], pixels)


def _check_settings(lineages: list[str], settings: dict[str, dict]) -> None:
    found, expected = {}, {}
    for path in map(Path, lineages):
        lineage = json.loads(path.read_text(encoding="utf-8"))
        model = str(path.with_name(f"{lineage['network']}.keras"))
        found[model], expected[model] = lineage["settings"], settings[lineage["network"]]
    check_settings(found, expected)
