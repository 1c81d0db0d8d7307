"""The predictions of the teacher and its students in bins."""

from snakedistill.core.network_ids import parsed
from snakedistill.results.figures.style import looks_of, page, plain, save, seeds_in_words, set_style, title_and_legend
from snakedistill.results.run import Run
from snakedistill.results.shown_prediction import shown_prediction


def plot(run: Run, pictures: dict[str, list[str]], run_description: str) -> None:
    """Plot the relative frequencies of predictions of the teacher and its students; seeds are averaged.

    Args:
        run: the run.
        pictures: paths to write by part.
        run_description: what the run is, in words.
    """
    set_style()
    table = run.table("histograms")
    looks = looks_of(table["network"])
    seeds = seeds_in_words(table)
    shown = [parsed(network).is_first and network not in run.probes.values() for network in table["network"]]
    table = table[shown]
    networks = table["network"].unique()
    prediction = shown_prediction(len(run.classes))
    known = f"{run.reference}_relative_frequency"
    shares = [column for column in ("relative_frequency", known) if column in table]
    lowest = table[shares].where(table[shares] > 0).min().min()
    for part, paths in pictures.items():
        rows = -(-len(networks) // 2)
        figure, axes = page(1 + 2.1 * rows, rows, 2, sharex=True, sharey=True)
        for number, (axis, network) in enumerate(zip(axes.flat, networks, strict=False)):
            of_network = table[(table["network"] == network) & (table["split"] == part)]
            bins = of_network.groupby(["bin_low", "bin_high"])[shares].mean().reset_index()
            edges = [*bins["bin_low"], bins["bin_high"].iloc[-1]]
            if known in bins and bins[known].notna().any():
                axis.stairs(bins[known], edges, fill=True, color="0.82", label=run.reference)
            look = looks[parsed(network).family]
            label = None if number else "measured"
            axis.stairs(bins["relative_frequency"], edges, color=look["color"], linewidth=1.4, label=label)
            middle = (bins["bin_low"] + bins["bin_high"]) / 2
            size = min(3.5, 100 / len(bins))
            axis.plot(middle, bins["relative_frequency"], **look | {"linestyle": "none", "markersize": size})
            sure = bins["relative_frequency"][prediction.sure((bins["bin_low"], bins["bin_high"]))].sum()
            axis.set(yscale="log", ylim=(lowest / 2, 2), xlim=(0, 1))
            axis.set_title(f"{network}: {sure:.3f} in {prediction.sure_in_words}", fontsize=9)
            axis.minorticks_off()
            axis.yaxis.set_major_formatter(plain)
            if number % 2 == 0:
                axis.set_ylabel("share of images")
            if number >= len(networks) - 2:
                axis.set_xlabel(f"prediction: {prediction.in_words(run.classes)}")
                axis.tick_params(labelbottom=True)
        for axis in axes.flat[len(networks) :]:
            axis.set_visible(False)
        title = f"Predictions on the {part} part in {len(bins)} bins, on a logarithmic scale{seeds}"
        title_and_legend(figure, title, axes)
        save(figure, run_description, paths)
