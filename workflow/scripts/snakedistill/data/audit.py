"""Predictions of networks from elsewhere, in one CSV that the user gives to have them measured."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from snakedistill.core.errors import InputError, nearest, some
from snakedistill.core.parts import PARTS, TEST, VALIDATION
from snakedistill.data.foreign_predictions import SEED, Form, Rows, first_places, read_rows

AUDITED = Form(("label", "network", SEED), "see docs/audit.md", ("split", "source", "group"))
_NUMBERS = ["0", "1"]
"""Names of two classes whose labels are numbers."""


@dataclass(frozen=True)
class AuditedPart:
    """The images of a part, and what the networks say of them.

    Attributes:
        image_id: text [n], in the order in which the file first names them.
        label: manual label, int64 [n].
        outputs: logits or probabilities, float [seeds, networks, n, outputs]; one output is of class 1, more are those
            of each class.
        group: name of the group of each image, object [n]; None where the file has no groups.
    """

    image_id: pd.Series
    label: np.ndarray
    outputs: np.ndarray
    group: np.ndarray | None = None

    def of_group(self, name: str) -> "AuditedPart":
        """The images of a group alone."""
        member = self.group == name
        image_id = self.image_id[member].reset_index(drop=True)
        return AuditedPart(image_id, self.label[member], self.outputs[:, :, member])


@dataclass(frozen=True)
class Audit:
    """Predictions of networks from elsewhere.

    Attributes:
        classes: names; the position of a name is its label.
        seeds: in ascending order; every network has all of them.
        networks: names, in the order of the file, but each source before the networks that it taught.
        sources: name of the source of each network, or None, in the order of the networks.
        quantity: what the outputs are, `logit` or `probability`.
        parts: those that have images, in the order of `PARTS`; the test part is among them.
    """

    classes: list[str]
    seeds: list[int]
    networks: list[str]
    sources: dict[str, str | None]
    quantity: str
    parts: dict[str, AuditedPart]

    @property
    def groups(self) -> list[str]:
        """The groups of the test images, by name; none where the file has no groups."""
        group = self.parts[TEST].group
        return [] if group is None else sorted(set(group))

    def of_group(self, name: str) -> "Audit":
        """The test images of a group, and the whole validation part, on which temperatures are fitted."""
        kept = {part: images for part, images in self.parts.items() if part == VALIDATION}
        return replace(self, parts=kept | {TEST: self.parts[TEST].of_group(name)})


def read_audit(path: str | Path) -> Audit:
    """Read and check the predictions of networks from elsewhere.

    Args:
        path: CSV with the columns image_id, label, network, seed, and those of the outputs: `logit` or `probability` of
            class 1, or `logit.<class>` or `probability.<class>` of each class; perhaps split (without it all rows are
            of the test part), source (empty for none) and group (of images). Further columns are ignored. Or an
            artefact of a run, a zip, or a folder of artefacts, whose rows count as those of one file, in the order of
            the artefacts' names.

    Returns:
        The predictions. They are float32, and probabilities of each class are divided by their sum; but probabilities
        of class 1 are float64, for the digits of 1 - p count.

    Raises:
        InputError: the file is no CSV, lacks a column, or a row does not fit its column or the other rows. The message
            names the first such row by its number after the header, or the network that lacks rows.
    """
    rows, form, outputs = read_rows(path, AUDITED)
    grouped = "group" in rows.frame
    for column in ("image_id", "network", *(["group"] if grouped else [])):
        rows.refuse(rows.are(column, ""), column, "a name")
    classes, label = _classes_and_labels(rows, form.classes)
    part = _parts(rows)
    first = rows.first_of_each("image_id")
    earlier = first[rows.codes("image_id")]
    rows.refuse(label != label[earlier], "label", "one label of each image", earlier)
    rows.refuse(part != part[earlier], "split", "each image in one part", earlier)
    if grouped:
        rows.refuse(rows.codes("group") != rows.codes("group")[earlier], "group", "one group of each image", earlier)
    sources = _sources(rows)
    groups = _groups(rows, list(sources))
    parts = {}
    for number, name in enumerate(PARTS):
        firsts = np.sort(first[part[first] == number])
        if len(firsts):
            row_of = _row_of_each(rows, groups, name, np.flatnonzero(part == number), firsts)
            shape = len(groups.seeds), len(groups.networks), len(firsts), outputs.shape[1]
            group = rows.names("group")[rows.codes("group")[firsts]] if grouped else None
            parts[name] = AuditedPart(rows.images(firsts), label[firsts], outputs[row_of].reshape(shape), group)
    if TEST not in parts:
        raise InputError(f"{path}: expected rows of the part {TEST}, got rows of {some(parts)} alone: {AUDITED.see}")
    return Audit(classes, groups.seeds, groups.networks, sources, form.quantity, parts)


def _classes_and_labels(rows: Rows, classes: list[str] | None) -> tuple[list[str], np.ndarray]:
    """Names of the classes, and the label of each row, int64 [rows].

    Args:
        rows: the rows.
        classes: names where the header has them; else the labels are 0 and 1, or two names in alphabetical order.
    """
    names, first = rows.names("label"), rows.first_of_each("label")
    rows.refuse(rows.are("label", ""), "label", "a class")
    if classes is None:
        classes = _NUMBERS if set(names) <= set(_NUMBERS) else sorted(names[np.argsort(first)[:2]])
        expected = f"one of two classes, {' or '.join(classes)}"
        if len(classes) < 2:
            raise InputError(f"{rows.path}: expected labels 0 and 1, or two names, got {classes[0]} in every row")
    else:
        expected = f"one of the classes of the columns, {some(classes)}"
    place = {name: number for number, name in enumerate(classes)}
    label = np.array([place.get(name, -1) for name in names])[rows.codes("label")]
    rows.refuse(label < 0, "label", expected)
    return classes, label


def _parts(rows: Rows) -> np.ndarray:
    """The number of the part of each row, a place in `PARTS`, int64 [rows]."""
    if "split" not in rows.frame:
        return np.full(len(rows.frame), PARTS.index(TEST))
    place = {name: number for number, name in enumerate(PARTS)}
    part = np.array([place.get(name, -1) for name in rows.names("split")])[rows.codes("split")]
    rows.refuse(part < 0, "split", f"one of {', '.join(PARTS)}")
    return part


def _sources(rows: Rows) -> dict[str, str | None]:
    """The source of each network, or None; each source stands before the networks that it taught."""
    names, first = rows.names("network"), rows.first_of_each("network")
    networks = list(names[np.argsort(first)])
    if "source" not in rows.frame:
        return dict.fromkeys(networks)
    code, taught_by = rows.codes("source"), rows.names("source")
    earlier = first[rows.codes("network")]
    rows.refuse(code != code[earlier], "source", "one source of each network", earlier)
    known = np.isin(taught_by.astype(str), ["", *networks])
    if not known.all():
        unknown = taught_by[int(code[~known[code]][0])]
        expected = f"empty or one of the networks, {some(networks)}{nearest(unknown, networks)}"
        rows.refuse(~known[code], "source", expected)
    sources = {name: taught_by[code[row]] or None for name, row in zip(names, first, strict=True)}
    return {network: sources[network] for network in _sources_first(rows.path, networks, sources)}


def _sources_first(path: str | Path, networks: list[str], sources: dict[str, str | None]) -> list[str]:
    """The networks in their order, but each source before the networks that it taught."""
    ordered: dict[str, None] = {}
    for network in networks:
        line: list[str] = []
        above: str | None = network
        while above is not None and above not in ordered:
            if above in line:
                circle = " <- ".join([*line[line.index(above) :], above])
                raise InputError(f"{path}: expected a network without a source at the head of each line, got {circle}")
            line.append(above)
            above = sources[above]
        ordered |= dict.fromkeys(reversed(line))
    return list(ordered)


@dataclass(frozen=True)
class _Groups:
    """The rows of each seed and network.

    Attributes:
        seeds: in ascending order.
        networks: names.
        of_rows: number of the seed times the number of networks, plus the number of the network, int64 [rows].
    """

    seeds: list[int]
    networks: list[str]
    of_rows: np.ndarray

    def in_words(self, number: int) -> str:
        """The network and the seed of a group."""
        seed, network = divmod(number, len(self.networks))
        return f"network {self.networks[network]!r}, seed {self.seeds[seed]}"


def _groups(rows: Rows, networks: list[str]) -> _Groups:
    """Raises an InputError where a network lacks a seed that another one has."""
    place = {name: number for number, name in enumerate(networks)}
    network = np.array([place[name] for name in rows.names("network")])[rows.codes("network")]
    seed, seeds = pd.factorize(rows.frame[SEED], sort=True)
    groups = _Groups(list(map(int, seeds)), networks, seed * len(networks) + network)
    there = np.sort(pd.unique(groups.of_rows))
    if len(there) < len(seeds) * len(networks):
        lacking = int(np.append(np.flatnonzero(there != np.arange(len(there))), len(there))[0])
        raise InputError(
            f"{rows.path}: expected every network to have the same seeds, {some(groups.seeds)}, got no row of "
            f"{groups.in_words(lacking)}"
        )
    return groups


def _row_of_each(rows: Rows, groups: _Groups, part: str, of_part: np.ndarray, firsts: np.ndarray) -> np.ndarray:
    """The row of each seed, network and image of a part, int64 [seeds * networks * n].

    Args:
        rows: the rows.
        groups: seeds and networks.
        part: name.
        of_part: rows of the part, int [rows of the part].
        firsts: first row of each image, int [n].

    Raises:
        InputError: an image has two rows of the same seed and network, or none.
    """
    images, many = len(firsts), len(groups.seeds) * len(groups.networks)
    place = np.empty(len(rows.names("image_id")), np.int64)
    place[rows.codes("image_id")[firsts]] = np.arange(images)
    image, group = place[rows.codes("image_id")[of_part]], groups.of_rows[of_part]
    if len(of_part) < many * images:  # before there is an array as large as that
        lacking = int((np.bincount(group, minlength=many) < images).argmax())
        absent = np.bincount(image[group == lacking], minlength=images) == 0
        example = rows.frame["image_id"].iloc[firsts[int(absent.argmax())]]
        raise InputError(
            f"{rows.path}: expected every network and seed to have the same images, got none of {absent.sum():,} of "
            f"the {images:,} images of the part {part} for {groups.in_words(lacking)}, for example {example!r}"
        )
    cell = group * images + image
    found = first_places(cell, many * images)
    again = found[cell] != np.arange(len(cell))
    if again.any():
        second = int(again.argmax())
        where, whose = rows.where(of_part[second]), groups.in_words(int(group[second]))
        earlier = of_part[found[cell[second]]] + 1
        raise InputError(f"{where}: expected one row of each image of {whose}, got a second one after row {earlier}")
    return of_part[found]
