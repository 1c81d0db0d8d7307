"""The index: every usable image of an archive."""

from pathlib import Path

import imagehash
import numpy as np
import pandas as pd
from PIL import Image as Picture

from snakedistill.core.digests import fingerprint_of_bytes
from snakedistill.core.errors import InputError, some
from snakedistill.core.files import write_csv
from snakedistill.core.threads import in_order
from snakedistill.data.archive import natural, open_archive
from snakedistill.data.decoding import DecodingError, decode
from snakedistill.data.layouts import LAYOUTS
from snakedistill.data.layouts.layout import Image, Reading

INDEX_COLUMNS = ["image_id", "member", "class", "label", "width", "height", "grey", "sha256", "perceptual_hash"]
REJECTED_COLUMNS = ["member", "reason"]
SPLIT = "split"


def write_index(
    archive: str | Path, layout: str, classes: list[str], index: str | Path, unusable: str | Path, threads: int
) -> None:
    """Decode every image of `archive` once and list the usable ones and the others.

    Args:
        archive: path of the archive, see `open_archive`.
        layout: key of `layouts.LAYOUTS`, which tells the image and the class of a file.
        classes: names; the position of a name is its label.
        index: CSV to write: image_id, member, class, label, width, height (pixels), grey (yes where it has no colour),
            sha256 of the file's bytes, perceptual_hash (64 bits in hexadecimal, similar for pictures that look
            similar), and split where the layout gives it; ordered by label, then by number.
        unusable: CSV to write: member, reason.
        threads: images decoded at once.

    Raises:
        InputError: there is no archive, or it has no usable image of a class; the counts are given.
    """
    described = LAYOUTS[layout]
    with open_archive(archive) as opened:
        reading = described.read(opened, classes) or Reading([], [])
        rejected = [*opened.refused, *reading.rejected]
        usable: list[tuple] = []
        label_of = {name: label for label, name in enumerate(classes)}

        def examine(image: Image) -> tuple | str:
            """A row of the index, or why the image is not usable."""
            try:
                data = opened.read(image.member)
                picture = decode(data)
            except (InputError, DecodingError) as error:
                return str(error)
            label, looks = label_of[image.class_name], str(imagehash.dhash(picture))
            grey = "yes" if _is_grey(picture) else "no"
            about = picture.width, picture.height, grey, fingerprint_of_bytes(data), looks
            return image.image_id, image.member, image.class_name, label, *about, image.part

        for image, examined in zip(reading.images, in_order(examine, reading.images, threads), strict=True):
            if isinstance(examined, str):
                rejected.append((image.member, examined))
            else:
                usable.append(examined)

    usable.sort(key=lambda row: (row[3], natural(row[0])))  # label and image_id
    frame = pd.DataFrame(usable, columns=[*INDEX_COLUMNS, SPLIT])
    frame = frame.drop(columns=SPLIT) if frame[SPLIT].isna().all() else frame
    counts = {name: int((frame["label"] == label).sum()) for label, name in enumerate(classes)}
    if not all(counts.values()):
        listed = some(f"{name} {count}" for name, count in counts.items())
        raise InputError(
            f"{archive}: expected usable images of each class, got {listed}; {len(rejected)} members were rejected"
            + (f", the first, {rejected[0][0]}, because {rejected[0][1]}" if rejected else "")
            + f". The layout expects {described.expected(classes)}, see `classes:`."
        )
    write_csv(pd.DataFrame(rejected, columns=REJECTED_COLUMNS), unusable)
    write_csv(frame, index)
    pixels = (frame["width"] * frame["height"]).mean()
    print(f"{len(usable)} usable images, {pixels / 1e6:.3f} megapixel on average; {counts}")
    print(f"{len(rejected)} members rejected")


def _is_grey(image: Picture.Image) -> bool:
    """Whether an RGB image has no colour, at 64 x 64 of its pixels."""
    pixels = np.asarray(image.resize((64, 64), Picture.Resampling.NEAREST))
    return bool((pixels == pixels[..., :1]).all())
