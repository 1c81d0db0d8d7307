"""Your own photos: what teacher and student answer, as a table and as a contact sheet."""

from pathlib import Path

import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from snakedistill import metrics
from snakedistill.archive import decode
from snakedistill.errors import InputError
from snakedistill.files import write_csv, written_whole
from snakedistill.images import resized
from snakedistill.inference import image_size, open_network, probabilities

THUMBNAIL = 160  # pixels
COLUMNS = 5
SHEET_PHOTOS = 200


def classify_photos(
    photos: str | None, networks: dict[str, str], classes: dict[str, int], table: str, sheet: str, threads: int
) -> None:
    """Classify every file of a folder with each network.

    Args:
        photos: folder; files in folders below it count too.
        networks: .onnx file by network id.
        classes: label by class name.
        table: CSV to write: photo, and for each network its answer and the probability of class 1; a photo that
            cannot be decoded has none, and the reason.
        sheet: PNG to write: the first 200 photos with their answers.
        threads: of ONNX Runtime.

    Raises:
        InputError: the folder is missing or empty.
    """
    folder = Path(photos or "")
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    if photos is None or not paths:
        what = "which holds no file" if folder.is_dir() else "which is no folder"
        what = "which is nothing" if photos is None else what
        raise InputError(f"photos: {photos} given, {what}; name a folder with photos: --config photos=FOLDER")
    names = {label: name for name, label in classes.items()}
    sessions = {network: open_network(path, threads) for network, path in networks.items()}
    rows, tiles = [], []
    for path in paths:
        row = {"photo": path.relative_to(folder).as_posix()}
        try:
            photo = decode(path.read_bytes())
            for network, session in sessions.items():
                pixels = resized(photo, image_size(session))
                probability = float(probabilities(session, pixels[None])[0])
                row[f"{network}_answer"] = names[int(metrics.answer(probability))]
                row[f"{network}_probability_of_{names[1]}"] = probability
        except InputError as error:
            row["reason"] = str(error)
        else:
            if len(tiles) < SHEET_PHOTOS:
                tiles.append(_tile(photo, row, list(networks), names[1]))
        rows.append(row)
    columns = ["photo", *(f"{one}{of}" for one in networks for of in ("_answer", f"_probability_of_{names[1]}"))]
    write_csv(pd.DataFrame(rows, columns=[*columns, "reason"]), table)
    with written_whole(sheet) as temporary:
        _sheet(tiles).save(temporary)
    print(f"{len(rows)} photos, {sum('reason' in row for row in rows)} of them could not be decoded")


def _tile(photo: Image.Image, row: dict, networks: list[str], positive: str) -> Image.Image:
    """A thumbnail with the photo's name and each network's answer below it."""
    font = ImageFont.load_default(11)
    tile = Image.new("RGB", (THUMBNAIL + 10, THUMBNAIL + 12 + 15 * (1 + len(networks))), "white")
    photo.thumbnail((THUMBNAIL, THUMBNAIL))
    tile.paste(photo, ((tile.width - photo.width) // 2, (THUMBNAIL - photo.height) // 2 + 5))
    lines = [row["photo"] if len(row["photo"]) <= 26 else f"...{row['photo'][-23:]}"]
    lines += [f"{one}: {row[f'{one}_answer']} {row[f'{one}_probability_of_{positive}']:.3f}" for one in networks]
    draw = ImageDraw.Draw(tile)
    for number, line in enumerate(lines):
        draw.text((5, THUMBNAIL + 8 + 15 * number), line, fill="black", font=font)
    return tile


def _sheet(tiles: list[Image.Image]) -> Image.Image:
    if not tiles:
        return Image.new("RGB", (THUMBNAIL, THUMBNAIL), "white")
    width, height = tiles[0].size
    columns = min(COLUMNS, len(tiles))
    sheet = Image.new("RGB", (width * columns, height * -(-len(tiles) // columns)), "white")
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (width * (number % columns), height * (number // columns)))
    return sheet
