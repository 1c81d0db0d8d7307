"""Loss and accuracy by epoch."""

import pandas as pd

from snakedistill.core.files import read_csv
from snakedistill.core.network_ids import parsed
from snakedistill.core.parts import TRAIN, VALIDATION
from snakedistill.results.figures.style import looks_of, page, save, set_style, title_and_legend, whole_numbers
from snakedistill.results.run import Run
from snakedistill.results.tables.evaluation import OWN_LABELS
from snakedistill.teaching import labels_in_words, networks


def plot(run: Run, pictures: dict[str, list[str]], run_description: str, students: dict) -> None:
    """Plot loss and accuracy by epoch, the best epoch marked; with several seeds, one line each.

    Args:
        run: the run.
        pictures: paths to write by network id.
        run_description: what the run is, in words.
        students: the config's `students`.
    """
    set_style()
    histories, evaluation = run.of_networks("histories"), run.table("evaluation")
    looks = looks_of(network for _, network in histories)
    known = networks(students)
    for network, paths in pictures.items():
        of_seeds = [read_csv(path) for (_, one), path in histories.items() if one == network]
        bests = [history.loc[history["kept"].idxmax()] for history in of_seeds]
        first, epochs = of_seeds[0]["epoch"].min(), max(history["epoch"].max() for history in of_seeds)
        has_source = known[network].source is not None
        shares = "agreement, share" if has_source else "accuracy, share"
        figure, axes = page(3.3, 1, 2)
        for axis, quantity in zip(axes.flat, ("loss", "accuracy"), strict=True):
            for number, (history, best) in enumerate(zip(of_seeds, bests, strict=True)):
                for column, part, look in (
                    (quantity, TRAIN, {"linestyle": "-", "marker": "o", "alpha": 0.45}),
                    (f"val_{quantity}", VALIDATION, {"linestyle": (0, (4, 2)), "marker": "s"}),
                ):
                    look |= {"color": looks[parsed(network).family]["color"], "markersize": 4 if epochs <= 30 else 0}
                    axis.plot(history["epoch"], history[column], label=None if number else part, **look)
                shown = f"val_{quantity}"
                if quantity == "accuracy" and has_source:
                    shown = "val_manual_accuracy"
                    label = None if number else f"{VALIDATION}, manual labels"
                    axis.plot(history["epoch"], history[shown], color="black", linestyle=":", label=label)
                axis.axvline(best["epoch"], color="0.6", linewidth=0.8, zorder=1)
                axis.plot(
                    best["epoch"], best[shown], "*", label=None if number else "best epoch",
                    markersize=10, color="black", markeredgecolor="white", zorder=5, clip_on=False,
                )  # fmt: skip
            if (known_values := _reference(run.reference, evaluation, network)) is not None:
                loss, accuracy = known_values["loss"], known_values["accuracy"]
                label = f"{run.reference}'s best epoch, validation: loss {loss:.3f}, accuracy {accuracy:.3f}"
                axis.axhline(known_values[quantity], color="0.5", linestyle=":", label=label)
            axis.set(xlabel="epoch", ylabel="loss, nats" if quantity == "loss" else shares)
            whole_numbers(axis, first, epochs)
        reached = sorted(best["val_manual_accuracy"] for best in bests)
        title = (
            f"Training of {network} on {labels_in_words(known[network])}: loss and accuracy\n"
            f"Validation accuracy of the best epoch: {reached[0]:.3f} "
        )
        title += f"to {reached[-1]:.3f} ({len(bests)} seeds)" if len(bests) > 1 else f"in epoch {bests[0]['epoch']:.0f}"
        title_and_legend(figure, title, axes)
        save(figure, run_description, paths)


def _reference(name: str | None, evaluation: pd.DataFrame, network: str) -> dict[str, float] | None:
    """Loss and accuracy on validation of the reference numbers, where there are some."""
    columns = {quantity: f"{name}_{quantity}" for quantity in ("loss", "accuracy")}
    if not set(columns.values()) <= set(evaluation):
        return None
    chosen = (evaluation["network"] == network) & (evaluation["split"] == VALIDATION)
    values = evaluation[chosen & (evaluation["labels"] == OWN_LABELS)].iloc[0]
    found = {quantity: values[column] for quantity, column in columns.items()}
    return None if pd.isna(list(found.values())).any() else found
