"""How often networks are wrong where they are most sure."""

import numpy as np
from matplotlib.axes import Axes

from snakedistill.core.network_ids import parsed
from snakedistill.core.parts import TEST
from snakedistill.measures.intervals import exact_interval
from snakedistill.measures.selection import RiskCoverage, risk_coverage
from snakedistill.results.figures.style import looks_of, page, plain, save, set_style, title_and_legend
from snakedistill.results.run import Run

SHARES = np.arange(5, 101) / 100
"""Where curves of several seeds are compared; fewer images say little."""


def plot(run: Run, pictures: dict[str, list[str]], run_description: str, shown: list[str]) -> None:
    """Plot risk by coverage of networks, and of the last one's first independent student, on the test part.

    Args:
        run: the run.
        pictures: paths to write of the one picture.
        run_description: what the run is, in words.
        shown: ids of the networks.
    """
    set_style()
    networks = run.with_independent(shown)
    curves = curves_of(run, networks)
    looks = looks_of(run.networks)
    figure, axes = page(3.3, 1, len(networks), sharex=True, sharey=True)
    most = 0.01
    for axis, (network, of_seeds) in zip(axes.flat, curves.items(), strict=True):
        most = max(most, plot_curve(axis, of_seeds, looks[parsed(network).family]["color"]))
        axis.set_title(network, fontsize=8)
        axis.set_xlabel("share of images, surest first")
        axis.xaxis.set_major_formatter(plain)
    axes[0, 0].set_ylabel("share of wrong answers")
    axes[0, 0].set(xlim=(0, 1), ylim=(0, 1.05 * most))
    what = f"range of {len(run.seeds)} seeds" if len(run.seeds) > 1 else "95 % interval over images"
    title_and_legend(figure, f"Errors among the surest answers, on the test part (band: {what})", axes)
    (paths,) = pictures.values()
    save(figure, run_description, paths)


def curves_of(run: Run, networks: list[str]) -> dict[str, list[RiskCoverage]]:
    """The curves of networks on the test part by id, in their order, seed by seed."""
    found: dict[str, list[RiskCoverage]] = {network: [] for network in networks}
    for given in run.answers((TEST,)):
        if given.network in found:
            found[given.network].append(risk_coverage(given.confidence, given.answer != given.label))
    return found


def plot_curve(axis: Axes, of_seeds: list[RiskCoverage], color: str) -> float:
    """Plot the mean of the seeds' curves, a band around it, and the curve of the best order of the same answers.

    Returns:
        The largest risk of the curve, or of the band where all images are answered. The surest few have a wide band.
    """
    points = [(curve, curve.at(share)) for curve in of_seeds for share in SHARES]
    risks = np.reshape([curve.risk[point] for curve, point in points], (len(of_seeds), -1))
    if len(of_seeds) > 1:
        low, high = risks.min(axis=0), risks.max(axis=0)
    else:
        low, high = np.transpose([exact_interval(int(c.errors[p]), int(c.images[p])) for c, p in points])
    ideal = np.mean([ideal_risk(curve) for curve in of_seeds], axis=0)
    axis.fill_between(SHARES, low, high, color=color, alpha=0.18, linewidth=0)
    axis.plot(SHARES, risks.mean(axis=0), color=color, linewidth=1.4, label="by its probability")
    axis.plot(SHARES, ideal, color="0.4", linestyle=":", linewidth=1, label="if it were least sure of its errors")
    axis.axhline(risks[:, -1].mean(), color="0.4", linestyle="--", linewidth=1, label="in any order")
    return max(risks.mean(axis=0).max(), high[-1])


def ideal_risk(curve: RiskCoverage) -> np.ndarray:
    """The least possible risk at each of `SHARES`, [shares]: errors come last."""
    images, errors = curve.images[-1], curve.errors[-1]
    return np.maximum(0, SHARES * images - (images - errors)) / (SHARES * images)
