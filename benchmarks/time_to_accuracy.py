"""Seconds to an accuracy: python benchmarks/time_to_accuracy.py FOLDER [--accuracy 0.97] [--weights FOLDER]

An EfficientNet-Lite0 with ImageNet weights learns the class folders of photographs from manual labels: the student of
`presets/photographs.yaml`; Keras as its guide to transfer learning has it (150 pixels, head alone for 292 steps at
1e-3, then everything at 1e-5); and the defaults of timm's training script (SGD at 0.05 with warm-up, batch 128), where
PyTorch and timm are installed. They take turns, with a split of the photographs by seed, each in a process of its own.
The clock runs from the image files to the end of the first epoch after which the accuracy on photographs that nobody
learned from is as asked for, without the time to measure that accuracy and without the import of the framework.
"""

import argparse
import contextlib
import importlib.util
import math
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from snakedistill.core.job import fix_threads, import_keras  # noqa: E402

BACKBONE = "efficientnet_lite0"
HELD_OUT, VALIDATION = 0.3, 0.15  # shares of the photographs
LIMIT = 900.0  # seconds
STEPS_OF_HEAD = 292  # of Keras's guide: two epochs of 9,305 photographs in batches of 64


class ReachedError(Exception):
    """The accuracy is as asked for, or the time is over."""


@dataclass
class Clock:
    """What a contender has needed, and how accurate it was, after each epoch.

    Attributes:
        goal: the accuracy that is asked for.
        label: of the photographs that nobody learned from, int [n].
        epochs: seconds and accuracy after each epoch.
    """

    goal: float
    label: np.ndarray
    epochs: list[tuple[float, float]] = field(default_factory=list)
    _seconds: float = 0.0
    _started: float = 0.0

    def start(self) -> None:
        """Begin, or go on."""
        self._started = time.perf_counter()

    def epoch(self, answers: Callable[[], np.ndarray]) -> None:
        """An epoch has ended: the classes that the network answers are looked at while the clock stands.

        Raises:
            ReachedError: the accuracy is as asked for, or the time is over.
        """
        self._seconds += time.perf_counter() - self._started
        self.epochs.append((self._seconds, float((answers() == self.label).mean())))
        if self.epochs[-1][1] >= self.goal or self._seconds > LIMIT:
            raise ReachedError
        self.start()


@dataclass(frozen=True)
class Photographs:
    """A split of a folder: paths and labels, and which are for what, by name of the part."""

    folder: Path
    classes: list[str]
    paths: np.ndarray
    label: np.ndarray
    part: np.ndarray

    @classmethod
    def of(cls, folder: Path, seed: int) -> "Photographs":
        """Split the photographs of the class folders."""
        classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
        found = [(path, label) for label, name in enumerate(classes) for path in sorted((folder / name).iterdir())]
        order = np.random.default_rng(seed).permutation(len(found))
        part = np.full(len(found), "train", dtype=object)
        part[order[: round(HELD_OUT * len(found))]] = "test"
        part[order[round(HELD_OUT * len(found)) :][: round(VALIDATION * len(found))]] = "validation"
        paths, label = zip(*found, strict=True)
        return cls(folder, classes, np.array(paths), np.array(label), part)

    def labels_of(self, *parts: str) -> np.ndarray:
        """Labels of the photographs of these parts, int [n]."""
        return self.label[np.isin(self.part, parts)]

    def paths_of(self, *parts: str) -> list[str]:
        """Paths of the photographs of these parts."""
        return [str(path) for path in self.paths[np.isin(self.part, parts)]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="photographs in a folder for each of two classes")
    parser.add_argument("--accuracy", type=float, default=0.97)
    parser.add_argument("--weights", type=Path, default=ROOT / "results/weights", help="folder of the ImageNet weights")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    weights = arguments.weights / f"{BACKBONE}-imagenet-notop.h5"
    if not weights.is_file():
        sys.exit(f"{weights} is missing. Run `snakemake --cores 1 -- {weights}` with presets/photographs.yaml.")
    contenders = {"this project": this_project, "Keras, its guide": keras_guide}
    if all(map(importlib.util.find_spec, ("torch", "timm"))):
        contenders["PyTorch, timm's defaults"] = timm_defaults
    found: dict[str, list[list[tuple[float, float]]]] = {name: [] for name in contenders}
    for seed in range(arguments.seeds):
        for name, contender in contenders.items():
            measured = arguments.folder, str(weights), arguments.accuracy, seed, arguments.threads
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
                found[name].append(process.submit(in_process, contender, *measured).result())
            epochs = found[name][-1]
            seconds, accuracy = epochs[-1]
            print(f"{name}, seed {seed}: {seconds:.1f} s, {accuracy:.4f}, evaluated {len(epochs)} times", flush=True)
    report(found, arguments.accuracy)


def in_process(
    contender: Callable, folder: Path, weights: str, goal: float, seed: int, threads: int
) -> list[tuple[float, float]]:
    """Let a contender learn: its seconds and accuracy after each epoch."""
    fix_threads(threads, "tensorflow")
    photographs = Photographs.of(folder, seed)
    clock = Clock(goal, photographs.labels_of("test"))
    with contextlib.suppress(ReachedError):
        contender(photographs, weights, seed, threads, clock)
    return clock.epochs


def report(found: dict[str, list[list[tuple[float, float]]]], goal: float) -> None:
    """Print the medians, and how many times as long as this project each took."""
    from snakedistill.measures.intervals import ratio_interval

    ours = np.array([epochs[-1][0] for epochs in found["this project"]])
    print(f"\n| to an accuracy of {goal:g} | median, s | of seeds | reached | times as long as this project |")
    print("|---|---:|---|---:|---:|")
    for name, of_seeds in found.items():
        seconds = np.array([epochs[-1][0] for epochs in of_seeds])
        reached = sum(epochs[-1][1] >= goal for epochs in of_seeds)
        low, high = ratio_interval(seconds, ours)
        each = ", ".join(f"{one:.0f}" for one in seconds)
        ratio = f"{np.median(seconds) / np.median(ours):.1f} [{low:.1f}, {high:.1f}]"
        print(f"| {name} | {np.median(seconds):.0f} | {each} | {reached} of {len(of_seeds)} | {ratio} |")


def this_project(photographs: Photographs, weights: str, seed: int, threads: int, clock: Clock) -> None:
    """The student of the preset, with manual labels; epoch 0 is its head."""
    import pandas as pd
    import yaml

    import_keras()
    from snakedistill.configuration import recipes
    from snakedistill.core.parts import PARTS, TEST
    from snakedistill.data.images import MappedImages, write_arrays
    from snakedistill.data.index import write_index
    from snakedistill.networks.classifier import build_network, logit_and_probability
    from snakedistill.teaching.labels import write_labels
    from snakedistill.training import loop
    from snakedistill.training.forward import predicted
    from snakedistill.training.launches import forward_for
    from snakedistill.training.run import TrainingRun

    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    preset = yaml.safe_load((ROOT / "presets/photographs.yaml").read_text())
    config |= {part: config[part] | preset[part] for part in ("teacher", "student")}
    config["students"] = {"classic": preset["students"]["classic"]}
    recipe = recipes.recipe(config, "classic")
    size, classes = recipe["image_size"], photographs.classes
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        index, splits, labels = (str(folder / f"{name}.csv") for name in ("index", "splits", "labels"))
        clock.start()
        write_index(str(photographs.folder), "class_folders", classes, index, str(folder / "unusable.csv"), threads)
        part = {
            path.relative_to(photographs.folder).as_posix(): name
            for path, name in zip(photographs.paths, photographs.part, strict=True)
        }
        listed = pd.read_csv(index)
        listed.assign(split=listed["member"].map(part)).to_csv(splits, index=False)
        arrays = {name: str(folder / f"{name}.npy") for name in PARTS}
        write_arrays(str(photographs.folder), index, splits, recipes.pixels(recipe), arrays, threads)
        write_labels("classic-0", seed, splits, "manual", None, {}, classes, labels)
        run = TrainingRun(
            network_id="classic-0",
            way="manual",
            recipe=recipe,
            image_size=size,
            precision="float32",
            seed=seed,
            classes=classes,
            arrays={name: arrays[name] for name in PARTS if name != TEST},
            splits=splits,
            labels=labels,
            weights=weights,
        )
        network = build_network("measured", size, BACKBONE, weights, recipe["preprocessing"])
        forward, add = forward_for(logit_and_probability(network)), loop.Progress.add

        def added(progress, row, weights_of_epoch):
            def answers() -> np.ndarray:
                network.set_weights(weights_of_epoch())
                return (predicted(forward, MappedImages(arrays[TEST]))[0].ravel() > 0).astype(int)

            clock.epoch(answers)
            add(progress, row, weights_of_epoch)

        with mock.patch.object(loop.Progress, "add", added):
            loop.train(run, *(str(folder / name) for name in ("model.keras", "history.csv", "checkpoints")))


def keras_guide(photographs: Photographs, weights: str, seed: int, threads: int, clock: Clock) -> None:
    """The guide's network, layers, rates and steps of the head; then it goes on with everything at the low rate."""
    import_keras()
    import keras
    import tensorflow as tf

    from snakedistill.networks.classifier import built, preprocess_input_of

    size, batch = (150, 150), 64
    keras.utils.set_random_seed(seed)

    def images(*parts: str) -> tf.data.Dataset:
        def decoded(path: tf.Tensor) -> tf.Tensor:
            return tf.image.resize(tf.io.decode_image(tf.io.read_file(path), 3, expand_animations=False), size)

        return tf.data.Dataset.from_tensor_slices(photographs.paths_of(*parts)).map(decoded, tf.data.AUTOTUNE)

    learned, held_out = ("train", "validation"), images("test").batch(batch).cache()
    label = photographs.labels_of(*learned)[:, None].astype(np.float32)
    clock.start()
    augment = keras.Sequential([keras.layers.RandomFlip("horizontal"), keras.layers.RandomRotation(0.1)])
    examples = tf.data.Dataset.zip(images(*learned), tf.data.Dataset.from_tensor_slices(label)).cache()
    examples = examples.shuffle(len(label)).batch(batch)
    examples = examples.map(lambda batch, label: (augment(batch, training=True), label)).prefetch(tf.data.AUTOTUNE)
    base = built(BACKBONE, size[0])
    base.load_weights(weights)
    base.trainable = False
    given = keras.Input((*size, 3))
    features = base(preprocess_input_of(BACKBONE)(given), training=False)
    x = keras.layers.Dropout(0.2)(keras.layers.GlobalAveragePooling2D()(features))
    network = keras.Model(given, keras.layers.Dense(1)(x))

    def answers() -> np.ndarray:
        return (network.predict(held_out, verbose=0).ravel() > 0).astype(int)

    def fit(rate: float, epochs: int) -> None:
        network.compile(keras.optimizers.Adam(rate), keras.losses.BinaryCrossentropy(from_logits=True))
        for _ in range(epochs):
            network.fit(examples, epochs=1, verbose=0)
            clock.epoch(answers)

    fit(1e-3, math.ceil(STEPS_OF_HEAD / math.ceil(len(label) / batch)))
    base.trainable = True
    fit(1e-5, 100)


def arrays_of(weights: str) -> list[np.ndarray]:
    """The weights of the backbone in the order of its layers, kernels with outputs and inputs first, as in PyTorch."""
    fix_threads(1, "tensorflow")
    import_keras()
    from snakedistill.networks.classifier import built

    source = built(BACKBONE, 224)
    source.load_weights(weights)
    return [one.transpose(3, 2, 0, 1) if one.ndim == 4 else one for one in source.get_weights()]


def timm_defaults(photographs: Photographs, weights: str, seed: int, threads: int, clock: Clock) -> None:
    """Transformations, optimiser, warm-up and rates of timm's training script, at the network's own 224 pixels."""
    import timm
    import torch
    from PIL import Image
    from timm.data import create_transform, resolve_model_data_config
    from timm.optim import create_optimizer_v2
    from timm.scheduler import CosineLRScheduler

    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    batch, epochs, warm_up = 128, 300, 5
    network = timm.create_model(f"tf_{BACKBONE}", num_classes=len(photographs.classes))
    # TensorFlow and PyTorch do not fit into one process: each brings an LLVM.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        arrays = process.submit(arrays_of, weights).result()
    names = [name for name in network.state_dict() if not name.startswith("classifier") and "tracked" not in name]
    shapes = [network.state_dict()[name].shape for name in names]
    tensors = [torch.tensor(one.reshape(shape)) for one, shape in zip(arrays, shapes, strict=True)]
    network.load_state_dict(dict(zip(names, tensors, strict=True)), strict=False)
    about = resolve_model_data_config(network)

    class Images(torch.utils.data.Dataset):
        def __init__(self, *parts: str, is_training: bool) -> None:
            self.paths, self.label = photographs.paths_of(*parts), photographs.labels_of(*parts)
            self.transform = create_transform(**about, is_training=is_training)

        def __len__(self) -> int:
            return len(self.paths)

        def __getitem__(self, number: int) -> tuple[torch.Tensor, int]:
            with Image.open(self.paths[number]) as image:
                return self.transform(image.convert("RGB")), int(self.label[number])

    held_out = torch.stack([pixels for pixels, _ in Images("test", is_training=False)])

    def answers() -> np.ndarray:
        network.eval()
        with torch.inference_mode():
            return torch.cat([network(part).argmax(1) for part in held_out.split(64)]).numpy()

    clock.start()
    learned = Images("train", "validation", is_training=True)
    loader = torch.utils.data.DataLoader(learned, batch, shuffle=True, drop_last=True)
    optimiser = create_optimizer_v2(network, opt="sgd", lr=0.1 * batch / 256, weight_decay=2e-5)
    schedule = CosineLRScheduler(optimiser, epochs, warmup_t=warm_up, warmup_lr_init=1e-5)
    loss = torch.nn.CrossEntropyLoss()
    for epoch in range(epochs):
        schedule.step(epoch)
        network.train()
        for pixels, label in loader:
            optimiser.zero_grad()
            loss(network(pixels), label).backward()
            optimiser.step()
        clock.epoch(answers)


if __name__ == "__main__":
    main()
