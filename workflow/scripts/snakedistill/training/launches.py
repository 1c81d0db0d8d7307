"""Training steps and forward passes as each backend launches them best.

On TensorFlow each is traced once for batches of every size: Keras's `train_on_batch` and `predict_on_batch` trace again
for the last, smaller batch. On JAX several steps go to an accelerator in one launch: there a step of few images is over
sooner than Python can launch the next one; and the images are kept there if they fit.
"""

import math
from collections.abc import Callable, Sequence

import keras
import numpy as np

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
elif keras.backend.backend() == "jax":
    import jax
    import jax.numpy as jnp

from snakedistill.data.images import Images
from snakedistill.networks.frozen import STORED

Forward = Callable[[object], list[np.ndarray]]
"""From inputs as `batches` yields them to every output of a model."""

STEPS_ON_AN_ACCELERATOR = 16
SHARE_OF_THE_MEMORY = 0.1  # of an accelerator, for the images of a part: several networks may train on one


def launch_for(model: keras.Model, targets: Sequence[str] = ("label",)) -> "Step | Launch | None":
    """What trains the model on this backend and device; None: Keras's `train_on_batch`.

    Args:
        model: compiled with the metric `accuracy`, its optimizer built.
        targets: names of the targets of batches, see `teaching.way.Targets`.
    """
    if keras.backend.backend() == "tensorflow":
        return Step(model, targets)
    if keras.backend.backend() == "jax" and jax.default_backend() != "cpu":
        return Launch(model, STEPS_ON_AN_ACCELERATOR)
    return None


def near_the_device(images: Images) -> Images:
    """The images in the memory of JAX's accelerator where there is one and they fit, else as they are."""
    if keras.backend.backend() != "jax" or jax.default_backend() == "cpu":
        return images
    memory = jax.local_devices()[0].memory_stats()
    fits = math.prod(images.shape) <= SHARE_OF_THE_MEMORY * memory["bytes_limit"]
    return ImagesOnDevice(images) if fits else images


def forward_for(model: keras.Model) -> Forward:
    """A forward pass of the model on this backend.

    Args:
        model: its first input is the image, or its only one the activations.

    Returns:
        A function from inputs as `batches` yields them to every output of the model.
    """
    if keras.backend.backend() != "tensorflow":
        return lambda inputs: keras.tree.flatten(model.predict_on_batch(inputs))
    image, *draws = model.inputs
    dtype = image.dtype if image.dtype == STORED else "uint8"
    signature = [tf.TensorSpec(image.shape, dtype), *(tf.TensorSpec(one.shape, one.dtype) for one in draws)]

    @tf.function(input_signature=signature, autograph=False, jit_compile=model.jit_compile)
    def forward(*inputs):
        return keras.tree.flatten(model(list(inputs) if draws else inputs[0], training=False))

    return lambda inputs: [output.numpy() for output in forward(*keras.tree.flatten(inputs))]


class Step:
    """Trains a compiled model on one batch in a call, on TensorFlow; the first call traces.

    Args:
        model: compiled with the metric `accuracy`, its optimizer built.
        targets: names of the targets of batches, see `teaching.way.Targets`.
    """

    steps = 1

    def __init__(self, model: keras.Model, targets: Sequence[str] = ("label",)) -> None:
        self._model = model
        inputs = tuple(tf.TensorSpec(one.shape, one.dtype) for one in model.inputs)
        known = {
            "label": tf.TensorSpec(model.output.shape),
            "manual": tf.TensorSpec([None], "int32"),
            "weight": tf.TensorSpec([None]),
        }
        options = {"autograph": False, "jit_compile": model.jit_compile}
        signature = (inputs, {name: known[name] for name in targets})
        self._step = tf.function(self._one, input_signature=signature, **options)

    def __call__(self, batches: Sequence[tuple]) -> np.ndarray:
        """Train on the only (inputs, targets): its loss and accuracy, float64 [1, 2]."""
        ((inputs, targets),) = batches
        self._model.reset_metrics()
        loss, accuracy = self._step(tuple(keras.tree.flatten(inputs)), targets)
        return np.array([[loss, accuracy]], dtype=np.float64)

    def _one(self, inputs: tuple, targets: dict[str, "tf.Tensor"]) -> tuple:
        logs = self._model.train_step((inputs if len(inputs) > 1 else inputs[0], targets))
        return logs["loss"], logs["accuracy"]


class ImagesOnDevice:
    """Images in the memory of JAX's device, to read like `MappedImages`.

    Args:
        images: copied from.
        at_once: images copied at a time, and held in the host's memory.

    Attributes:
        shape: (images, height, width, channels).
    """

    def __init__(self, images: Images, at_once: int = 256) -> None:
        self.shape = images.shape
        self._array = jnp.zeros(images.shape, "uint8")
        put = jax.jit(jax.lax.dynamic_update_slice_in_dim, static_argnums=3, donate_argnums=0)
        for start in range(0, len(images), at_once):
            self._array = put(self._array, images.read(slice(start, start + at_once)), start, 0)

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, rows: np.ndarray | slice) -> "jax.Array":
        """Copy some rows within the device: uint8 [len(rows), height, width, channels]."""
        # By number even if in order: a slice would be compiled anew for each place it starts at.
        return jnp.take(self._array, np.arange(len(self))[rows], axis=0)


class Launch:
    """Trains a compiled model on several batches of one size in one call, on JAX; the first call compiles.

    Args:
        model: compiled with the metric `accuracy`, its optimizer built.
        steps: batches in a call.
    """

    def __init__(self, model: keras.Model, steps: int) -> None:
        self.steps = steps
        self._model = model
        self._scan = jax.jit(self._steps)

    def __call__(self, batches: Sequence[tuple]) -> np.ndarray:
        """Train on each batch in turn, see `Step`: loss and accuracy of each, float64 [steps, 2]."""
        model = self._model
        variables = (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
        model.reset_metrics()
        metrics = [variable.value for variable in model.metrics_variables]
        state = tuple([variable.value for variable in group] for group in variables)
        stacked = keras.tree.map_structure(_stacked, *batches)
        state, logs = self._scan(state, metrics, stacked)
        for group, values in zip(variables, state, strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)
        return np.stack([np.asarray(logs[name], dtype=np.float64) for name in ("loss", "accuracy")], axis=1)

    def _steps(self, state: tuple, metrics: list, stacked: tuple) -> tuple:
        def step(state: tuple, batch: tuple) -> tuple:
            logs, (*state, _) = self._model.train_step((*state, metrics), batch)
            return tuple(state), logs

        return jax.lax.scan(step, state, stacked)


def _stacked(*arrays: "np.ndarray | jax.Array") -> "np.ndarray | jax.Array":
    """Where they are."""
    return (jnp if isinstance(arrays[0], jax.Array) else np).stack(arrays)
