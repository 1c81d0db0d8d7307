"""The images of an archive by their names: what is known of them before one is decoded."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from posixpath import splitext

import numpy as np

from snakedistill.core.errors import some
from snakedistill.core.parts import PARTS, TEST, TRAIN, VALIDATION
from snakedistill.data.archive import Archive
from snakedistill.data.decoding import NOT_SUPPORTED
from snakedistill.data.layouts.layout import Image, Reading
from snakedistill.data.layouts.split_folders import PART_NAMES
from snakedistill.data.part_sizes import DROPPED, UNSAMPLED, expected_sizes
from snakedistill.measures.intervals import NORMAL

UNSUPPORTED = {"tif": "TIFF", "tiff": "TIFF", "heic": "HEIC", "heif": "HEIF", "avif": "AVIF"}
FEW_TO_TEST = 30  # of a class: an accuracy of 0.9 is then known to within 11 percentage points
FEW_TO_TRAIN = 20  # of a class
SAMPLED = "sampled"


@dataclass(frozen=True)
class NamedImages:
    """The images of an archive by their names.

    Attributes:
        sizes: the images of each part, by class in the order of the classes, if all are usable and none are copies.
        sources: where the images of each part come from, in words.
        unused: number of files that are not used, by reason.
        warnings: sentences, without a full stop, on what may not be meant.
    """

    sizes: dict[str, dict[str, int]]
    sources: dict[str, str]
    unused: dict[str, int]
    warnings: list[str]

    @property
    def is_sampled(self) -> bool:
        """Whether the seed of the split decides anything: the part of an image, or whether it is used."""
        sampled = any(source.startswith(SAMPLED) for source in self.sources.values())
        return sampled or not {UNSAMPLED, DROPPED}.isdisjoint(self.unused)

    @property
    def of_classes(self) -> dict[str, int]:
        """The number of images by class."""
        return {name: sum(parts.values()) for name, parts in self.sizes.items()}

    @property
    def of_parts(self) -> dict[str, int]:
        """The number of images by part."""
        return {part: sum(parts[part] for parts in self.sizes.values()) for part in PARTS}


def named_images(archive: Archive, reading: Reading, classes: list[str], split: dict) -> NamedImages:
    """Count the images that an archive names, by class and part.

    Args:
        archive: the open archive.
        reading: what its layout says of its files, of these classes.
        classes: names.
        split: the config's `split`.

    Raises:
        InputError: a class does not fill a part, or the archive's own split lacks train; the counts are given.
    """
    unused = Counter(reason for _, reason in (*archive.refused, *reading.rejected))
    images = []
    for image in reading.images:
        kind = UNSUPPORTED.get(splitext(image.member)[1][1:].lower())
        if kind is None:
            images.append(image)
        else:
            unused[NOT_SUPPORTED.format(kind)] += 1
    label_of = {name: label for label, name in enumerate(classes)}
    labels = np.array([label_of[image.class_name] for image in images], int)
    parts = np.array([image.part for image in images], dtype=object)
    is_given = bool(len(parts)) and all(parts)
    shares = {part: split[part] for part in PARTS}
    of_class = expected_sizes(labels, parts if is_given else None, shares, split["balanced"], classes)
    kept = sum(sum(sizes.values()) for sizes in of_class)
    if kept < len(images):
        unused[DROPPED] = len(images) - kept
    if (wanted := split["images"]) is not None and wanted < kept:
        unused[UNSAMPLED] = kept - wanted
        of_class = [{part: round(size * wanted / kept) for part, size in sizes.items()} for sizes in of_class]
    sizes = dict(zip(classes, of_class, strict=True))
    sources = _sources(images) if is_given else dict.fromkeys(PARTS, SAMPLED)
    found = NamedImages(sizes, sources, dict(unused), list(reading.warnings))
    if VALIDATION in parts and TEST not in parts:
        found.warnings.insert(0, _test_is_sampled(found))
    return found


def few_images(sizes: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Sentences, without a full stop, on classes with few images, and what that means for the result.

    The margin of an accuracy is that of the normal approximation for 0.9.

    Args:
        sizes: the images of each part, by class.
    """
    found = []
    if few := _fewer(sizes, TEST, FEW_TO_TEST):
        smallest = min(few.values())
        margin = 100 * NORMAL * sqrt(0.9 * 0.1 / smallest)
        found.append(
            f"few test images ({_numbers(few)}): an accuracy of 0.9 on {smallest} of them is known to within "
            f"{margin:.0f} percentage points, and smaller differences between networks say nothing of these classes"
        )
    if few := _fewer(sizes, TRAIN, FEW_TO_TRAIN):
        found.append(
            f"few images to train on ({_numbers(few)}): more photographs of these classes help more than any setting"
        )
    return found


def _fewer(sizes: Mapping[str, Mapping[str, int]], part: str, least: int) -> dict[str, int]:
    """The classes of which a part has fewer images, the smallest first."""
    few = {name: parts[part] for name, parts in sizes.items() if parts[part] < least}
    return dict(sorted(few.items(), key=lambda item: item[1]))


def _numbers(few: dict[str, int]) -> str:
    return some(f"{name} {number}" for name, number in few.items())


def _sources(images: list[Image]) -> dict[str, str]:
    """Where the images of each part come from: a folder or a word of the archive, or the part they are sampled from."""
    spelled: dict[str, str] = {}
    for image in images:
        folder = image.image_id.partition("/")[0]
        is_folder = PART_NAMES.get(folder.casefold()) == image.part
        spelled.setdefault(str(image.part), f"{folder}/" if is_folder else f"the archive's {image.part}")
    return {part: spelled.get(part, f"{SAMPLED} from {spelled[TRAIN]}") for part in PARTS}


def _test_is_sampled(found: NamedImages) -> str:
    """What it means that an archive gives validation, and no test part."""
    given = found.sources[VALIDATION]
    to_do = f"rename {given} to test/" if given.endswith("/") else "call these images test"
    return (
        f"{given} chooses epochs, and test is {found.of_parts[TEST]:,} images {found.sources[TEST]}: {to_do} to be "
        "measured on it"
    )
