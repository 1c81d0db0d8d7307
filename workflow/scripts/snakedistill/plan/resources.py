"""The memory and the time that a job asks for."""

from math import ceil

from snakedistill.networks.backbones import BACKBONES
from snakedistill.plan.networks import Plan

PREDICTED_AT_ONCE = 64  # images, of a given classifier, which has no batch size
SECONDS_A_MB_TO_ANSWER = 3  # a MB of images, on one thread


def mem_mb_of_network(plan: Plan, network: str) -> int:
    """Memory of a training run in MB; what else is done with the network needs less. Measured: docs/cluster.md."""
    batch_size = plan.recipe(network).get("batch_size", PREDICTED_AT_ONCE)
    return 2500 + ceil(0.002 * batch_size * plan.pixels(network).size ** 2)


def mem_mb_of_timing(plan: Plan) -> int:
    """Memory in MB of the job that times networks, all of which are open at once. Measured: docs/cluster.md."""
    sides = {network: plan.pixels(network).size for network in plan.timed}
    in_full = sum(0.03 * sides[network] ** 2 for network in plan.timed_in_full)
    return 2000 + ceil(in_full + sum(100 + 0.005 * side**2 for side in sides.values()))


def minutes(seconds_a_mb: float, size_mb: float, threads: int) -> int:
    """Minutes of a job, by the size of its input in MB and its threads."""
    return 10 + ceil(seconds_a_mb * size_mb / threads / 60)


def seconds_a_mb_of_training(plan: Plan, network: str) -> float:
    """Seconds of a training run for a MB of its input, on one thread.

    A run that needs more resumes at the next attempt.
    """
    recipe = plan.recipe(network)
    return SECONDS_A_MB_TO_ANSWER + recipe["epochs"] * (1.5 if recipe["backbone"] in BACKBONES else 8)
