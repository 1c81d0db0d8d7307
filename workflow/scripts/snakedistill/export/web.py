"""A page that classifies pictures in the browser, as a folder for any web server."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from snakedistill.core.files import copy_whole, read_csv, write_text, written_whole
from snakedistill.core.parts import TEST
from snakedistill.data.sample import draw_animal
from snakedistill.export.usable import networks_written, read_measurements

# Drawings: alternative text, seed, and how dog-like the animal is.
EXAMPLES = (
    ("a drawing of a cat", 0, 0.1),
    ("a drawing of a dog", 0, 0.9),
    ("another drawing of a cat", 1, 0.1),
    ("another drawing of a dog", 1, 0.9),
)


def write_page(
    networks: dict[str, str],
    measurements: dict[str, str],
    classes: list[str],
    precision: str,
    run_description: str,
    learned_from: str,
    splits: str,
    sources: list[str],
    files: dict[str, str | list[str]],
) -> None:
    """Copy the page and its networks, and write what the page says of them.

    Args:
        networks: .onnx file by network id; the first one always answers, the second one when it is asked.
        measurements: JSON of the export by network id.
        classes: names; the position of a name is its label.
        precision: of the files, `float32` or `int8`.
        run_description: on what the networks were trained, in words.
        learned_from: the images, in a few words.
        splits: CSV of the images used: image_id, split; the accuracies are those on its test part.
        sources: files of the page.
        files: files to write: `page`, a copy of each source; `networks`, a copy of each network; `examples`, none
            or as many as `EXAMPLES`; `facts`, the JSON that the page reads.

    Raises:
        InputError: a network could not be written.
    """
    from snakedistill.export.inference import open_network  # ONNX Runtime is not there while planning everywhere

    for network, path in networks.items():
        networks_written({network: path}, {network: measurements[network]}, precision)
    copied = zip([*sources, *networks.values()], [*files["page"], *files["networks"]], strict=True)
    for source, target in copied:
        copy_whole(source, target)
    examples = list(zip(files["examples"], EXAMPLES, strict=True)) if files["examples"] else []
    for target, (_, seed, dogness) in examples:
        with written_whole(target) as temporary:
            draw_animal(np.random.default_rng(seed), dogness).save(temporary, "JPEG", quality=90)
    facts = {
        "classes": classes,
        "run": run_description,
        "learned_from": learned_from,
        "test_images": int((read_csv(splits)["split"] == TEST).sum()),
        "networks": [
            {"name": network, "file": Path(file).name, "pixels": asdict(open_network(file).pixels)}
            | _measured(measurements[network], precision)
            for network, file in zip(networks, files["networks"], strict=True)
        ],
        "examples": [
            {"file": f"{Path(file).parent.name}/{Path(file).name}", "name": name} for file, (name, *_) in examples
        ],
    }
    write_text(json.dumps(facts, indent=2) + "\n", str(files["facts"]))


def _measured(measurements: str, precision: str) -> dict[str, float]:
    found = read_measurements(measurements)
    accuracy = found["int8"]["accuracy_int8"] if precision == "int8" else found["accuracy_float32"]
    return {"bytes": found["bytes"][precision], "accuracy": accuracy}
