"""Several training steps in one launch, on JAX.

On a GPU a step of few images is over sooner than Python can launch the next one.
"""

from collections.abc import Sequence

import keras
import numpy as np

if keras.backend.backend() == "jax":
    import jax

STEPS_ON_AN_ACCELERATOR = 16


def on_an_accelerator() -> bool:
    """Whether JAX computes on something else than a CPU."""
    return keras.backend.backend() == "jax" and jax.default_backend() != "cpu"


class Launch:
    """Trains a compiled model on several batches of one size in one call; the first call compiles.

    Args:
        model: compiled with the metric `accuracy`, its optimizer built.
        steps: batches in a call.
    """

    def __init__(self, model: keras.Model, steps: int) -> None:
        self.steps = steps
        self._model = model
        self._scan = jax.jit(self._steps)

    def __call__(self, batches: Sequence[tuple]) -> np.ndarray:
        """Train on each (inputs, label) in turn: loss and accuracy of each batch, float64 [steps, 2]."""
        model = self._model
        variables = (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
        model.reset_metrics()
        metrics = [variable.value for variable in model.metrics_variables]
        state = tuple([variable.value for variable in group] for group in variables)
        stacked = keras.tree.map_structure(lambda *arrays: np.stack(arrays), *batches)
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
