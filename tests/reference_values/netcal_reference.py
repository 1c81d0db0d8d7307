"""Inputs of a comparison with netcal, and the script that writes netcal's own numbers to `netcal.json`.

netcal needs PyTorch, which is too large for the environment of the tests. So they regenerate the inputs and read the
file. It was made with CPython 3.11.7, netcal 1.4.0, PyTorch 2.14.1 and NumPy 2.4.6, on x86-64 without a GPU:

    python -m venv netcal-env && netcal-env/bin/pip install netcal==1.4.0
    netcal-env/bin/python tests/reference_values/netcal_reference.py
"""

import json
from pathlib import Path

import numpy as np

VALUES = Path(__file__).with_name("netcal.json")
BINS = 15
RECIPE = (
    "Forecasts: rng = default_rng(seed); probability = rng.random(images); event = rng.random(images) < probability^2;"
    " of a grid then probability = round(probability grid) / grid. Networks: rng = default_rng(seed); logit ="
    " rng.normal(0, 2, (images, classes)); label = argmax(logit / temperature + rng.gumbel(size=(images, classes)))."
)


def forecast(seed: int, images: int, grid: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, float [n], of which a grid makes many equal, also 0 and 1, and events, bool [n]."""
    rng = np.random.default_rng(seed)
    probability = rng.random(images)
    event = rng.random(images) < probability**2
    return (np.round(probability * grid) / grid if grid else probability), event


def network(seed: int, images: int, classes: int, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits, float [n, K], and labels, int [n], drawn from the softmax of the logits at the temperature."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(0, 2, (images, classes))
    return logit, (logit / temperature + rng.gumbel(size=(images, classes))).argmax(axis=1)


def shares(logit: np.ndarray) -> np.ndarray:
    """Softmax, float [n, K]."""
    return np.exp(logit - np.logaddexp.reduce(logit, axis=1)[:, None])


# Of these numbers of images no quantile is at an image, so it does not matter to which bin an edge belongs.
FORECASTS = [
    *({"seed": seed, "images": images} for seed, images in enumerate((2, 5, 14, 15, 17, 30, 101, 999, 5000))),
    # A grid of a power of two: 1 - probability is exact.
    *({"seed": 20 + grid, "images": 500, "grid": grid} for grid in (1, 2, 8, 64)),
    {"seed": 11, "images": 1, "grid": 8},
]
NETWORKS = [
    {"seed": classes, "images": images, "classes": classes, "temperature": temperature}
    for classes, images in ((2, 300), (3, 600), (10, 2000))
    for temperature in (0.5, 1.0, 2.5)
]


def main() -> None:
    """Write netcal's numbers."""
    from importlib.metadata import version

    from netcal.metrics import ECE
    from netcal.scaling import TemperatureScaling

    class OfUnequalEdges(ECE):
        """Its bins without the empty ones between equal edges, on which netcal stops with an error."""

        def _prepare_bins(self, X, num_features, min_=0.0, max_=1.0):  # noqa: N803
            edges = [np.quantile(of_one, np.linspace(0, 1, BINS + 1)[1:-1]) for of_one in X]
            return [[np.unique([-1, *of_one, 2])] for of_one in edges]

    forecasts, networks = [], []
    for case in FORECASTS:
        probability, event = forecast(**case)
        error = (OfUnequalEdges if "grid" in case else ECE)(bins=BINS, equal_intervals=False)
        # netcal's bins are [low, high), so it gets the mirror image, whose bins are then (low, high].
        forecasts.append(case | {"error": float(error.measure(1 - probability, 1 - event.astype(int)))})
    for case in NETWORKS:
        logit, label = network(**case)
        probability = shares(logit)
        forecast_of_classes = probability[:, 1] if case["classes"] == 2 else probability
        scaling = TemperatureScaling()
        scaling.fit(forecast_of_classes, label)
        # Of two classes netcal's error is that of class 1, of more that of the answer.
        error = ECE(bins=BINS, equal_intervals=False).measure(forecast_of_classes, label)
        networks.append(case | {"error": float(error), "weight": float(np.asarray(scaling.temperature).item())})
    found = {"netcal": version("netcal"), "torch": version("torch"), "recipe": RECIPE}
    VALUES.write_text(json.dumps(found | {"forecasts": forecasts, "networks": networks}, indent=1) + "\n")


if __name__ == "__main__":
    main()
