"""A bundle to carry away: a network, a short script that runs it, and its model card."""

import json
from pathlib import Path

from snakedistill.core.digests import fingerprint_of_file
from snakedistill.core.files import copy_whole, write_text
from snakedistill.export.forms import FORMS
from snakedistill.export.tolerance import costs_too_much


def write_bundle(
    copied: dict[str, str],
    exported: dict[str, dict[str, str]],
    int8_max_drop: float,
    model_card: str,
    classes: list[str],
    bundle: dict[str, str],
) -> None:
    """Copy an exported network and the script that runs it, and write its model card with how to use the bundle.

    int8 that costs too much accuracy is skipped.

    Args:
        copied: files to copy: the script, which needs ONNX Runtime, NumPy, Pillow and tqdm alone, the library's own
            decoding, and its own way to write an answer.
        exported: files of the network by key of `forms.FORMS`: by precision, and the `measurements`.
        int8_max_drop: see `tolerance.costs_too_much`.
        model_card: Markdown of `results.model_card`.
        classes: names; the position of a name is its label.
        bundle: files to write: a copy of each of `copied`; the float32 file of each form, beside which its int8 file
            goes; `requirements`, `readme`, and `checksums`, of all others, in the form of `sha256sum`.
    """
    for kind, source in copied.items():
        copy_whole(source, bundle[kind])
    with_int8 = []
    for form, files in exported.items():
        copy_whole(files["float32"], bundle[form])
        int8 = Path(bundle[form]).with_name(FORMS[form].file_name("model", "int8"))
        if costs_too_much(json.loads(Path(files["measurements"]).read_text(encoding="utf-8")), int8_max_drop):
            int8.unlink(missing_ok=True)
        else:
            copy_whole(files["int8"], int8)
            with_int8.append(form)
    write_text("numpy\nonnxruntime\npillow\ntqdm\n", bundle["requirements"])
    printed = (
        f"the answer, and the probability of {classes[1]}"
        if len(classes) == 2
        else "the answer and its probability, and the runner-up\nand its probability"
    )
    others = "".join(_in_words(form, form in with_int8) for form in exported if not FORMS[form].always)
    by_int8 = "\n    python classify.py --model model.int8.onnx PHOTO_OR_FOLDER... > answers.csv"
    write_text(
        f"""{Path(model_card).read_text(encoding="utf-8")}
## The files beside this page

    python -m pip install -r requirements.txt
    python classify.py PHOTO_OR_FOLDER...{by_int8 if "onnx" in with_int8 else ""}
    python classify.py --json PHOTO_OR_FOLDER... > answers.jsonl

The script runs from any folder: without `--model` it takes the `model.onnx` beside itself. It reads JPEG, PNG, GIF,
WebP and BMP files, and all images below a folder, except hidden ones. `decoding.py` makes of a photo what the network
takes.{others}
int8 is faster on processors with int8 instructions (AVX-512 VNNI, AVX-VNNI, AMX, or Arm's dot product).
{_left_out([form for form in exported if form not in with_int8])}
The script prints CSV: each photo's name, {printed}. With `--json` it prints the same as
a JSON object in each line. A photo that cannot be classified is named on standard error, and a terminal shows a
progress bar. The exit status is 0 if all photos were classified, 1 if one was not, and 2 if the network
cannot be loaded or no photo is found.

`sha256sum --check SHA256SUMS` checks that the files are as they were written.
""",
        bundle["readme"],
    )
    checked = [Path(file) for kind, file in bundle.items() if kind != "checksums"]
    checked += [Path(bundle[form]).with_name(FORMS[form].file_name("model", "int8")) for form in with_int8]
    write_text("".join(f"{fingerprint_of_file(file)}  {file.name}\n" for file in checked), bundle["checksums"])


def _in_words(key: str, has_int8: bool) -> str:
    """A line on the files of a form that the script does not run."""
    form = FORMS[key]
    float32, int8 = f"`{form.file_name('model', 'float32')}`", f"`{form.file_name('model', 'int8')}`"
    are = f"{float32} and {int8} are" if has_int8 else f"{float32} is"
    return f"\n{are} the network in {form.title}{form.purpose and ', '}{form.purpose}, with the same input and output."


def _left_out(forms: list[str]) -> str:
    titles = " and ".join(FORMS[form].title for form in forms)
    return f"The network in int8 loses too much accuracy in {titles} and is not here.\n" if forms else ""
