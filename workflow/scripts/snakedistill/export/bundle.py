"""A bundle to carry away: a network, a short script that runs it, and a page that says how."""

import json
from pathlib import Path

from snakedistill.core.digests import fingerprint_of_file
from snakedistill.core.files import copy_whole, write_text


def write_bundle(
    onnx_file: str,
    int8_file: str,
    measurements: str,
    script: str,
    decoding: str,
    answers: str,
    card: dict[str, str],
    bundle: dict[str, str],
) -> None:
    """Copy an exported network and the script that runs it, and write a page about both.

    Args:
        onnx_file: network in float32.
        int8_file: the same in int8.
        measurements: JSON of its export.
        script: Python file that needs ONNX Runtime, NumPy, Pillow and tqdm alone, and the next two.
        decoding: Python file with the library's own decoding.
        answers: Python file with the library's own way to write an answer.
        card: what the network's metadata say it is, see `card.card`.
        bundle: files to write: `model`, `int8`, `script`, `decoding`, `answers`, `requirements`, `readme`,
            and `checksums`, of all others, in the form of `sha256sum`.
    """
    measured = json.loads(Path(measurements).read_text(encoding="utf-8"))
    copied = {"model": onnx_file, "int8": int8_file, "script": script, "decoding": decoding, "answers": answers}
    for name, source in copied.items():
        copy_whole(source, bundle[name])
    write_text("numpy\nonnxruntime\npillow\ntqdm\n", bundle["requirements"])
    said = _words(card)
    facts = "\n".join(f"- {name}: `{value}`" for name, value in sorted(card.items()))
    side, int8, size = card["image_size"], measured["int8"], measured["bytes"]["int8"] / measured["bytes"]["float32"]
    write_text(
        f"""# {card["network"]}: {said["classes"]}

    python -m pip install -r requirements.txt
    python classify.py PHOTO_OR_FOLDER...
    python classify.py --model model.int8.onnx PHOTO_OR_FOLDER... > answers.csv
    python classify.py --json PHOTO_OR_FOLDER... > answers.jsonl

The script runs from any folder: without `--model` it takes the `model.onnx` beside itself. It reads JPEG, PNG, GIF,
WebP and BMP files, and all images below a folder, except hidden ones.

It prints CSV: each photo's name, {said["printed"]}. With `--json` it prints the same as
a JSON object in each line. A photo that cannot be classified is named on standard error, and a terminal shows a
progress bar. The exit status is 0 if all photos were classified, 1 if one was not, and 2 if the network
cannot be loaded or no photo is found.

`sha256sum --check SHA256SUMS` checks that the files are as they were written.

## In your own program

The network takes `image`, uint8 [n, {side}, {side}, 3], RGB with pixel values as they are. Photos are turned upright by
their EXIF orientation, get a white background where they are transparent, and are resized by nearest neighbour without
keeping the aspect ratio; `decoding.py` does all of this. The network returns `probability`, float32 {said["returned"]}.

## What was measured

The accuracy on {int8["images"]:,} test images is {int8["accuracy_float32"]:.4f} for `model.onnx` and
{int8["accuracy_int8"]:.4f} for `model.int8.onnx`, which has {size:.0%} of its size. Their answers differ on
{int8["changed_answers"]} images. int8 is faster on processors with int8 instructions (AVX-512 VNNI, AVX-VNNI, AMX, or
Arm's dot product).

## What the network is

The files' metadata say the same:

{facts}
""",
        bundle["readme"],
    )
    others = [Path(file) for kind, file in bundle.items() if kind != "checksums"]
    write_text("".join(f"{fingerprint_of_file(file)}  {file.name}\n" for file in others), bundle["checksums"])


def _words(card: dict[str, str]) -> dict[str, str]:
    """What the page says of the answers, with two classes and with more."""
    classes = json.loads(card["classes"])
    if len(classes) == 2:
        negative, positive = classes
        return {
            "classes": f"{negative} or {positive}",
            "printed": f"the answer, and the probability of {positive}",
            "returned": "[n, 1]. The answer\n"
            f"is {positive} where it is above {card['threshold']}, and {negative} elsewhere",
        }
    return {
        "classes": f"one of {len(classes)} classes",
        "printed": "the answer and its probability, and the runner-up\nand its probability",
        "returned": f"[n, {len(classes)}], in\n"
        "the order of the classes below. The answer is the class with the largest probability, of equals the first",
    }
