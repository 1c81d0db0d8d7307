"""A bundle to carry away: a network, a short script that runs it, and a page that says how."""

import json
import shutil
from pathlib import Path

from snakedistill.files import write_text, written_whole
from snakedistill.inference import open_network


def write_bundle(onnx_file: str, int8_file: str, report: str, script: str, bundle: dict[str, str]) -> None:
    """Copy an exported network and the script that runs it, and write a page about both.

    Args:
        onnx_file: network in float32.
        int8_file: the same in int8.
        report: JSON of its export.
        script: Python file that needs ONNX Runtime and Pillow alone.
        bundle: files to write: `model`, `int8`, `script`, `requirements` and `readme`.
    """
    card = open_network(onnx_file).get_modelmeta().custom_metadata_map
    measured = json.loads(Path(report).read_text(encoding="utf-8"))
    for name, source in (("model", onnx_file), ("int8", int8_file), ("script", script)):
        with written_whole(bundle[name]) as temporary:
            shutil.copyfile(source, temporary)
    write_text("numpy\nonnxruntime\npillow\n", bundle["requirements"])
    facts = "\n".join(f"| {name} | {value} |" for name, value in sorted(card.items()))
    negative, positive = sorted(json.loads(card["classes"]), key=json.loads(card["classes"]).get)
    int8, size = measured["int8"], measured["bytes"]["int8"] / measured["bytes"]["onnx"]
    write_text(
        f"""# {card["network"]}: {negative} or {positive}

    python -m pip install -r requirements.txt
    python classify.py PHOTO...
    python classify.py --model model.int8.onnx PHOTO...

Each photo gives a line: its name, the answer, and the probability of {positive}. In your own program, hand the network
an array `image`, uint8 [n, {card["image_size"]}, {card["image_size"]}, 3], RGB, resized by nearest neighbour without
keeping the aspect ratio, pixel values as they are; it returns `probability`, float32 [n, 1].

On {int8["images"]} test images, `model.onnx` is right on {int8["accuracy_float32"]:.4f} of them and
`model.int8.onnx`, {size:.0%} of its size, on {int8["accuracy_int8"]:.4f}; {int8["changed_answers"]} answers differ.
int8 is the faster one on processors with int8 instructions (AVX-512 VNNI, AVX-VNNI, AMX, or Arm's dot product).

| | |
|---|---|
{facts}
""",
        bundle["readme"],
    )
