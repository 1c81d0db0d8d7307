"""Trains a saved network for some steps on Keras's backend of the day, for tests/test_backends.py.

Arguments: the .keras file, a .npy of images, a .npz with the labels and the draws of each transformation by step, the
settings of the augmentation as JSON, steps in a launch, the .npz to write. Steps in one launch take their images from
the device.
"""

import json
import sys

import keras
import numpy as np

from snakedistill.data.images import MappedImages
from snakedistill.networks.augmentation import active
from snakedistill.networks.classifier import load_network
from snakedistill.networks.training_model import training_model
from snakedistill.teaching import WAYS
from snakedistill.training.launches import ImagesOnDevice, Launch
from snakedistill.training.loop import fit_epoch
from snakedistill.training.phases import compile_for_training

model, pixels, given, settings, together, written = sys.argv[1:]
augmentation = json.loads(settings)
training = training_model(load_network(model), "float32", augmentation)
compile_for_training(training, 1e-4, WAYS["soft"].loss)
launches: list[int] = []
launch, images = None, MappedImages(pixels)
if int(together) > 1:
    launch, images = Launch(training, int(together)), ImagesOnDevice(images, at_once=50)
with np.load(given) as data:
    steps, size = data["label"].shape[:2]
    rows = [slice(i * size, (i + 1) * size) for i in range(steps)]
    draws = [[data[name][i] for name in active(augmentation)] for i in range(steps)]
    shown = [images.read(rows[i]) for i in range(steps)]
    inputs = [(shown[i], *draws[i]) if draws[i] else shown[i] for i in range(steps)]
    batches = [(inputs[i], {"label": data["label"][i]}) for i in range(steps)]
    loss, _ = fit_epoch(training, iter(batches), launches.append, launch)
    logit = training.predict_on_batch(inputs[0])
np.savez(
    written,
    backend=keras.backend.backend(),
    frameworks=[name for name in ("tensorflow", "jax") if name in sys.modules],
    loss=loss,
    launches=launches,
    logit=logit,
    **{f"weight-{i}": weight for i, weight in enumerate(training.get_weights())},
)
