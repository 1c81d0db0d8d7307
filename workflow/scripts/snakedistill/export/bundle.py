"""A bundle to carry away: a network, a short script that runs it, and its model card."""

from pathlib import Path

from snakedistill.core.digests import fingerprint_of_file
from snakedistill.core.files import copy_whole, write_text
from snakedistill.export.forms import FORMS, PRECISIONS, Form


def write_bundle(
    copied: dict[str, str], forms: list[str], model_card: str, classes: list[str], bundle: dict[str, str]
) -> None:
    """Copy an exported network and the script that runs it, and write its model card with how to use the bundle.

    Args:
        copied: files to copy: the network in each precision of each form; the script, which needs ONNX Runtime, NumPy,
            Pillow and tqdm alone, the library's own decoding, and its own way to write an answer.
        forms: keys of `forms.FORMS`, of the forms that are copied.
        model_card: Markdown of `results.model_card`.
        classes: names; the position of a name is its label.
        bundle: files to write: a copy of each of `copied`, `requirements`, `readme`, and `checksums`, of all others, in
            the form of `sha256sum`.
    """
    for kind, source in copied.items():
        copy_whole(source, bundle[kind])
    write_text("numpy\nonnxruntime\npillow\ntqdm\n", bundle["requirements"])
    printed = (
        f"the answer, and the probability of {classes[1]}"
        if len(classes) == 2
        else "the answer and its probability, and the runner-up\nand its probability"
    )
    others = [FORMS[form] for form in forms if not FORMS[form].always]
    write_text(
        f"""{Path(model_card).read_text(encoding="utf-8")}
## The files beside this page

    python -m pip install -r requirements.txt
    python classify.py PHOTO_OR_FOLDER...
    python classify.py --model model.int8.onnx PHOTO_OR_FOLDER... > answers.csv
    python classify.py --json PHOTO_OR_FOLDER... > answers.jsonl

The script runs from any folder: without `--model` it takes the `model.onnx` beside itself. It reads JPEG, PNG, GIF,
WebP and BMP files, and all images below a folder, except hidden ones. `decoding.py` makes of a photo what the network
takes.{"".join(map(_in_words, others))}
int8 is faster on processors with int8 instructions (AVX-512 VNNI, AVX-VNNI, AMX, or Arm's dot product).

The script prints CSV: each photo's name, {printed}. With `--json` it prints the same as
a JSON object in each line. A photo that cannot be classified is named on standard error, and a terminal shows a
progress bar. The exit status is 0 if all photos were classified, 1 if one was not, and 2 if the network
cannot be loaded or no photo is found.

`sha256sum --check SHA256SUMS` checks that the files are as they were written.
""",
        bundle["readme"],
    )
    checked = [Path(file) for kind, file in bundle.items() if kind != "checksums"]
    write_text("".join(f"{fingerprint_of_file(file)}  {file.name}\n" for file in checked), bundle["checksums"])


def _in_words(form: Form) -> str:
    """A line on the files of a form that the script does not run."""
    float32, int8 = (f"`{form.file_name('model', precision)}`" for precision in PRECISIONS)
    purpose = f", {form.purpose}" if form.purpose else ""
    return f"\n{float32} and {int8} are the network in {form.title}{purpose}, with the same input and output."
