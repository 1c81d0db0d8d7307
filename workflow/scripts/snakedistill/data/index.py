"""The index: every usable image of an archive."""

from pathlib import Path

import imagehash
import pandas as pd

from snakedistill.core.digests import fingerprint_of_bytes
from snakedistill.core.errors import InputError
from snakedistill.core.files import write_csv
from snakedistill.core.threads import in_order
from snakedistill.data.archive import natural, open_archive
from snakedistill.data.decoding import DecodingError, decode
from snakedistill.data.layouts import LAYOUTS
from snakedistill.data.rejected import REJECTED_COLUMNS

INDEX_COLUMNS = ["image_id", "member", "label", "width", "height", "sha256", "perceptual_hash"]


def write_index(
    archive: str | Path, layout: str, classes: list[str], index: str | Path, unusable: str | Path, threads: int
) -> None:
    """Decode every image of `archive` once and list the usable ones and the others.

    Args:
        archive: path of the archive, see `open_archive`.
        layout: key of `layouts.LAYOUTS`, which tells the image and the class of a file.
        classes: names; the position of a name is its label.
        index: CSV to write: image_id, member, label, width, height (pixels), sha256 of the file's bytes,
            perceptual_hash (64 bits in hexadecimal, similar for pictures that look similar); ordered by label, then by
            number.
        unusable: CSV to write: member, reason.
        threads: images decoded at once.

    Raises:
        InputError: there is no archive, or it has no usable image of a class; the counts are given.
    """
    found = LAYOUTS[layout]
    usable: list[dict] = []
    with open_archive(archive) as opened:
        rejected = [{"member": member, "reason": reason} for member, reason in opened.refused]
        wanted: dict[str, tuple[str, int]] = {}
        for member in opened.members:
            try:
                image_id, label = found.image(member, classes)
                if image_id in wanted:
                    raise InputError(f"a second image named {image_id}")
            except InputError as error:
                rejected.append({"member": member, "reason": str(error)})
            else:
                wanted[image_id] = (member, label)

        def examine(image_id: str) -> dict:
            member, label = wanted[image_id]
            try:
                data = opened.read(member)
                picture = decode(data)
            except (InputError, DecodingError) as error:
                return {"member": member, "reason": str(error)}
            return {
                "image_id": image_id,
                "member": member,
                "label": label,
                "width": picture.width,
                "height": picture.height,
                "sha256": fingerprint_of_bytes(data),
                "perceptual_hash": str(imagehash.dhash(picture)),
            }

        for row in in_order(examine, list(wanted), threads):
            (rejected if "reason" in row else usable).append(row)

    counts = {name: sum(row["label"] == label for row in usable) for label, name in enumerate(classes)}
    if not all(counts.values()):
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise InputError(
            f"{archive} lacks usable images of a class: {listed}; {len(rejected)} members were rejected"
            + (f", the first, {rejected[0]['member']}, because {rejected[0]['reason']}" if rejected else "")
            + f". Expected {found.expected(classes)}, see `classes:`."
        )
    usable.sort(key=lambda row: (row["label"], natural(row["image_id"])))
    write_csv(pd.DataFrame(rejected, columns=REJECTED_COLUMNS), unusable)
    write_csv(pd.DataFrame(usable, columns=INDEX_COLUMNS), index)
    sizes = [row["width"] * row["height"] for row in usable]
    print(f"{len(usable)} usable images, {sum(sizes) / len(sizes) / 1e6:.3f} megapixel on average; {counts}")
    print(f"{len(rejected)} members rejected")
