"""Decoding image files to the pixels that the networks take. Needs numpy and pillow, nothing else."""

import io

import numpy as np
from PIL import Image, ImageOps

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP")
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the first bytes, of both orders of bytes, and of BigTIFF
# Brands in the `ftyp` box of ISO/IEC 23008-12 and of AV1 Image File Format; the more telling ones first.
BRANDS = {"avif": "AVIF", "avis": "AVIF", "heic": "HEIC", "heix": "HEIC", "mif1": "HEIF", "msf1": "HEIF"}
NOT_SUPPORTED = "{} is not supported: convert the photo to JPEG or PNG"
FILTERS = {"nearest": Image.Resampling.NEAREST, "antialias": Image.Resampling.BICUBIC}
LEAST_SIDE = 8  # pixels
MAX_PIXELS = 50_000_000
MAX_SCANS = 100  # of a progressive JPEG; ten are usual, and each costs a pass over all pixels


class DecodingError(ValueError):
    """The bytes of a file cannot become an image; the message says why."""


def decode(data: bytes) -> Image.Image:
    """Decode the bytes of one image file to an RGB image. The file name does not matter.

    Taken are JPEG, PNG, GIF, WebP and BMP. Greyscale, palette and CMYK become RGB; what is transparent becomes white;
    of several frames the first is taken; an image that lies on its side by its EXIF orientation is turned upright.

    Raises:
        DecodingError: the bytes are not a whole image of these kinds, or it has more than 8 bits a channel, less than
            `LEAST_SIDE` pixels on a side, or more than `MAX_PIXELS` in all.
    """
    try:
        if kind := "TIFF" if data.startswith(TIFF) else _heif(data):
            raise DecodingError(NOT_SUPPORTED.format(kind))
        scans = data.count(b"\xff\xda")
        if scans > MAX_SCANS and data.startswith(b"\xff\xd8"):
            raise DecodingError(f"a JPEG of {scans} scans, more than {MAX_SCANS} are not decoded")
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise DecodingError(f"{image.width} x {image.height} pixels, more than {MAX_PIXELS:,} are not decoded")
        if min(image.size) < LEAST_SIDE:
            raise DecodingError(f"{image.width} x {image.height} pixels, less than {LEAST_SIDE} on a side")
        if image.mode.startswith(("I", "F")):
            raise DecodingError("more than 8 bits a channel")
        return _upright(_opaque(image))
    except DecodingError:
        raise
    except Exception as error:  # Pillow's decoders raise many kinds, SyntaxError and struct.error among them
        reason = str(error) or type(error).__name__
        reason = reason.split(" <_io.BytesIO")[0]
        raise DecodingError(f"cannot be decoded: {reason}") from error


def _heif(data: bytes) -> str:
    """HEIC, HEIF or AVIF where the bytes begin as such a file, else an empty text."""
    if data[4:8] != b"ftyp":
        return ""
    box = data[8 : int.from_bytes(data[:4], "big")]
    brands = {box[start : start + 4].decode("latin-1") for start in range(0, len(box), 4)}
    return next((kind for brand, kind in BRANDS.items() if brand in brands), "")


def _opaque(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    white = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(white, layer).convert("RGB")


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF data say nothing about the pixels
        return image


def resized(image: Image.Image, size: int, fit: str = "squash", resample: str = "nearest") -> np.ndarray:
    """Resize an RGB image to a square, in one resampling.

    Args:
        image: the image.
        size: side of the square in pixels.
        fit: `squash`: the whole image, its aspect ratio is not kept; `crop`: its middle square, as large as the image's
            short side. Where the longer side exceeds it by an odd number of pixels, the larger rest is cut off on the
            right or below.
        resample: `nearest` neighbour; `antialias`: Pillow's bicubic filter, which grows with the scale, so that every
            pixel counts.

    Returns:
        uint8 [size, size, 3].
    """
    box = None
    if fit == "crop":
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        box = (left, top, left + side, top + side)
    return np.asarray(image.resize((size, size), FILTERS[resample], box))
