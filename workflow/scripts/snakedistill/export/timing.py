"""How long teacher and students take for an image on this machine's CPU."""

import importlib.metadata
import json
import os
import platform
import tempfile
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pandas as pd

from snakedistill.core.files import read_csv, write_csv, write_text
from snakedistill.core.job import fix_threads, import_keras
from snakedistill.core.parts import TEST
from snakedistill.core.pixels import Pixels
from snakedistill.data.archive import open_archive
from snakedistill.data.images import MappedImages, resized_pixels
from snakedistill.export.energy import joules_of
from snakedistill.export.forms import FORMS
from snakedistill.export.inference import Network
from snakedistill.export.memory import memory_of
from snakedistill.export.shapes import shapes_of_values
from snakedistill.export.usable import written

if TYPE_CHECKING:
    import keras

WARM_UP = 2  # rounds
BATCH_SIZES = (1, 32)  # images in a call
ROUNDS_OF_ONE = 20  # rounds at least of one image in the runtimes that candidates are compared in
REST = 0.005  # seconds before each call, in which threads of the one before come to rest


@dataclass(frozen=True)
class TimedImages:
    """Images of the test part: as files, and as each network takes them.

    Attributes:
        archive: path of the archive, for the image files.
        index: CSV with image_id and member.
        splits: CSV with image_id and split, in the order of the arrays.
        arrays: array of the test part by network id.
        pixels: those that a network takes, by network id.
    """

    archive: str
    index: str
    splits: str
    arrays: dict[str, str]
    pixels: dict[str, Pixels]


def time_networks(
    models: dict[str, str],
    files: dict[str, dict[str, dict[str, str]]],
    images: TimedImages,
    rounds: int,
    threads: int,
    measured: str,
    timing: str,
) -> None:
    """Time networks in every runtime on `threads`, and their exported files on one thread too, see `time_calls`.

    On one thread, if there are more, it is one image at a time alone, as small devices answer. Networks without a model
    here are timed in their exported files alone: in the first runtime of each form, on `threads`, one image at a time,
    without decoding. That costs a few seconds each, most of it to measure memory.
    TensorFlow fixes its number of threads when it is imported: call this where it is not imported yet.

    Args:
        models: .keras file by network id, of those that are timed in full.
        files: by network id and form, the exported files by precision, and the `measurements`; none of a network that
            is not exported. What could not be written is not timed.
        images: of all these networks.
        rounds: number of calls of every combination; one image at a time, on `threads`, in the first runtime of each
            form has `ROUNDS_OF_ONE` at least.
        threads: the larger number of threads; with 1 there is one measurement.
        measured: JSON to write: `machine`; `multiply_adds` of an image by network id, None without a file in ONNX;
            `images` (of the test part); `memory` by network id, form and precision, see `memory.memory_of`; and
            `calls`, see `time_calls`.
        timing: CSV to write: runtime, network, precision, threads, batch_size, decoding; median, p10, p90 and mean in
            seconds an image; images (of the test part), seconds_total (mean times images); rounds; joules, the energy
            of one image on its own without decoding, see `energy.joules_of`, NaN elsewhere and where the machine does
            not tell it; the machine.
    """
    there = {network: _written(of_network) for network, of_network in files.items()}
    memory = {network: _memory(of_network, images.arrays[network], threads) for network, of_network in there.items()}
    fix_threads(threads, "tensorflow")
    import_keras()
    found = {
        "machine": this_machine({form: None for of_network in there.values() for form in of_network}),
        "images": len(MappedImages(next(iter(images.arrays.values())))),
        "multiply_adds": {
            network: multiply_adds(of_network["onnx"]["float32"]) if "onnx" in of_network else None
            for network, of_network in there.items()
        },
        "memory": memory,
        "calls": _time_files(models, there, threads, images, rounds),
    }
    write_text(json.dumps(found) + "\n", measured)
    write_csv(seconds_an_image(found), timing)


def _memory(of_network: dict[str, dict[str, str]], array: str, threads: int) -> dict[str, dict[str, int | None]]:
    """See `memory.memory_of`, by form and precision, in the first runtime of each form."""
    image = MappedImages(array).read(slice(0, 1))
    return {
        form: {precision: memory_of(FORMS[form].runtimes[0], path, image, threads) for precision, path in paths.items()}
        for form, paths in of_network.items()
    }


def _written(of_network: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """The files of a network that could be written, by form and precision."""
    found = {}
    for form, of_form in of_network.items():
        files = {kind: path for kind, path in of_form.items() if kind != "measurements"}
        found[form] = written(files, of_form["measurements"])
    return {form: files for form, files in found.items() if files}


def _time_files(
    models: dict[str, str],
    files: dict[str, dict[str, dict[str, str]]],
    threads: int,
    images: TimedImages,
    rounds: int,
) -> list[dict]:
    answers = open_networks(models, files, threads)
    compared = {FORMS[form].runtimes[0].title for of_network in files.values() for form in of_network}
    others = {network: of_network for network, of_network in files.items() if network not in models}
    answers |= {
        (network, runtime.title, precision): runtime.open(path, threads)
        for network, of_network in others.items()
        for form, paths in of_network.items()
        for runtime in FORMS[form].runtimes[:1]
        for precision, path in paths.items()
    }
    calls = time_calls(answers, images, rounds, threads, one_at_a_time=others, often=compared)
    if threads > 1:
        alone = {(network, *way): answer for network in models for way, answer in _of_files(files[network], 1).items()}
        calls += time_calls(alone, images, rounds, 1, BATCH_SIZES[:1])
    return calls


def seconds_an_image(found: dict) -> pd.DataFrame:
    """The rows of `timing` of `time_networks`, from the content of `measured`."""
    rows = []
    for call in found["calls"]:
        seconds = np.array(call["seconds"]) / call["batch_size"]
        p10, median, p90 = np.quantile(seconds, [0.1, 0.5, 0.9])
        row = {name: call[name] for name in ("runtime", "network", "precision", "threads", "batch_size", "decoding")}
        row |= {"median": median, "p10": p10, "p90": p90, "mean": seconds.mean(), "images": found["images"]}
        row |= {"seconds_total": seconds.mean() * found["images"], "rounds": len(seconds), "joules": call["joules"]}
        rows.append(row | found["machine"])
    return pd.DataFrame(rows).sort_values(list(rows[0])[:6])


def time_calls(
    answers: dict[tuple[str, str, str], Network],
    images: TimedImages,
    rounds: int,
    threads: int,
    batch_sizes: tuple[int, ...] = BATCH_SIZES,
    decoded: tuple[int, ...] | None = None,
    one_at_a_time: Collection[str] = (),
    often: Collection[str] = (),
) -> list[dict]:
    """Call every network in every runtime in turn, so that drift of the machine affects all equally.

    In each round every combination of network, runtime and batch size is called once, and the image files of each
    network's calls of a batch size are decoded once, in an order drawn for that round; the images are the next ones of
    the test part. A call with decoding takes the sum of the two, because decoding is the same work for every runtime.
    Two rounds warm up and are not counted.

    Args:
        answers: functions that answer by network, runtime and precision, see `in_runtimes`.
        images: of all networks.
        rounds: number of calls of every combination.
        threads: threads of every runtime, for the result.
        batch_sizes: images in a call.
        decoded: those whose images are decoded from the image files too; None: all.
        one_at_a_time: ids of networks of which one image alone is called, without decoding.
        often: runtimes in which one image without decoding is called in at least `ROUNDS_OF_ONE` rounds.

    Returns:
        For each combination: network, runtime, precision, batch_size, decoding (yes / no), threads, and the seconds of
        each round's call; joules, see `energy.joules_of`, of one image without decoding, else None.
    """
    decoded = batch_sizes if decoded is None else decoded
    in_full = [network for network in dict.fromkeys(network for network, *_ in answers) if network not in one_at_a_time]
    turns: dict[tuple, int] = {}  # rounds of each part of a call: to answer, or to decode the images
    for key in answers:
        for size in batch_sizes if key[0] in in_full else (1,):
            turns[*key, size] = max(rounds, ROUNDS_OF_ONE) if size == 1 and key[1] in often else rounds
    turns |= {(network, size): rounds for network in in_full for size in decoded}
    seconds = _seconds_of_parts(answers, images, turns)
    calls = []
    for key, answer in answers.items():
        network, runtime, precision = key
        image = MappedImages(images.arrays[network]).read(slice(0, 1))
        joules = joules_of(partial(answer, image)) if network in in_full else None
        for size in [size for size in batch_sizes if (*key, size) in turns]:
            call = {"network": network, "runtime": runtime, "precision": precision, "batch_size": size}
            call |= {"threads": threads, "joules": None}
            alone = seconds[*key, size]
            calls.append(call | {"decoding": "no", "seconds": alone, "joules": joules if size == 1 else None})
            if (network, size) in turns:
                whole = np.add(alone[:rounds], seconds[network, size])
                calls.append(call | {"decoding": "yes", "seconds": whole.tolist()})
    return calls


def _seconds_of_parts(
    answers: dict[tuple[str, str, str], Network], images: TimedImages, turns: dict[tuple, int]
) -> dict[tuple, list[float]]:
    """Seconds of each part of a call, see `time_calls`, in each of its rounds.

    Args:
        answers: see `time_calls`.
        images: see `time_calls`.
        turns: number of rounds by key of `answers` with a batch size, to answer, or by network id with a batch size, to
            decode.
    """
    arrays = {network: MappedImages(path) for network, path in images.arrays.items()}
    count = len(next(iter(arrays.values())))
    parts, most = list(turns), max(part[-1] * rounds for part, rounds in turns.items())
    seconds: dict[tuple, list[float]] = {part: [] for part in parts}
    with tempfile.TemporaryDirectory() as folder:
        files = _image_files(images, min(count, most), Path(folder))
        order = np.random.default_rng(0)
        for turn in range(-WARM_UP, max(turns.values())):
            for number in order.permutation(len(parts)):
                part = parts[number]
                if turn >= turns[part]:
                    continue
                network, size = part[0], part[-1]
                rows = np.arange(turn * size, (turn + 1) * size) % len(files)
                batch = arrays[network].read(rows)
                time.sleep(REST)
                start = time.perf_counter()
                if len(part) == 2:
                    np.stack([resized_pixels(files[row].read_bytes(), images.pixels[network]) for row in rows])
                else:
                    answers[part[:3]](batch)
                if turn >= 0:
                    seconds[part].append(time.perf_counter() - start)
    return seconds


def multiply_adds(path: str) -> int:
    """Multiplications with addition that one image costs in convolutions and matrix products."""
    network = onnx.load(path)
    weights, shapes = {one.name: tuple(one.dims) for one in network.graph.initializer}, shapes_of_values(network)
    total = 0
    for node in network.graph.node:
        if node.op_type == "Conv":  # weights [out, in / groups, height, width]
            total += int(np.prod(weights[node.input[1]])) * int(np.prod(shapes[node.output[0]][2:]))
        elif node.op_type in ("MatMul", "Gemm"):
            total += int(np.prod(weights[node.input[1]]))
    return total


def open_networks(
    models: dict[str, str], files: dict[str, dict[str, dict[str, str]]], threads: int
) -> dict[tuple[str, str, str], Network]:
    """Load networks and open their files.

    Args:
        models: .keras file by network id.
        files: exported files by network id, form and precision; some may be absent.
        threads: threads of every runtime; those of TensorFlow are fixed when it is imported, see `job.fix_threads`.

    Returns:
        Functions that answer, by network id, runtime and precision.
    """
    from snakedistill.networks.classifier import load_network  # imports TensorFlow, whose threads are fixed then

    opened = {name: in_runtimes(load_network(path), files[name], threads) for name, path in models.items()}
    return {(name, *way): answer for name, answers in opened.items() for way, answer in answers.items()}


def in_runtimes(
    network: "keras.Model", files: Mapping[str, Mapping[str, str | Path]], threads: int
) -> dict[tuple[str, str], Network]:
    """Functions that answer, by runtime and precision.

    Args:
        network: the Keras model.
        files: exported files of the same network, by form and precision.
        threads: threads of every runtime but Keras, whose are fixed already.
    """
    keras_itself: Network = partial(_predicted, network)
    return {("Keras", "float32"): keras_itself} | _of_files(files, threads)


def _predicted(network: "keras.Model", batch: np.ndarray) -> np.ndarray:
    return network.predict(batch, batch_size=len(batch), verbose=0)


def _of_files(files: Mapping[str, Mapping[str, str | Path]], threads: int) -> dict[tuple[str, str], Network]:
    found: dict[tuple[str, str], Network] = {}
    for form, paths in files.items():
        for runtime in FORMS[form].runtimes:
            found |= {(runtime.title, precision): runtime.open(path, threads) for precision, path in paths.items()}
    return found


def _image_files(images: TimedImages, count: int, folder: Path) -> list[Path]:
    """Copy the first image files of the test part out of the archive, in the order of the array."""
    members = read_csv(images.index).set_index("image_id")["member"]
    split = read_csv(images.splits)
    ids = split["image_id"][split["split"] == TEST].head(count)
    with open_archive(images.archive) as opened:
        for number, image_id in enumerate(ids):
            (folder / str(number)).write_bytes(opened.read(members[image_id]))
    return [folder / str(number) for number in range(len(ids))]


def this_machine(forms: Iterable[str]) -> dict[str, object]:
    """The processor, its instructions that matter here, the cores this process may use, and the runtimes of forms."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    said = facts.get("flags") or facts.get("Features", "")  # on x86, and on Arm
    flags = [flag for flag in said.split() if flag.startswith(("avx", "amx", "asimd"))]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    runtimes = [runtime for form in forms for runtime in FORMS[form].runtimes]
    packages = {"Keras": "keras"} | {runtime.title: runtime.package for runtime in runtimes}
    return {
        "processor": facts.get("model name") or platform.processor() or platform.machine(),
        "flags": " ".join(flags),
        "cores": cores,
        "versions": ", ".join(f"{title} {importlib.metadata.version(package)}" for title, package in packages.items()),
    }
