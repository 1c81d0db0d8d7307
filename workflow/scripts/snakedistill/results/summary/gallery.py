"""The gallery of errors: test images, what the networks of a chain answer to them, and where errors begin."""

import base64
import io
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from snakedistill.core.errors import listed
from snakedistill.core.parts import TEST
from snakedistill.measures.metrics import by_rows
from snakedistill.results.answers import Answers
from snakedistill.results.run import Run
from snakedistill.results.summary.html import Extra

MOST_IMAGES = 200
MOST_CHARACTERS = 400_000
"""Of all images as text, so that the page with them fits into the data URL from which the report shows it."""
_SIZES = ((160, 80), (128, 75), (112, 70), (96, 60), (80, 50), (64, 40), (48, 30))  # pixels of the longer side, quality
_MOST_ANSWERS = 3
_BODY = """<p id="gallery-about"></p>
<form id="gallery-filter"><fieldset><legend>Which test images</legend></fieldset>
<label>Class <select></select></label></form>
<p id="gallery-count" role="status"></p>
<ul id="gallery"></ul>
<p><button type="button" id="gallery-more" hidden></button></p>
<noscript><p>The gallery needs JavaScript.</p></noscript>
<dialog id="gallery-image" aria-labelledby="gallery-name">
<p class="buttons"><button type="button" value="-1">Previous</button><button type="button" value="1">Next</button>\
<button type="button" value="">Close</button></p>
<h3 id="gallery-name"></h3>
<img alt=""><p id="gallery-since"></p>
<table><caption>Answers along the chain</caption><thead><tr><th scope="col">network</th><th scope="col">answer</th>\
<th scope="col">probabilities</th></tr></thead><tbody></tbody></table></dialog>
<script type="application/json" id="gallery-data">"""


class _Chosen(NamedTuple):
    """What a filter shows: the words of the filter, what is true of its images, and of which images it is, bool [n]."""

    label: str
    about: str
    images: np.ndarray


class _Answered(NamedTuple):
    """What is kept of a network's answers, however many classes there are.

    Attributes:
        wrong: bool [n].
        classes: those with the largest probabilities, the answer first, int [n, at most `_MOST_ANSWERS`].
        probability: theirs, float, of the same shape.
    """

    wrong: np.ndarray
    classes: np.ndarray
    probability: np.ndarray


def _answered(given: Answers) -> _Answered:
    def largest(probability: np.ndarray) -> np.ndarray:
        return np.argsort(-probability, axis=1, kind="stable")[:, :_MOST_ANSWERS]

    classes = by_rows(largest, given.probability)
    return _Answered(given.answer != given.label, classes, np.take_along_axis(given.probability, classes, axis=1))


def gallery(run: Run, shown: Sequence[str], chain: Sequence[str]) -> Extra:
    """The gallery, at most `MOST_IMAGES` images, errors first.

    Args:
        run: the networks of the chain, and others, of one seed, with the files `test`, `splits` and `test_images`.
        shown: ids of the teacher and the student whose errors are chosen.
        chain: ids of the networks whose answers are shown, in their order.

    Returns:
        A chapter of the page.
    """
    found = {}
    for given in run.answers((TEST,)):
        if given.network in chain:
            found[given.network] = _answered(given)
            label, image_id = given.label, given.image_id
    answers = {network: found[network] for network in chain}
    teacher, student = (answers[network] for network in shown)
    error = np.maximum(*(np.where(one.wrong, one.probability[:, 0], 0) for one in (teacher, student)))
    filters = _filters(shown, teacher, student)
    somewhere = np.any([one.wrong for one in answers.values()], axis=0)
    order = _order([one.images for one in filters.values()], somewhere, error, student.probability[:, 0])
    names = list(answers)
    pixels = np.load(run.file("test_images"), mmap_mode="r", allow_pickle=False)
    images = [
        {
            "name": str(image_id.iloc[number]),
            "label": int(label[number]),
            "kinds": [key for key, one in filters.items() if one.images[number]],
            "error": round(float(error[number]), 6),
            "since": since(names, [bool(one.wrong[number]) for one in answers.values()]),
            "answers": [
                list(zip(one.classes[number].tolist(), one.probability[number].round(6).tolist(), strict=True))
                for one in answers.values()
            ],
            "source": source,
        }
        for number, source in zip(order, _as_jpeg([pixels[number] for number in order]), strict=True)
    ]
    data = {
        "classes": run.classes,
        "networks": names,
        "shown": [names.index(network) for network in shown],
        "about": f"{len(images):,} of {len(label):,} test images, with the answers of {listed(names)}, seed "
        f"{run.seeds[0]}. Choose an image to see its probabilities and where the error begins.",
        "filters": {"all": _in_words(_every(len(label)), label, run.classes)}
        | {key: _in_words(one, label, run.classes) for key, one in filters.items()},
        "images": images,
    }
    script = (Path(__file__).parent / "gallery.js").read_text(encoding="utf-8")
    return Extra("Errors, image by image", f"{_BODY}{_as_json(data)}</script>\n", script)


def _as_json(found: Mapping[str, Any]) -> str:
    """JSON that ends no script element, whatever the names of files and classes are."""
    return json.dumps(found, separators=(",", ":")).replace("<", "\\u003c")


def _every(images: int) -> _Chosen:
    return _Chosen("all", "Errors stand first.", np.ones(images, bool))


def _filters(names: Sequence[str], teacher: _Answered, student: _Answered) -> dict[str, _Chosen]:
    """The filters by key, besides the one that shows all images."""
    both = " and ".join(names)
    same = teacher.classes[:, 0] == student.classes[:, 0]
    return {
        "teacher": _Chosen(f"{names[0]} wrong", f"{names[0]} is wrong.", teacher.wrong),
        "student": _Chosen(f"{names[1]} wrong", f"{names[1]} is wrong.", student.wrong),
        "inherited": _Chosen("inherited", f"{both} are wrong with the same answer.", teacher.wrong & same),
        "disagree": _Chosen("they disagree", f"{both} give different answers.", ~same),
        "confident": _Chosen(
            "most confident error",
            f"{both}: one or both are wrong. The wrong answer with the largest probability stands first.",
            teacher.wrong | student.wrong,
        ),
    }


def _in_words(one: _Chosen, label: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    return {
        "label": one.label,
        "about": one.about,
        "images": np.bincount(label[one.images], minlength=len(classes)).tolist(),
    }


def _order(
    filters: Sequence[np.ndarray], somewhere: np.ndarray, error: np.ndarray, confidence: np.ndarray
) -> list[int]:
    """The images that are shown: of every filter in turn, then other errors, then the images of least confidence.

    Args:
        filters: bool [n] each.
        somewhere: where a network of the chain is wrong, bool [n].
        error: largest probability of a wrong answer, 0 without one, float [n].
        confidence: of the student, float [n].
    """
    surest = np.argsort(-error, kind="stable")
    in_turn = itertools.zip_longest(*(surest[images[surest]] for images in filters))
    doubted = np.argsort(confidence, kind="stable")
    every = [*itertools.chain.from_iterable(in_turn), *doubted[somewhere[doubted]], *doubted]
    found = list(dict.fromkeys(int(number) for number in every if number is not None))[:MOST_IMAGES]
    return sorted(found, key=lambda number: (error[number] == 0, not somewhere[number]))


def since(networks: Sequence[str], wrong: Sequence[bool]) -> str:
    """Where in a chain an image is wrong, in a sentence.

    Args:
        networks: ids, in the order of the chain.
        wrong: whether each is wrong.
    """
    if not any(wrong):
        return "Every network is right."
    if all(wrong):
        return "Every network is wrong."
    first = wrong.index(True)
    if all(wrong[first:]):
        alone = first == len(wrong) - 1
        return f"{networks[first]} alone is wrong." if alone else f"Wrong from {networks[first]} on."
    names = [network for network, is_wrong in zip(networks, wrong, strict=True) if is_wrong]
    return f"{listed(names)} {'are' if len(names) > 1 else 'alone is'} wrong."


def _as_jpeg(images: Sequence[np.ndarray]) -> list[str]:
    """The images as data URLs, as large as `MOST_CHARACTERS` allows; uint8 [side, side, 3] each."""
    for side, quality in _SIZES:
        found = []
        for pixels in images:
            picture, file = Image.fromarray(pixels), io.BytesIO()
            picture.thumbnail((side, side), Image.Resampling.LANCZOS)
            picture.save(file, "JPEG", quality=quality)
            found.append(f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}")
        if sum(map(len, found)) <= MOST_CHARACTERS:
            break
    return found
