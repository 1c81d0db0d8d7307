"""Training runs on a GPU with JAX: python benchmarks/gpu.py [--student resnet18 resnet50 ...] [--batch 32 256]

A network learns soft labels as in the workflow: its images stand in the memory of the GPU, are drawn and augmented
there, and 16 steps are one launch. Measured are one training run alone and three at once, beside the bare step of
PyTorch in channels last, which needs torch and torchvision, and timm for EfficientNet-Lite0. The share is of PyTorch's
rate of a matrix product.

A student is a name, or the path of a saved EfficientNet-Lite0. Every case compiles for a minute or two.
"""

import argparse
import contextlib
import importlib.util
import itertools
import math
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from training import LITE0, MULTIPLY_ADDS, torch_step, whole_fit

from snakedistill.core.job import fix_threads

PASSES = 4
AT_ONCE = 3
MATRIX = 8192
PRODUCTS = 50


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--student", nargs="+", default=["resnet18", "resnet50"])
    parser.add_argument("--batch", type=int, nargs="+", default=[32, 256])
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--images", type=int, default=4096, help="in a pass; a multiple of 16 batches")
    parser.add_argument("--precision", nargs="+", default=["float32", "bfloat16"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JAX_COMPILATION_CACHE_DIR"] = folder  # three training runs at once compile once
        images = Path(folder) / "train.npy"
        write_images(images, arguments.images, arguments.side)
        for precision in arguments.precision:
            measure(images, arguments.student, arguments.batch, arguments.images, arguments.side, precision)


def write_images(path: Path, number: int, side: int) -> None:
    """Noise, uint8 [number, side, side, 3]."""
    import numpy as np

    np.save(path, np.random.default_rng(0).integers(0, 256, (number, side, side, 3), dtype=np.uint8))


def measure(images: Path, students: list[str], sizes: list[int], number: int, side: int, precision: str) -> None:
    """Print a row for every student and batch size."""
    with_torch = importlib.util.find_spec("torch") is not None
    product = math.nan
    if with_torch:
        with Process(serve_matrix_product, precision) as process:
            product = PRODUCTS * 2 * MATRIX**3 / process.seconds()
    print(f"\n{precision}, {side} pixels; a product of {MATRIX}-square matrices: {product / 1e12:,.0f} TFLOP/s\n")
    print(
        f"| | batch | images/s alone | share of the product | {AT_ONCE} at once, together | PyTorch, bare step "
        "| faster by | compiled in |\n|---|---:|---:|---:|---:|---:|---:|---:|"
    )
    for student, size in itertools.product(students, sizes):
        name = student if student in MULTIPLY_ADDS else LITE0
        case = (images, student, size, side, precision)
        bare = math.nan
        if with_torch:
            with Process(serve_torch, images, name, size, precision) as process:
                bare = number / process.seconds()
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(Process(serve_ours, *case))
            alone = number / first.seconds()
            group = [first, *(stack.enter_context(Process(serve_ours, *case)) for _ in range(AT_ONCE - 1))]
            for process in group:
                process.wait()
            for process in group:
                process.ask()
            together = AT_ONCE * number / max([process.answer() for process in group])
        # A training step costs three forward passes.
        share = alone * 3 * 2 * MULTIPLY_ADDS[name] * (side / 224) ** 2 / product
        print(
            f"| {name} | {size} | {alone:,.0f} | {share:.2f} | {together:,.0f} | {bare:,.0f} | {alone / bare:.1f} "
            f"| {first.ready_after:.0f} s |",
            flush=True,
        )


class Process:
    """A process that prepares something, then does it as often as it is asked.

    Attributes:
        ready_after: seconds that the preparation took. They and all others are NaN if the process failed, for example
            for lack of memory.
    """

    def __init__(self, serve: Callable, *arguments) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, there = context.Pipe()
        self._process = context.Process(target=serve, args=(there, *arguments), daemon=True)
        self._process.start()
        there.close()  # so that its end is noticed
        self.ready_after: float | None = None

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_) -> None:
        self._send(False)
        self._process.join()

    def wait(self) -> None:
        """Until it is prepared."""
        if self.ready_after is None:
            self.ready_after = self.answer()

    def ask(self) -> None:
        """Have it start."""
        self._send(True)

    def answer(self) -> float:
        """Seconds for each time."""
        try:
            return self._pipe.recv()
        except (EOFError, ConnectionResetError):
            return math.nan

    def seconds(self) -> float:
        """Wait, ask, and wait for the answer."""
        self.wait()
        self.ask()
        return self.answer()

    def _send(self, go: bool) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._pipe.send(go)


def serve(pipe: Connection, prepare: Callable[[], Callable[[], object]]) -> None:
    """Do what `prepare` returns, twice to compile and warm up, then whenever the pipe asks."""
    start = time.perf_counter()
    prepared = prepare()
    prepared()
    pipe.send(time.perf_counter() - start)
    prepared()
    while pipe.recv():
        start = time.perf_counter()
        for _ in range(PASSES):
            prepared()
        pipe.send((time.perf_counter() - start) / PASSES)


def serve_ours(pipe: Connection, images: Path, student: str, size: int, side: int, precision: str) -> None:
    """Passes of this project over the images."""
    fix_threads(os.cpu_count(), "jax")
    import numpy as np

    from snakedistill.data.images import MappedImages
    from snakedistill.training.launches import near_the_device

    def prepare() -> Callable[[], None]:
        kept = near_the_device(MappedImages(images))
        label = np.random.default_rng(1).random(len(kept)).astype(np.float32)
        return whole_fit(kept, label, student, side, precision, size)

    serve(pipe, prepare)


def serve_torch(pipe: Connection, images: Path, student: str, size: int, precision: str) -> None:
    """As many bare steps of PyTorch on one batch as a pass has."""
    import numpy as np
    import torch

    # Float32 in TF32, as in JAX.
    torch.backends.cudnn.benchmark = torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True

    def prepare() -> Callable[[], None]:
        array = np.load(images, mmap_mode="r")
        batch = torch.from_numpy(array[:size].copy()).permute(0, 3, 1, 2).cuda().float() / 255
        target = torch.rand(size, 1, device="cuda")
        step = torch_step(student, precision, "cuda")

        def steps() -> None:
            for _ in range(len(array) // size):
                step(batch, target)
            torch.cuda.synchronize()

        return steps

    serve(pipe, prepare)


def serve_matrix_product(pipe: Connection, precision: str) -> None:
    """Products of two square matrices in PyTorch, of float32 in TF32."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = True

    def prepare() -> Callable[[], None]:
        matrix = torch.randn(MATRIX, MATRIX, device="cuda").to(getattr(torch, precision))

        def products() -> None:
            for _ in range(PRODUCTS):
                matrix @ matrix
            torch.cuda.synchronize()

        return products

    serve(pipe, prepare)


if __name__ == "__main__":
    main()
