"""Trains a saved network for some steps on Keras's backend of the day, for tests/test_backends.py.

Arguments: the .keras file, a .npz with images, label, flip and shift by step, steps in a launch, the .npz to write.
"""

import sys

import keras
import numpy as np

from snakedistill.launches import Launch
from snakedistill.networks import load_network, training_twin
from snakedistill.training import compile_for_training, fit_epoch

model, given, together, written = sys.argv[1:]
network = load_network(model)
twin = training_twin(network, "float32")
compile_for_training(twin, 1e-4)
launches: list[int] = []
launch = Launch(twin, int(together)) if int(together) > 1 else None
with np.load(given) as data:
    batches = [
        ((data["images"][i], data["flip"][i], data["shift"][i]), data["label"][i]) for i in range(len(data["label"]))
    ]
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
