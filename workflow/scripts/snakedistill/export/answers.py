"""How the answer to a photo is written, for two classes and for more. Needs Python alone."""

from collections.abc import Sequence


def two_best(output: Sequence[float], classes: Sequence[str]) -> list[tuple[str, float]]:
    """The answer and the runner-up, each with its probability; of equal probabilities the first class wins.

    Args:
        output: what a network gives for one image, float [1], the probability of class 1 of two, or [K].
        classes: names, K of them.
    """
    of_classes = [1 - float(output[0]), float(output[0])] if len(classes) == 2 else [float(one) for one in output]
    return sorted(zip(classes, of_classes, strict=True), key=lambda one: -one[1])[:2]


def answer_columns(classes: Sequence[str]) -> list[str]:
    """Columns of a table of answers. Of two classes the probability is always that of class 1."""
    if len(classes) == 2:
        return ["answer", f"probability_of_{classes[1]}"]
    return ["answer", "probability", "runner_up", "runner_up_probability"]


def cells(output: Sequence[float], classes: Sequence[str]) -> list[str | float]:
    """The cells of one image in these columns; arguments as in `two_best`."""
    (answer, probability), (runner_up, second) = two_best(output, classes)
    return [answer, float(output[0])] if len(classes) == 2 else [answer, probability, runner_up, second]
