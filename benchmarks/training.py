"""Training steps against those of others: python benchmarks/training.py [--student resnet18 ...] [--side 224 96]

A student learns from a ResNet-50, batch 32, random weights. This project's way, whole (reading from the memory map,
drawing, augmenting, step) and the bare step on constant data, beside stock Keras with augmentation by Keras's layers,
`keras.distillation.Distiller`, and PyTorch with the teacher run on every batch and as a bare step. All take turns.
PyTorch is needed for this alone, `uv pip install torch torchvision timm`; without it its rows are left out.

A student is `resnet18`, `mobilenetv2`, or the path of a saved EfficientNet-Lite0, which keras.applications lacks.
"""

import argparse
import contextlib
import functools
import importlib.util
import itertools
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from snakedistill.core.job import fix_threads  # noqa: E402

BATCH = 32
PIXELS_IN_A_TURN = 2_000_000
LITE0 = "EfficientNet-Lite0"
# Of a forward pass at 224 pixels.
MULTIPLY_ADDS = {"resnet18": 1.82e9, "resnet50": 4.09e9, "mobilenetv2": 0.30e9, LITE0: 0.41e9}
SHIFT = 0.4
AUGMENTATION = {"shift": SHIFT, "flip": True}
GOALS = {  # of a ResNet-18 at 224 pixels, of this project's whole fit: float32, bfloat16
    "stock Keras": (1.2, 1.9),
    "Keras Distiller": (2.0, 3.0),
    "PyTorch, online teacher": (2.4, 2.3),
    "PyTorch, bare step": (1.3, 1.1),
}
OURS, BARE = "this project, whole fit", "this project, bare step"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--student", nargs="+", default=["resnet18", "mobilenetv2"])
    parser.add_argument("--side", type=int, nargs="+", default=[224, 96])
    parser.add_argument("--precision", nargs="+", default=["float32", "bfloat16"])
    arguments = parser.parse_args()
    fix_threads(arguments.threads, "tensorflow")
    for student, side, precision in itertools.product(arguments.student, arguments.side, arguments.precision):
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), student, side, precision, arguments.threads, arguments.rounds)


def measure(folder: Path, student: str, side: int, precision: str, threads: int, rounds: int) -> None:
    """Let all contenders take turns, and print images per second and ratios."""
    import numpy as np

    from snakedistill.measures.intervals import ratio_interval

    steps = max(3, PIXELS_IN_A_TURN // (BATCH * side**2))
    name_of_student = student if student in MULTIPLY_ADDS else LITE0
    rng = np.random.default_rng(0)
    np.save(folder / "train.npy", rng.integers(0, 256, (BATCH * steps, side, side, 3), dtype=np.uint8))
    label = rng.random(BATCH * steps).astype(np.float32)
    contenders = keras_contenders(folder / "train.npy", label, student, side, precision)
    ceiling: list[float] = []
    with torch_contenders(folder / "train.npy", label, name_of_student, side, precision, threads) as of_torch:
        contenders |= of_torch
        rate: dict[str, list[float]] = {name: [] for name in contenders}
        for turn in range(-1, rounds):
            for name, fit in contenders.items():
                start = time.perf_counter()
                fit()
                if turn >= 0:
                    rate[name].append(BATCH * steps / (time.perf_counter() - start))
            ceiling.append(matrix_product(precision))

    print(
        f"\n{name_of_student}, {side} pixels, {precision}, batch {BATCH}, {threads} threads, "
        f"{rounds} turns of {steps} steps"
    )
    print("| | images/s | least to most | this project's whole fit is faster by |")
    print("|---|---:|---:|---:|")
    for name, found in rate.items():
        # ratio_interval is of seconds: the rates change places.
        low, high = ratio_interval(1 / np.array(found), 1 / np.array(rate[OURS]))
        ratio = np.median(rate[OURS]) / np.median(found)
        goals = GOALS if (student, side) == ("resnet18", 224) else {}
        goal = goals.get(name, (None, None))[precision == "bfloat16"]
        said = "" if goal is None else f", goal {goal}: {'reached' if ratio >= goal else 'NOT REACHED'}"
        print(
            f"| {name} | {np.median(found):.1f} | {min(found):.1f} to {max(found):.1f} "
            f"| {ratio:.2f} [{low:.2f}, {high:.2f}]{said} |"
        )
    flops = 3 * 2 * MULTIPLY_ADDS[name_of_student] * (side / 224) ** 2  # a training step costs three forward passes
    reached = np.median(rate[OURS]) * flops / np.median(ceiling)
    print(f"ceiling, 4096-square matrix product: {np.median(ceiling) / 1e9:.0f} GFLOP/s; reached: {reached:.2f} of it")


def matrix_product(precision: str) -> float:
    """Floating-point operations per second of a product of two 4096-square matrices in TensorFlow."""
    import tensorflow as tf

    side = 4096
    matrix = tf.cast(tf.random.normal((side, side)), precision)
    tf.matmul(matrix, matrix)
    start = time.perf_counter()
    tf.matmul(matrix, matrix).numpy()
    return 2 * side**3 / (time.perf_counter() - start)


def keras_contenders(images: Path, label, student: str, side: int, precision: str) -> dict[str, Callable[[], object]]:
    """This project's two ways, stock Keras and its Distiller: a call each makes one pass over the images."""
    import keras
    import numpy as np
    from keras import layers

    from snakedistill.data.images import MappedImages
    from snakedistill.networks.training_model import fused_copy
    from snakedistill.teaching import WAYS
    from snakedistill.training.launches import launch_for
    from snakedistill.training.loop import fit_epoch
    from snakedistill.training.phases import compile_for_training

    keras.utils.set_random_seed(0)  # deterministic kernels, as in the workflow, ask for it
    array = np.load(images)
    built = functools.partial(built_student, side)
    whole = whole_fit(MappedImages(images), label, student, side, precision, BATCH)
    bare = fused_copy(built(student), precision)
    compile_for_training(bare, 1e-4, WAYS["soft"].loss)
    launch_bare = launch_for(bare)
    batch = keras.ops.convert_to_tensor(array[:BATCH].astype(np.float32))
    batch_label = keras.ops.convert_to_tensor(label[:BATCH, None])

    found = {
        OURS: whole,
        BARE: lambda: fit_epoch(
            bare, iter([(batch, {"label": batch_label})] * (len(label) // BATCH)), abs, launch_bare
        ),
    }
    if precision == "bfloat16" and student not in MULTIPLY_ADDS:  # a saved network keeps its precision
        return found

    keras.config.set_dtype_policy({"float32": "float32", "bfloat16": "mixed_bfloat16"}[precision])

    def stock(backbone: str) -> keras.Model:
        network = built(backbone)
        return keras.Model(network.input, network.get_layer("logit").output)

    def augmented() -> list[layers.Layer]:
        return [
            layers.Input((side, side, 3)),
            layers.RandomFlip("horizontal"),
            layers.RandomTranslation(SHIFT, SHIFT, fill_mode="nearest"),
        ]

    plain = keras.Sequential([*augmented(), stock(student)])
    teacher = built("resnet50")
    teacher = keras.Model(teacher.input, teacher.get_layer("logit").output)
    distiller = keras.distillation.Distiller(
        teacher, stock(student), keras.distillation.LogitsDistillation(loss="mse"), student_loss_weight=0.0
    )
    keras.config.set_dtype_policy("float32")
    for model in (plain, distiller):
        model.compile(keras.optimizers.Adam(1e-4), keras.losses.BinaryCrossentropy(from_logits=True))
    return found | {
        "stock Keras": lambda: plain.fit(array, label[:, None], batch_size=BATCH, verbose=0),
        "Keras Distiller": lambda: distiller.fit(array, label[:, None], batch_size=BATCH, verbose=0),
    }


def built_student(side: int, backbone: str):
    """A network with random weights, or with those of a saved one, which rescales its images itself."""
    from snakedistill.networks.classifier import build_network

    return build_network("student", side, backbone, preprocessing="paper" if backbone in MULTIPLY_ADDS else "none")


def whole_fit(images, label, student: str, side: int, precision: str, batch: int) -> Callable[[], None]:
    """This project's training of a student: a call makes one pass over the images."""
    from snakedistill.networks.augmentation.draws import draw, random_stream
    from snakedistill.networks.training_model import training_model
    from snakedistill.teaching import WAYS
    from snakedistill.training.batches import batches
    from snakedistill.training.launches import launch_for
    from snakedistill.training.loop import fit_epoch
    from snakedistill.training.phases import compile_for_training

    model = training_model(built_student(side, student), precision, AUGMENTATION)
    compile_for_training(model, 1e-4, WAYS["soft"].loss)
    launch = launch_for(model)
    passes = itertools.count()

    def whole() -> None:
        number = next(passes)
        order = random_stream(0, "student", "order", number).permutation(len(images))
        draws = draw(AUGMENTATION, 0, "student", "train", number, len(images), side)
        fit_epoch(model, batches(images, batch, draws, {"label": label[:, None]}, order), abs, launch)

    return whole


@contextlib.contextmanager
def torch_contenders(*arguments) -> Iterator[dict[str, Callable[[], object]]]:
    """PyTorch's two ways, in a process of its own, for TensorFlow and PyTorch cannot be loaded into one."""
    if importlib.util.find_spec("torch") is None:
        print("PyTorch is not there; its rows are left out")
        yield {}
        return
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve_torch, args=(there, *arguments), daemon=True)
    process.start()
    there.close()  # so that an error of the process ends this one too

    def ask(name: str) -> None:
        here.send(name)
        here.recv()

    yield {name: functools.partial(ask, name) for name in here.recv()}
    here.send(None)
    process.join()


def serve_torch(pipe, *arguments) -> None:
    """Make a pass whenever its name comes through the pipe."""
    passes = torch_passes(*arguments)
    pipe.send(list(passes))
    while (name := pipe.recv()) is not None:
        passes[name]()
        pipe.send(name)


def torch_passes(
    images: Path, label, student: str, side: int, precision: str, threads: int
) -> dict[str, Callable[[], object]]:
    """PyTorch's two ways, channels last: a call each makes one pass over the images."""
    import numpy as np
    import torch
    from torchvision.models import resnet50

    torch.set_num_threads(threads)
    array = torch.from_numpy(np.load(images)).permute(0, 3, 1, 2)  # channels last in memory
    targets = torch.from_numpy(label)[:, None]
    teacher = resnet50(num_classes=1).to(memory_format=torch.channels_last).eval()
    constant = array[:BATCH].float() / 255

    online, bare = (torch_step(student, precision, "cpu") for _ in range(2))

    def with_teacher() -> None:
        for rows in torch.randperm(len(array)).split(BATCH):
            batch = array[rows].float() / 255
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
                target = teacher(batch).float().sigmoid()
            online(batch, target)

    def bare_steps() -> None:
        for _ in range(len(array) // BATCH):
            bare(constant, targets[:BATCH])

    return {"PyTorch, online teacher": with_teacher, "PyTorch, bare step": bare_steps}


def torch_step(student: str, precision: str, device: str) -> Callable:
    """A training step of PyTorch, channels last, of a network with random weights: a function of a batch and labels."""
    import torch

    network = torch_builder(student)(num_classes=1).to(device, memory_format=torch.channels_last).train()
    adam = torch.optim.Adam(network.parameters(), 1e-4)

    def step(batch: torch.Tensor, target: torch.Tensor) -> None:
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
            logit = network(batch)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logit.float(), target)
        adam.zero_grad()
        loss.backward()
        adam.step()

    return step


def torch_builder(student: str) -> Callable:
    """What builds the student in PyTorch."""
    if student == LITE0:
        from timm.models import tf_efficientnet_lite0

        return tf_efficientnet_lite0
    import torchvision.models

    return getattr(torchvision.models, {"mobilenetv2": "mobilenet_v2"}.get(student, student))


if __name__ == "__main__":
    main()
