"""Draws the built-in sample: cats and dogs as Kaggle's archive would hold them, but drawn with Pillow."""

import io
import math
import zipfile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from snakedistill.core.files import written_whole

SAMPLE_CLASSES = ("cat", "dog")
_DATE = (2013, 9, 20, 0, 0, 0)
_FUR = [(206, 150, 92), (120, 82, 52), (58, 52, 50), (232, 224, 210), (150, 146, 142), (222, 178, 116), (92, 96, 106)]


def are_sample_classes(classes: Iterable[str]) -> bool:
    """Whether names are those of the sample's classes, in any order and in any letters."""
    return {name.casefold() for name in classes} == set(SAMPLE_CLASSES)


def write_sample(images: int, unlabelled: int, seed: int, archive: str, processes: int) -> None:
    """Write a zip in the layout of Kaggle's: train.zip, test1.zip and sampleSubmission.csv.

    The same arguments give the same bytes with any number of processes.

    Args:
        images: labelled images, half of them cats and half dogs: train/cat.0.jpg, ..., train/dog.0.jpg, ...
        unlabelled: number of images of test1.zip: test1/1.jpg, ...
        seed: seed of all drawing.
        archive: path of the zip to write.
        processes: number of processes.
    """
    jobs = [(seed, kind, number) for kind in (0, 1) for number in range(images // 2)]
    jobs += [(seed, 2, number) for number in range(unlabelled)]
    names = [f"train/{SAMPLE_CLASSES[kind]}.{number}.jpg" for _, kind, number in jobs[: images // 2 * 2]]
    names += [f"test1/{number + 1}.jpg" for number in range(unlabelled)]
    with ProcessPoolExecutor(processes) as pool:
        files = list(zip(names, pool.map(_jpeg, jobs, chunksize=16), strict=True))
    with written_whole(archive) as temporary, zipfile.ZipFile(temporary, "w") as outer:
        for folder in ("test1", "train"):
            inner = io.BytesIO()
            with zipfile.ZipFile(inner, "w") as zipped:
                for name, data in files:
                    if name.startswith(folder):
                        zipped.writestr(zipfile.ZipInfo(name, _DATE), data)
            outer.writestr(zipfile.ZipInfo(f"{folder}.zip", _DATE), inner.getvalue())
        rows = "".join(f"{number + 1},0\n" for number in range(unlabelled))
        outer.writestr(zipfile.ZipInfo("sampleSubmission.csv", _DATE), "id,label\n" + rows)


def _jpeg(job: tuple[int, int, int]) -> bytes:
    seed, kind, number = job
    rng = np.random.default_rng([seed, kind, number])
    image = draw_animal(rng, dogness=_dogness(rng, bool(rng.integers(2)) if kind == 2 else bool(kind)))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=int(rng.integers(55, 96)))
    return file.getvalue()


def _dogness(rng: np.random.Generator, dog: bool) -> float:
    """How dog-like the animal is, from 0 to 1; about one in sixteen lies so near the middle that it may mislead."""
    distance = rng.uniform(-0.03, 0.15) if rng.random() < 0.1 else rng.uniform(0.3, 0.5)
    return 0.5 + distance if dog else 0.5 - distance


def draw_animal(rng: np.random.Generator, dogness: float) -> Image.Image:
    """Draw one animal in a scene.

    Args:
        rng: all random choices come from it.
        dogness: 0 is a cat: upright pointed ears, round head, short muzzle, slit pupils, whiskers; 1 is a dog:
            hanging ears, long head and muzzle, round pupils, a large nose, sometimes a tongue. Between them every
            feature is blended, with a little noise of its own.

    Returns:
        RGB image of 0.15 megapixel on average, of varied aspect.
    """
    area = 152_000 * rng.lognormal(-0.08, 0.4)
    aspect = math.exp(rng.normal(0.12, 0.25))
    width, height = (round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect)))
    width, height = (int(np.clip(side, 120, 1050)) for side in (width, height))

    image = _background(rng, width, height)
    pen = ImageDraw.Draw(image)
    fur = np.array(_FUR[rng.integers(len(_FUR))]) + rng.normal(0, 14, 3)
    scale = min(width, height) * rng.uniform(0.42, 0.52)
    x = width * rng.uniform(0.36, 0.64)
    y = height * rng.uniform(0.48, 0.6)
    _animal(pen, rng, x, y, scale, rng.normal(0, 0.16), rng.uniform(-0.35, 0.35), fur, dogness)
    if rng.random() < 0.15:
        _occluder(pen, rng, width, height, x, y, scale)
    return _light(rng, image)


def _background(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """Out of focus, so it is drawn at half the size."""
    full, width, height = (width, height), width // 2, height // 2
    top, bottom = rng.uniform(40, 235, (2, 3))
    ramp = np.linspace(0, 1, height)[:, None, None]
    noise = rng.normal(0, rng.uniform(1, 10), (max(height // 4, 2), max(width // 4, 2), 3))
    coarse = np.clip(noise + 128, 0, 255).astype(np.uint8)
    texture = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC), dtype=float) - 128
    pixels = top * (1 - ramp) + bottom * ramp + texture
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for _ in range(rng.integers(0, 7)):
        left, upper = rng.uniform(-0.1, 1, 2) * (width, height)
        box = [left, upper, left + width * rng.uniform(0.05, 0.35), upper + height * rng.uniform(0.05, 0.35)]
        colour = tuple(int(value) for value in rng.uniform(20, 245, 3))
        shape = rng.integers(3)
        if shape == 0:
            pen.rectangle(box, colour)
        elif shape == 1:
            pen.ellipse(box, colour)
        else:
            pen.line(box, colour, width=int(rng.integers(1, 7)))
    return image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 1.2)))).resize(full, Image.Resampling.BILINEAR)


def _animal(
    pen: ImageDraw.ImageDraw,
    rng: np.random.Generator,
    x: float,
    y: float,
    scale: float,
    tilt: float,
    turn: float,
    fur: np.ndarray,
    dogness: float,
) -> None:
    def blend(cat: float, dog: float) -> float:
        share = float(np.clip(dogness + rng.normal(0, 0.06), 0, 1))
        return cat * (1 - share) + dog * share

    def shade(factor: float) -> tuple[int, ...]:
        return tuple(int(value) for value in np.clip(fur * factor, 0, 255))

    def place(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        cosine, sine = math.cos(tilt), math.sin(tilt)
        return [(x + scale * (u * cosine - v * sine), y + scale * (u * sine + v * cosine)) for u, v in points]

    def ellipse(u: float, v: float, a: float, b: float, colour: tuple[int, ...], lean: float = 0.0) -> None:
        angles = np.linspace(0, 2 * math.pi, 40)
        outline = [
            (
                u + a * math.cos(t) * math.cos(lean) - b * math.sin(t) * math.sin(lean),
                v + a * math.cos(t) * math.sin(lean) + b * math.sin(t) * math.cos(lean),
            )
            for t in angles
        ]
        pen.polygon(place(outline), colour)

    head_width, head_height = blend(1.0, 0.8), blend(0.85, 1.08)
    ellipse(turn * 0.5, head_height + 1.2, blend(0.8, 1.05), 1.5, shade(0.88))
    ear_length, ear_lean = blend(0.95, 1.15), blend(0.35, 2.35) + rng.normal(0, 0.12)
    for side in (-1, 1):
        root_u, root_v = side * head_width * 0.72, -head_height * blend(0.55, 0.5)
        tip_u = root_u + side * ear_length * math.sin(ear_lean)
        tip_v = root_v - ear_length * math.cos(ear_lean)
        half = blend(0.38, 0.3)
        across_u, across_v = math.cos(ear_lean) * half, side * math.sin(ear_lean) * half
        ear = [(root_u - across_u, root_v - across_v), (tip_u, tip_v), (root_u + across_u, root_v + across_v)]
        pen.polygon(place(ear), shade(0.72))
        if dogness > 0.5:
            middle_u, middle_v = (root_u + tip_u) / 2, (root_v + tip_v) / 2
            ellipse(middle_u, middle_v, half * 0.95, ear_length * 0.62, shade(0.72), side * ear_lean)
    ellipse(0, 0, head_width, head_height, shade(1.0))

    face = turn * 0.6
    muzzle = blend(0.3, 0.62)
    muzzle_v = blend(0.36, 0.55)
    ellipse(face, muzzle_v, blend(0.42, 0.46), muzzle, shade(1.14))
    nose = blend(0.1, 0.22)
    ellipse(face, muzzle_v - muzzle * 0.35, nose * 1.25, nose, (38, 30, 32))
    for side in (-1, 1):
        eye_u, eye_v, eye = face + side * blend(0.42, 0.34), -0.2, blend(0.2, 0.13)
        ellipse(eye_u, eye_v, eye, eye * 0.85, (214, 206, 120) if dogness < 0.5 else (96, 62, 40))
        ellipse(eye_u, eye_v, eye * blend(0.25, 0.65), eye * blend(0.8, 0.6), (12, 12, 14))
        if dogness < 0.5 and rng.random() < 0.8:
            for spread in (-0.12, 0.02, 0.16):
                start, end = (face + side * 0.25, muzzle_v), (face + side * 1.15, muzzle_v + spread * 1.6)
                pen.line(place([start, end]), (236, 236, 230), width=max(1, round(scale * 0.02)))
    if dogness > 0.55 and rng.random() < 0.5:
        ellipse(face, muzzle_v + muzzle * 0.75, 0.16, 0.26, (214, 98, 110))


def _occluder(
    pen: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, height: int, x: float, y: float, scale: float
) -> None:
    colour = tuple(int(value) for value in rng.uniform(30, 230, 3))
    if rng.random() < 0.5:
        left = x + scale * rng.uniform(0.1, 0.9)
        pen.rectangle([left, 0, left + scale * rng.uniform(0.4, 0.9), height], colour)
    else:
        top = y + scale * rng.uniform(0.3, 0.9)
        pen.rectangle([0, top, width, top + scale * rng.uniform(0.3, 0.8)], colour)


def _light(rng: np.random.Generator, image: Image.Image) -> Image.Image:
    gain, gamma = rng.uniform(0.65, 1.15), rng.uniform(0.75, 1.4)
    tint = rng.uniform(0.9, 1.1, 3)
    levels = np.arange(256) / 255
    table = np.concatenate([np.clip(255 * gain * share * levels**gamma, 0, 255) for share in tint])
    grain = rng.uniform(0, 4) * rng.standard_normal((image.height, image.width, 1), dtype=np.float32)
    pixels = np.asarray(image.point(table.astype(np.uint8).tolist()), dtype=np.float32) + grain
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
