"""How long a training step takes on this machine."""

import time

import keras
import numpy as np

from snakedistill.core.outputs import number_of_outputs
from snakedistill.networks.classifier import build_network
from snakedistill.networks.training_model import faster_precision, freeze_batch_norm, fused_copy
from snakedistill.teaching.losses import cross_entropy
from snakedistill.training.launches import launch_for
from snakedistill.training.loop import fit_epoch
from snakedistill.training.phases import compile_for_training

STEPS = 4


def seconds_of_step(complete: dict, classes: int, precision: str) -> float:
    """Train a network with random weights on random images, and measure its fastest step of some.

    What else the machine does makes steps slower, so the fastest one tells most of the machine. On a machine that is
    busy all the time a step counts as long as it computes, on all cores together: that is the most that it would take
    on one core alone.

    Args:
        complete: its complete recipe.
        classes: number of classes.
        precision: see the configuration.

    Returns:
        Seconds of a step on a batch, once it is compiled.
    """
    size, batch = complete["image_size"], complete["batch_size"]
    network = build_network("student", size, complete["backbone"], None, complete["preprocessing"], classes=classes)
    model = fused_copy(network, faster_precision(network) if precision == "auto" else precision)
    if complete["batch_norm"] == "frozen":
        freeze_batch_norm(model)
    compile_for_training(model, complete["learning_rate"], cross_entropy)
    launch = launch_for(model)
    rng = np.random.default_rng(0)
    images = keras.ops.convert_to_tensor(rng.integers(0, 256, (batch, size, size, 3)).astype(np.float32))
    label = np.full((batch, number_of_outputs(classes)), 1 / classes, np.float32)
    passed = [(images, {"label": keras.ops.convert_to_tensor(label)})]
    seconds = []
    for _ in range(1 + STEPS):
        start, computed = time.perf_counter(), time.process_time()
        fit_epoch(model, iter(passed), abs, launch)
        seconds.append(min(time.perf_counter() - start, time.process_time() - computed))
    return min(seconds[1:])
