"""How far the probabilities of every network say how often it is right, before and after a temperature."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from snakedistill.core.parts import TEST
from snakedistill.measures import calibration, metrics
from snakedistill.results.run import Run
from snakedistill.results.tables.table import Table
from snakedistill.results.temperatures import fitted_temperatures

AS_TRAINED, SCALED = "no", "yes"


def rows(run: Run) -> pd.DataFrame:
    """Calibration of every network on the test part, as it is, and with a temperature fitted on validation.

    Returns:
        seed, network, split, scaled (yes: with the temperature), temperature, images, accuracy,
        negative_log_likelihood; brier with its parts brier_reliability, brier_resolution, brier_uncertainty and
        brier_within_bins, beside them what a perfectly calibrated network has on average
        (brier_reliability_expected), and both without what chance adds (brier_reliability_debiased,
        brier_resolution_debiased); uncertainty (formula 15 of `metrics`) and brier_beyond_uncertainty, which sum to
        brier; of the confidence form and the class form of the expected calibration error (confidence_error,
        class_error) the measured value, that of perfectly calibrated networks on average (_expected), and the mean
        squared distance without what chance adds (_squared); and of the confidence form what 95 % of perfectly
        calibrated networks do not exceed (confidence_error_likely), and the share of them that reach the measured one
        (confidence_error_p). Without a validation part there are no scaled rows.
    """
    temperatures = fitted_temperatures(run, run.networks)
    found = []
    for given in run.answers((TEST,)):
        about = {"seed": given.seed, "network": given.network, "split": TEST}
        forms = {AS_TRAINED: (1.0, given.logit, given.probability)}
        if (temperature := temperatures.get((given.seed, given.network))) is not None:
            forms[SCALED] = (temperature, *calibration.at_temperature(given.logit, temperature))
        for scaled, (divisor, logit, probability) in forms.items():
            row = {"scaled": scaled, "temperature": divisor, "images": len(given.label)}
            found.append(about | row | _measured(logit, probability, given.answer, given.label))
    return pd.DataFrame(found)


def _measured(logit: np.ndarray, probability: np.ndarray, answer: np.ndarray, label: np.ndarray) -> dict[str, float]:
    score = calibration.brier(probability, label)
    uncertainty = float(metrics.squared_distance(probability).mean())
    row = {
        "accuracy": float((answer == label).mean()),
        "negative_log_likelihood": float(metrics.negative_log_likelihood(logit, label).mean()),
        "brier": score.score,
        **{f"brier_{name}": value for name, value in asdict(score).items() if name != "score"},
        "uncertainty": uncertainty,
        "brier_beyond_uncertainty": score.score - uncertainty,
    }
    errors = calibration.calibration_errors(probability, answer, label)
    for name, of_form in zip(("confidence_error", "class_error"), errors, strict=True):
        row |= {name: of_form.error, f"{name}_expected": of_form.expected, f"{name}_squared": of_form.squared}
    likely, p_value = calibration.likely_error(probability[np.arange(len(answer)), answer], errors[0].error)
    row |= {"confidence_error_likely": likely, "confidence_error_p": p_value}
    return row


CALIBRATION = Table(
    rows,
    needs=("validation", "test", "splits"),
    keys=("network", "split", "scaled"),
    values=("negative_log_likelihood", "brier", "confidence_error"),
    section="calibration",
    title="calibration",
    caption="""Whether the probabilities of each network say how often it is right, on the test part. The negative
log-likelihood (nats) and the Brier score compare the probabilities with the manual labels; lower is better. The
expected calibration error is the mean distance between the probability and the share of right answers, in 15 bins
with equally many images. It is above 0 even of a perfectly calibrated network, because images are few: *expected* is
what such a network shows on average, and *p* how often it shows as much as was measured. *Squared* is the mean squared
distance without what chance adds, 0 on average of a calibrated network. *Scaled* rows divide the logits by a
temperature that was fitted on validation, which changes no answer: above 1 the network was too sure. *Uncertainty* is
the part of the Brier score that looks at no label; the rest is what the network's errors add.""",
)
