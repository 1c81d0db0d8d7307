"""Whether the probabilities of networks say how often they are right."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from snakedistill.core.network_ids import parsed
from snakedistill.core.parts import TEST
from snakedistill.measures.calibration import Reliability, at_temperature, reliability
from snakedistill.measures.intervals import exact_interval
from snakedistill.results.answers import Answers
from snakedistill.results.figures.style import looks_of, page, save, set_style, title_and_legend
from snakedistill.results.run import Run
from snakedistill.results.temperatures import fitted_temperatures

LARGEST_MARKER = 40  # area in points², of the bin with most images
AS_TRAINED, SCALED = "as trained", "at the temperature fitted on validation"


@dataclass(frozen=True)
class Diagram:
    """The reliability diagrams of a network.

    Attributes:
        temperatures: of each seed; empty without a validation part.
        forms: bins of the probabilities of the answers by `AS_TRAINED` and, with temperatures, `SCALED`.
    """

    temperatures: list[float]
    forms: dict[str, Reliability]


def plot(run: Run, pictures: dict[str, list[str]], run_description: str, shown: list[str]) -> None:
    """Plot the reliability diagrams of networks, and of the last one's first independent student, on the test part.

    The images of all seeds count together, each with the temperature of its seed.

    Args:
        run: the run.
        pictures: paths to write of the one picture.
        run_description: what the run is, in words.
        shown: ids of the networks.
    """
    set_style()
    networks = run.with_independent(shown)
    diagrams = diagrams_of(run, networks)
    looks = looks_of(run.networks)
    figure, axes = page(3.6, 1, len(networks), sharex=True, sharey=True)
    for axis, (network, diagram) in zip(axes.flat, diagrams.items(), strict=True):
        plot_diagram(axis, diagram, looks[parsed(network).family]["color"], len(run.seeds))
        axis.set_title("\n".join([network, *errors_in_words(diagram)]), fontsize=8)
        axis.set_xlabel("probability of the answer")
    axes[0, 0].set_ylabel("share of right answers")
    set_limits(axes[0, 0], [form for diagram in diagrams.values() for form in diagram.forms.values()], len(run.seeds))
    seeds = f", {len(run.seeds)} seeds together" if len(run.seeds) > 1 else ""
    title = f"How often answers of a probability are right, on the test part{seeds}\nBars: 95 % intervals over images"
    title_and_legend(figure, title, axes)
    (paths,) = pictures.values()
    save(figure, run_description, paths)


def diagrams_of(run: Run, networks: list[str]) -> dict[str, Diagram]:
    """The diagrams of networks on the test part by id, in their order."""
    temperatures = fitted_temperatures(run, networks)
    of_networks: dict[str, list[Answers]] = {network: [] for network in networks}
    for given in run.answers((TEST,)):
        if given.network in of_networks:
            of_networks[given.network].append(given)
    return {
        network: diagram_of(
            of_seeds, [temperatures[key] for one in of_seeds if (key := (one.seed, network)) in temperatures]
        )
        for network, of_seeds in of_networks.items()
    }


def diagram_of(of_seeds: list[Answers], temperatures: list[float]) -> Diagram:
    """The diagram of a network.

    Args:
        of_seeds: its answers, seed by seed.
        temperatures: of each seed, or empty.
    """
    right = np.concatenate([given.answer == given.label for given in of_seeds])
    as_trained = (of_answer(given, given.probability) for given in of_seeds)
    forms = {AS_TRAINED: reliability(np.concatenate(list(as_trained)), right)}
    if temperatures:
        pairs = zip(of_seeds, temperatures, strict=True)
        scaled = (of_answer(given, at_temperature(given.logit, temperature)[1]) for given, temperature in pairs)
        forms[SCALED] = reliability(np.concatenate(list(scaled)), right)
    return Diagram(temperatures, forms)


def of_answer(given: Answers, probability: np.ndarray) -> np.ndarray:
    """Of the probabilities of the classes, float [n, K], that of the network's answer, [n]."""
    return probability[np.arange(len(given.answer)), given.answer]


def errors_in_words(diagram: Diagram) -> list[str]:
    """A line for each form, with its expected calibration error."""
    names = [AS_TRAINED]
    if diagram.temperatures:
        ends = dict.fromkeys(f"{end(diagram.temperatures):.3g}" for end in (min, max))
        names.append(f"T = {' to '.join(ends)}")
    errors = (form.expected_calibration_error for form in diagram.forms.values())
    return [f"{name}: error {error:.4f}" for name, error in zip(names, errors, strict=True)]


def plot_diagram(axis: Axes, diagram: Diagram, color: str, seeds: int) -> None:
    """Plot the bins of each form with their intervals; the area of a marker grows with the images in the bin."""
    axis.plot([0, 1], [0, 1], color="0.4", linestyle=":", linewidth=1, zorder=1)
    inks: tuple[dict[str, Any], ...] = ({"facecolor": color}, {"facecolor": "white"})
    for (label, form), ink, line in zip(diagram.forms.items(), inks, ("-", (0, (2, 2))), strict=False):
        area = LARGEST_MARKER * form.images / form.images.max()
        ends = np.transpose(intervals_of(form, seeds))
        axis.vlines(form.predicted, *ends, color=color, linestyle=line, linewidth=0.8, alpha=0.5, zorder=2)
        axis.scatter(form.predicted, form.observed, area, edgecolor=color, **ink, zorder=3, label=label)


def intervals_of(form: Reliability, seeds: int) -> list[tuple[float, float]]:
    """The exact 95 % interval of each bin's share of right answers.

    Seeds answer the same images, so a bin of several seeds has the interval of as many images as one seed has in it.
    """
    images = np.maximum(1, np.rint(form.images / seeds)).astype(int)
    right = np.rint(form.observed * images).astype(int)
    return [exact_interval(int(some), int(of)) for some, of in zip(right, images, strict=True)]


def set_limits(axis: Axes, forms: Iterable[Reliability], seeds: int) -> None:
    """Let the axes begin a little below the smallest value that is shown, and end a little above 1."""
    ends = [(form.predicted.min(), min(low for low, _ in intervals_of(form, seeds))) for form in forms]
    limits = []
    for low in np.min(ends, axis=0):
        margin = 0.06 * max(1 - low, 0.02)
        limits.append((min(low, 0.98) - margin, 1 + margin))
    axis.set(xlim=limits[0], ylim=limits[1])
