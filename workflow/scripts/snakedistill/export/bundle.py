"""A bundle to carry away: a network, a short script that runs it, and its model card."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from snakedistill.core.digests import fingerprint_of_file
from snakedistill.core.files import copy_whole, read_csv, write_csv, write_text, written_whole
from snakedistill.core.parts import TEST
from snakedistill.data.images import MappedImages
from snakedistill.export.chosen import Choice
from snakedistill.export.forms import FORMS, PRECISIONS
from snakedistill.export.usable import costs_too_much, read_measurements


def write_bundle(
    copied: dict[str, str],
    exported: dict[str, dict[str, str]],
    int8_max_drop: float,
    model_card: str,
    classes: list[str],
    splits: str,
    test_images: str,
    bundle: dict[str, str],
    choice: Choice | None = None,
) -> None:
    """Copy an exported network and the script that runs it, and write its model card with how to use the bundle.

    What could not be written, and int8 that costs too much accuracy, is skipped, but not the chosen file, whose own
    accuracy was compared.

    Args:
        copied: files to copy: the script, which needs ONNX Runtime, NumPy, Pillow and tqdm alone, the library's own
            decoding, its own way to write an answer, and the check of the golden answers.
        exported: files of the network by key of `forms.FORMS`: by precision, and the `measurements`.
        int8_max_drop: see `usable.costs_too_much`.
        model_card: Markdown of `results.model_card`.
        classes: names; the position of a name is its label.
        splits: CSV with image_id and split.
        test_images: array of the test images with the pixels that the network takes, in the order of `splits`.
        bundle: files to write: a copy of each of `copied`; `requirements`, `readme`; `golden`, a CSV, see
            `_write_golden`; and `checksums`, of all others, in the form of `sha256sum`. The network goes beside them,
            as `model` with the suffix of each form, and so does the folder `golden`, of images.
        choice: what chose the network; None where it was named.
    """
    for kind, source in copied.items():
        copy_whole(source, bundle[kind])
    folder = Path(bundle["readme"]).parent
    here = {form: _copy(form, files, int8_max_drop, folder, choice) for form, files in exported.items()}
    golden = _write_golden(exported, here, classes, splits, test_images, bundle["golden"])
    write_text("numpy\nonnxruntime\npillow\ntqdm\n", bundle["requirements"])
    printed = (
        f"the answer, and the probability of {classes[1]}"
        if len(classes) == 2
        else "the answer and its probability, and the runner-up\nand its probability"
    )
    others = "".join(_in_words(form, files) for form, files in here.items() if files and not FORMS[form].always)
    by_int8 = "\n    python classify.py --model model.int8.onnx PHOTO_OR_FOLDER... > answers.csv"
    with_int8 = any("int8" in files for files in here.values())
    fast = "int8 is faster on processors with int8 instructions (AVX-512 VNNI, AVX-VNNI, AMX, or Arm's dot product).\n"
    write_text(
        f"""{Path(model_card).read_text(encoding="utf-8")}
## The files beside this page
{_choice_in_words(choice)}
    python -m pip install -r requirements.txt
    python classify.py PHOTO_OR_FOLDER...{by_int8 if "int8" in here["onnx"] else ""}
    python classify.py --json PHOTO_OR_FOLDER... > answers.jsonl

The script runs from any folder: without `--model` it takes the `model.onnx` beside itself. It reads JPEG, PNG, GIF,
WebP and BMP files, and all images below a folder, except hidden ones. `decoding.py` makes of a photo what the network
takes.{others}
{fast if with_int8 else ""}{_left_out(exported, here)}
The script prints CSV: each photo's name, {printed}. With `--json` it prints the same as
a JSON object in each line. A photo that cannot be classified is named on standard error, and a terminal shows a
progress bar. The exit status is 0 if all photos were classified, 1 if one was not, and 2 if the network
cannot be loaded or no photo is found.

    python check.py

checks that the networks answer on another machine as they did here: `golden.csv` has the probabilities that each file
gave to the images of `golden/`. These are pixels as they enter the network: a program on a phone or in a browser passes
them on without resizing, writes a table like `golden.csv`, and `python check.py --answers TABLE` compares it.

`sha256sum --check SHA256SUMS` checks that the files are as they were written.
""",
        bundle["readme"],
    )
    checked = [Path(file) for kind, file in bundle.items() if kind != "checksums"]
    checked += [*golden, *(path for files in here.values() for path in files.values())]
    lines = [f"{fingerprint_of_file(file)}  {file.relative_to(folder)}\n" for file in checked]
    write_text("".join(lines), bundle["checksums"])


def _write_golden(
    exported: dict[str, dict[str, str]],
    here: dict[str, dict[str, Path]],
    classes: list[str],
    splits: str,
    test_images: str,
    path: str,
) -> list[Path]:
    """Write the golden images as PNG files into a folder `golden`, and beside it what each bundled file gave to them.

    The table has the columns file and image, and `probability_of_CLASS` for each class.

    Returns:
        Paths of the images.
    """
    measured = {form: read_measurements(files["measurements"])["golden"] for form, files in exported.items()}
    ids = next(iter(measured.values()))["image_id"]  # the same in every form: Keras's answers choose them
    parts = read_csv(splits)
    test = parts.loc[parts["split"] == TEST, "image_id"].tolist()
    images = MappedImages(test_images).read(np.array([test.index(image_id) for image_id in ids]))
    folder = Path(path).with_suffix("")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    paths = [folder / f"{number:02}.png" for number in range(1, len(ids) + 1)]
    for image_path, image in zip(paths, images, strict=True):
        with written_whole(image_path) as temporary:
            Image.fromarray(image).save(temporary, format="png")
    rows = [
        [file.name, image_path.name, *probabilities]
        for form, files in here.items()
        for precision, file in files.items()
        for image_path, probabilities in zip(paths, measured[form][precision], strict=True)
    ]
    columns = ["file", "image", *(f"probability_of_{name}" for name in classes)]
    write_csv(pd.DataFrame(rows, columns=columns), path)
    return paths


def _choice_in_words(choice: Choice | None) -> str:
    """A paragraph on the file that was chosen, or is the nearest to the limits."""
    if choice is None:
        return ""
    (form,) = (form for form in FORMS.values() if form.title == choice.form)
    name = form.file_name("model", choice.precision)
    if choice.within_limits:
        return f"\n`{name}` was chosen: `tables/frontier.csv` of the run compares it with the other candidates.\n"
    return (
        "\n**No student is within the limits of the run** (`choose.ms`, `choose.mb`), so none was chosen.\n"
        f"`{name}` is the nearest: `tables/frontier.csv` of the run has its time and its size.\n"
    )


def _copy(
    form: str, files: dict[str, str], int8_max_drop: float, folder: Path, choice: Choice | None
) -> dict[str, Path]:
    """Copy what can be used of a form, and delete what an earlier bundle had more; the copies by precision."""
    measured = read_measurements(files["measurements"])
    found = {}
    for precision in PRECISIONS:
        target = folder / FORMS[form].file_name("model", precision)
        chosen = choice is not None and (choice.form, choice.precision) == (FORMS[form].title, precision)
        costly = precision == "int8" and costs_too_much(measured, int8_max_drop) and not chosen
        if precision in files and precision in measured["bytes"] and not costly:
            copy_whole(files[precision], target)
            found[precision] = target
        else:
            target.unlink(missing_ok=True)
    return found


def _in_words(key: str, files: dict[str, Path]) -> str:
    """A line on the files of a form that the script does not run."""
    form, names = FORMS[key], [f"`{path.name}`" for path in files.values()]
    are = f"{' and '.join(names)} {'are' if len(names) > 1 else 'is'}"
    return f"\n{are} the network in {form.title}{form.purpose and ', '}{form.purpose}, with the same input and output."


def _left_out(exported: dict[str, dict[str, str]], here: dict[str, dict[str, Path]]) -> str:
    """Lines on the files that are not here, and why."""
    lines = []
    for form, files in exported.items():
        measured = read_measurements(files["measurements"])
        what = f"{'int8 in ' if measured['bytes'] else ''}{FORMS[form].title}"
        lines += [f"The network could not be written in {what}: {reason}." for reason in measured["failed"].values()]
        if "int8" in measured["bytes"] and "int8" not in here[form]:
            lines.append(f"The network in int8 loses too much accuracy in {FORMS[form].title} and is not here.")
    if not here["onnx"]:
        lines.append("`classify.py` needs the network in ONNX, which is not here.")
    if not any(here.values()):
        lines.append("No form of the network is here.")
    return "".join(f"{line}\n" for line in lines)
