"""What the configuration names: whether it is there."""

import importlib.util
import zipfile
from collections.abc import Callable
from pathlib import Path

from snakedistill.configuration.check import too_few_classes
from snakedistill.configuration.recipes import recipes
from snakedistill.configuration.remembered import Found
from snakedistill.core.digests import fingerprint_of_archive
from snakedistill.core.errors import InputError, some
from snakedistill.core.files import column_names
from snakedistill.core.settings import EACH
from snakedistill.data.archive import Archive, is_csv, is_zip_of_zips, open_archive
from snakedistill.data.audit import AUDITED
from snakedistill.data.foreign_predictions import wrong_columns
from snakedistill.data.given_predictions import form_of_teacher
from snakedistill.data.layouts import LAYOUTS, ZIP_OF_ZIPS, layout_of
from snakedistill.data.layouts.layout import Reading
from snakedistill.data.named_images import NamedImages, named_images
from snakedistill.data.sample import SAMPLE_CLASSES, are_sample_classes
from snakedistill.networks.backbones import is_saved, rescales
from snakedistill.networks.heads import wrong_units
from snakedistill.paper import PAPERS
from snakedistill.results.reference import short_name
from snakedistill.results.tables import TABLES
from snakedistill.teaching import given

HDF5 = b"\x89HDF\r\n\x1a\n"


def with_inputs(config: dict, software_deployed: bool) -> tuple[dict, NamedImages | None]:
    """Check that the archive, photos, files of networks, weights and predictions, and the backend are there.

    Args:
        config: the checked configuration.
        software_deployed: whether Snakemake brings each rule's software (conda or a container).

    Returns:
        The configuration with the layout of the archive, and with its classes where none are given; and the images
        that the archive names, None of the built-in sample, and of a zip of zips whose classes are given.

    Raises:
        InputError: one line for everything that is missing or of another kind: what was expected, what was given and
            what to do.
    """
    found, images, lines = _layout_and_classes(config)
    lines += _wrong_reference(config["reference"])
    lines += _wrong_teacher(config["teacher"], (config | found)["classes"])
    photos = config["photos"]
    if photos is not None and not Path(photos).is_dir():
        lines.append(f"photos: expected a folder, got {photos}; there is none at {Path(photos).absolute()}")
    lines += _wrong_audit(config["audit"])
    for key, complete in recipes(config).items():
        if is_saved(complete["backbone"]):
            what = "a saved Keras feature extractor"
            wrong = _wrong_file(f"{key}.backbone", complete["backbone"], what, zipfile.is_zipfile)
            lines += wrong
            if not wrong and complete["preprocessing"] != "none" and rescales(complete["backbone"]):
                lines.append(
                    f"{key}.preprocessing: expected none or null with {complete['backbone']}, which rescales images "
                    f"itself, got {complete['preprocessing']}"
                )
        if complete["weights"] not in (None, "imagenet"):
            lines += _wrong_file(f"{key}.weights", complete["weights"], "a Keras HDF5 file of weights", _is_hdf5)
    backend = config["backend"]
    if not software_deployed and importlib.util.find_spec(backend) is None:
        lines.append(f"backend: expected an installed one, got {backend}: install it, or set backend to tensorflow")
    if software_deployed and backend == "torch":
        lines.append("backend: expected tensorflow or jax with conda or a container, got torch, which envs/ lacks")
    if config["classes"] is None and "classes" in found:
        lines += too_few_classes(config["students"], found["classes"])
    if config["paper"] and config["classes"] is None and "classes" in found:
        lines += PAPERS[config["paper"]].contradictions(config | found)
    if lines:
        raise InputError("The workflow cannot start:\n" + "\n".join(f"  {line}" for line in lines))
    return config | found, images


def found(config: dict, software_deployed: bool) -> Found:
    """What planning finds of the inputs, see `with_inputs`.

    Raises:
        InputError: see `with_inputs`.
    """
    complete, images = with_inputs(config, software_deployed)
    return Found(complete, images, fingerprint_of_archive(config["archive"]) if config["archive"] else None)


def _layout_and_classes(config: dict) -> tuple[dict, NamedImages | None, list[str]]:
    """What the archive says of `layout` and `classes`, the images that it names, and what is wrong with it."""
    archive, classes = config["archive"], config["classes"]
    unlisted = {"layout": config["layout"] or ZIP_OF_ZIPS}
    if archive is None:
        return unlisted, None, _wrong_classes_of_sample(classes)
    get_it = f"{PAPERS[config['paper']].ARCHIVE}, or " if config["paper"] else ""
    what_to_do = f"{get_it}give the path of one of these, or set archive to null for the built-in drawings"
    path = Path(archive)
    expected = f"archive: expected a zip file, a folder or a CSV, got {archive}"
    if not path.exists():
        return {}, None, [f"{expected}; there is nothing at {path.absolute()}: {what_to_do}"]
    if not path.is_dir() and not is_csv(path) and not zipfile.is_zipfile(path):
        return {}, None, [f"{expected}, which is none of them: {what_to_do}"]
    try:
        if classes and is_zip_of_zips(path):  # to list it costs a copy of it
            return unlisted, None, []
        with open_archive(path) as opened:
            layout, reading = _read(opened, config["layout"], classes)
            names = reading.class_names()
            if len(names) < 2 if classes is None else set(classes) - set(names):
                return {}, None, [_without_classes(config, opened, names)]
            images = named_images(opened, reading, classes or names, config["split"])
        if config["split"]["seed"] == EACH and not images.is_sampled:
            where = ", ".join(images.sources.values())
            return (
                {},
                None,
                [
                    f"split.seed: expected an integer with {archive}, which gives all parts ({where}), got {EACH}: it "
                    "would assign no image anew; remove the division into parts, or set split.seed to 0"
                ],
            )
        return {"layout": layout, "classes": classes or names}, images, []
    except InputError as error:
        return {}, None, [f"archive: {archive}: {error}"]


def _wrong_classes_of_sample(classes: list[str] | None) -> list[str]:
    if classes is not None and are_sample_classes(classes):
        return []
    got = "null" if classes is None else f"[{some(classes)}]"
    expected = f"classes: expected [{', '.join(SAMPLE_CLASSES)}] with the built-in sample, got {got}"
    return [f"{expected}: give an archive of other classes"]


def _read(opened: Archive, layout: str | None, classes: list[str] | None) -> tuple[str, Reading]:
    """The layout of an archive, given or found, and what it reads; the last one tried where none finds an image."""
    if layout is None:
        return layout_of(opened, classes) or (list(LAYOUTS)[-1], Reading([], []))
    return layout, LAYOUTS[layout].read(opened, classes) or Reading([], [])


def _without_classes(config: dict, opened: Archive, names: list[str]) -> str:
    """What to say of an archive that lacks images of a class, or has fewer than two classes."""
    archive, classes, members = config["archive"], config["classes"], opened.members
    found = f"among its {len(members):,} files, such as {members[0]}" if members else "for it has no file"
    if classes is None:
        has = f"one, {names[0]}" if names else f"none {found}"
        what_to_do = "put the images of each class into a folder with its name, beside the others, or see layout"
        return f"classes: expected two or more classes in {archive}, got {has}: {what_to_do}"
    layout, reading = _read(opened, config["layout"], None)
    others = some(reading.class_names())
    has = f"; the archive has the classes {others}" if others else ""
    expected = LAYOUTS[layout].expected([name for name in classes if name not in names])
    return f"archive: expected {expected}, got {archive} with none {found}{has}; see classes and layout"


def _wrong_reference(reference: str | None) -> list[str]:
    if reference is None:
        return []
    tables = [path for table in TABLES if (path := Path(reference) / f"{table}.csv").is_file()]
    if not tables:
        wanted = ", ".join(f"{table}.csv" for table in TABLES)
        return [f"reference: expected a folder with some of {wanted}, got {reference}, which has none of them"]
    lines = []
    for path in tables:
        table = TABLES[path.stem]
        columns = column_names(path)
        if not set(columns) & set(table.values):
            lines.append(
                f"reference: expected a column {' or '.join(table.values)} in {path}, got {', '.join(columns)}"
            )
        if taken := {f"{short_name(reference)}_{value}" for value in table.values} & set(columns):
            lines.append(
                f"reference: expected a folder of another name, got {reference}, for {path} has {sorted(taken)}"
            )
    return lines


def _wrong_teacher(teacher: dict, classes: list[str] | None) -> list[str]:
    """What is wrong with the file of a given teacher, as far as its kind tells, and its columns or last layer."""
    how = given(teacher)
    if how is None:
        return []
    key, path = f"teacher.{how}", teacher[how]
    if how == "classifier":
        what = "a saved Keras classifier (.keras)"
        lines = _wrong_file(key, path, what, lambda one: is_saved(path) and zipfile.is_zipfile(one))
    else:
        lines = _wrong_file(key, path, "a CSV of predictions", lambda one: True)
    if lines or classes is None:
        return lines
    wrong = wrong_units(path, len(classes)) if how == "classifier" else wrong_columns(path, form_of_teacher(classes))
    return [] if wrong is None else [f"{key}: {wrong}"]


def _wrong_audit(path: str | None) -> list[str]:
    """What is wrong with the file to audit, as far as its columns tell."""
    if path is None:
        return []
    lines = []
    if not Path(path).is_dir():
        lines = _wrong_file("audit", path, "a CSV of predictions, an artefact or a folder of them", lambda one: True)
    wrong = None if lines else wrong_columns(path, AUDITED)
    return lines if wrong is None else [f"audit: {wrong}"]


def _wrong_file(key: str, given: str, what: str, is_one: Callable[[Path], bool]) -> list[str]:
    path = Path(given)
    if not path.is_file():
        return [f"{key}: expected {what}, got {given}; there is no file at {path.absolute()}"]
    return [] if is_one(path) else [f"{key}: expected {what}, got {given}, which is none"]


def _is_hdf5(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(HDF5)) == HDF5
