"""The temperatures of a run's networks."""

from collections.abc import Container

from snakedistill.core.parts import VALIDATION
from snakedistill.measures.calibration import fitted_temperature
from snakedistill.results.run import Run


def fitted_temperatures(run: Run, networks: Container[str]) -> dict[tuple[int, str], float]:
    """The temperature fitted on validation, by (seed, network); empty of a run without a validation part.

    Args:
        run: the run.
        networks: ids of those that get one.
    """
    return {
        (given.seed, given.network): fitted_temperature(given.logit, given.label)
        for given in run.answers((VALIDATION,))
        if given.network in networks
    }
