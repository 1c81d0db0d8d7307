"""Trains a saved network for some steps on Keras's backend of the day, for tests/test_backends.py.

Arguments: the .keras file, a .npy of images, a .npz with label, flip and shift by step, steps in a launch, the .npz to
write. Steps in one launch take their images from the device.
"""

import sys

import keras
import numpy as np

from snakedistill.data.images import MappedImages
from snakedistill.networks.classifier import load_network, training_twin
from snakedistill.training.launches import ImagesOnDevice, Launch
from snakedistill.training.loop import compile_for_training, fit_epoch

model, pixels, given, together, written = sys.argv[1:]
network = load_network(model)
twin = training_twin(network, "float32")
compile_for_training(twin, 1e-4)
launches: list[int] = []
launch, images = None, MappedImages(pixels)
if int(together) > 1:
    launch, images = Launch(twin, int(together)), ImagesOnDevice(images, at_once=50)
with np.load(given) as data:
    steps, size = data["label"].shape[:2]
    rows = [slice(i * size, (i + 1) * size) for i in range(steps)]
    batches = [((images.read(rows[i]), data["flip"][i], data["shift"][i]), data["label"][i]) for i in range(steps)]
    loss, _ = fit_epoch(twin, iter(batches), launches.append, launch)
    logit = twin.predict_on_batch(batches[0][0])
np.savez(
    written,
    backend=keras.backend.backend(),
    frameworks=[name for name in ("tensorflow", "jax") if name in sys.modules],
    loss=loss,
    launches=launches,
    logit=logit,
    **{f"weight-{i}": weight for i, weight in enumerate(twin.get_weights())},
)
