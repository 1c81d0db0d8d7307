"""How far a chain of students falls, predicted from its first step."""

import math

import numpy as np

from snakedistill.measures.estimates import Estimate


def predicted_change(step: Estimate, generations: int) -> Estimate:
    """The change of accuracy from generation 0 to a later one, predicted from that to generation 1.

    The value is sqrt(k) times the change of the first step, after k generations. The interval reaches from a chain that
    settles after its first step to one that changes by as much at each, with the ends of the step's own interval: with
    low and high of the step, from min(low, k low) to max(high, k high). Of what was tried the square root errs least:
    docs/findings.md, with the share of chains that the interval holds.

    Args:
        step: the change of accuracy from generation 0 to generation 1.
        generations: k, at least 1.

    Returns:
        The predicted change; its p-value is NaN.
    """
    ends = [scale * end for scale in (1, generations) for end in (step.low, step.high)]
    return Estimate(math.sqrt(generations) * step.value, min(ends), max(ends), math.nan)


def lifetime(step: float, loss: float) -> float:
    """The generation at which a chain has lost as much as `loss`, predicted from the change of its first step.

    Args:
        step: change of accuracy from generation 0 to generation 1.
        loss: a share, above 0.

    Returns:
        (loss / step)^2, at least 1; infinite of a chain that does not lose in its first step.
    """
    return max(1.0, (loss / step) ** 2) if step < 0 else np.inf
