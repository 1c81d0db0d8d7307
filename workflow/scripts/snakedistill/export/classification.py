"""Your own photos: what each network answers, as a table and as a contact sheet."""

from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from snakedistill.core.errors import InputError
from snakedistill.core.files import write_csv, written_whole
from snakedistill.core.folders import files_below
from snakedistill.data.archive import MAX_BYTES
from snakedistill.data.decoding import DecodingError, decode, resized
from snakedistill.export.answers import answer_columns, cells, two_best
from snakedistill.export.contact_sheet import Tile, contact_sheet, small
from snakedistill.export.inference import open_network
from snakedistill.export.usable import networks_written

SHEET_PHOTOS = 200


def classify_photos(
    photos: str,
    networks: dict[str, str],
    measurements: dict[str, str],
    classes: list[str],
    run_description: str,
    table: str,
    sheet: str,
    threads: int,
) -> None:
    """Classify every file of a folder with each network.

    Args:
        photos: folder; files in folders below it count too, hidden ones do not. Symbolic links are followed; one that
            leads to nothing or to a folder above it is a photo that cannot be decoded.
        networks: .onnx file by network id, in float32; one that could not be written does not answer.
        measurements: JSON of the export by network id.
        classes: names; the position of a name is its label.
        run_description: on what the networks were trained, in words; it stands below the contact sheet.
        table: CSV to write: photo, and for each network the columns of `answers.columns`; a photo that cannot be
            decoded has none, and the reason.
        sheet: PNG to write: the first 200 photos with each network's answer and the probability it gives this answer,
            of more than two classes also the runner-up.
        threads: number of threads of ONNX Runtime.

    Raises:
        InputError: the folder is missing or empty, or no network could be written.
    """
    folder = Path(photos)
    files, refused = files_below(folder) if folder.is_dir() else ({}, [])
    reasons = dict(refused)
    names = sorted(name for name in (*files, *reasons) if not _hidden(Path(name)))
    if not names:
        what = "which holds no file" if folder.is_dir() else "which is no folder"
        raise InputError(
            f"photos: expected a folder with photos, got {photos}, {what}; name one with --config photos=FOLDER"
        )
    usable = networks_written(networks, measurements, "float32")
    opened = {network: open_network(path, threads) for network, path in usable.items()}
    named = {network: [f"{network}_{column}" for column in answer_columns(classes)] for network in opened}
    rows: list[dict[str, Any]] = []
    tiles: list[Tile] = []
    for name in names:
        path = folder / name
        row: dict[str, Any] = {"photo": name}
        answers, photo, reason = [], None, ""
        try:
            if name in reasons:
                raise InputError(reasons[name])
            photo = _decoded(path)
        except (InputError, DecodingError) as error:
            reason = row["reason"] = str(error)
        else:
            for network, given in opened.items():
                (output,) = given(resized(photo, **asdict(given.pixels))[None])
                row |= zip(named[network], cells(output, classes), strict=True)
                # Of two classes the other one is the runner-up, which says nothing new.
                answers.append((network, two_best(output, classes)[: len(classes) - 1]))
        if len(tiles) < SHEET_PHOTOS:
            tiles.append(Tile(name, photo and small(photo), reason, answers))
        rows.append(row)
    shown = [f"The first {len(tiles)} of {len(rows)} photos."] if len(tiles) < len(rows) else []
    with written_whole(sheet) as temporary:
        contact_sheet(tiles, [*shown, run_description]).save(temporary)
    write_csv(pd.DataFrame(rows, columns=["photo", *chain(*named.values()), "reason"]), table)
    print(f"{len(rows)} photos, {sum('reason' in row for row in rows)} of them could not be decoded")


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _decoded(path: Path) -> Image.Image:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"{size:,} bytes, more than {MAX_BYTES:,} are not read")
        return decode(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}") from error
