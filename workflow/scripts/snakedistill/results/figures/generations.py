"""The metrics by generation of every family."""

import itertools

from snakedistill.core.errors import listed
from snakedistill.core.network_ids import TEACHER
from snakedistill.results.figures.style import looks_of, page, save, set_style, title_and_legend, whole_numbers
from snakedistill.results.run import Run
from snakedistill.results.tables.uncertainty import in_words, shown_metrics

TEACHER_LINES = (":", (0, (1, 4)), (0, (4, 1, 1, 1)))


def plot(run: Run, pictures: dict[str, list[str]], run_description: str) -> None:
    """Plot each metric by generation of every family, on every part.

    With several seeds the points are their mean, and a bar reaches from the least value to the greatest.

    Args:
        run: the run.
        pictures: paths to write of the one picture.
        run_description: what the run is, in words.
    """
    set_style()
    table = run.table("uncertainty")
    metrics = shown_metrics(table)
    several = table["seed"].nunique() > 1
    looks = looks_of(run.networks, table["family"])
    teachers = [teacher for teacher in run.teachers if (table["family"] == teacher).any()] or [TEACHER]
    students = table[~table["family"].isin(teachers) & table["generation"].notna()]
    families = students["family"].unique()
    step = min(0.18, 0.7 / len(families))
    parts = table["split"].unique()
    figure, axes = page(0.8 + 2 * len(metrics), len(metrics), len(parts), sharex=True, sharey="row")
    for column, part in enumerate(parts):
        for axis, quantity in zip(axes[:, column], metrics, strict=True):
            for number, family in enumerate(families):
                chain = students[(students["family"] == family) & (students["split"] == part)].groupby("generation")
                values = chain[quantity].mean()
                low = chain[quantity if several else f"{quantity}_low"].min()
                high = chain[quantity if several else f"{quantity}_high"].max()
                x = values.index + step * (number - (len(families) - 1) / 2)
                look = looks[family]
                axis.vlines(x, low, high, color=look["color"], linewidth=1, alpha=0.6)
                axis.plot(x, values, **look, markersize=4.5, linewidth=1.2, label=family)
                known = f"{run.reference}_{quantity}"
                if known in table and (theirs := chain[known].first()).notna().any():
                    grey = {"color": "0.72", "markersize": 3, "linewidth": 1, "label": f"{run.reference}: {family}"}
                    axis.plot(x, theirs, **look | grey, zorder=1.5)
            for teacher, line in zip(teachers, itertools.cycle(TEACHER_LINES), strict=False):
                value = table[(table["family"] == teacher) & (table["split"] == part)][quantity].mean()
                axis.axhline(value, color="black", linestyle=line, linewidth=1, label=teacher)
            whole_numbers(axis, 0, int(students["generation"].max()))
        axes[0, column].set_title(part, fontsize=9)
        axes[-1, column].set_xlabel("generation")
    for axis, (name, metric) in zip(axes[:, 0], metrics.items(), strict=True):
        axis.set_ylabel(", ".join(filter(None, (in_words(name), metric.unit))))
    what = f"range of {table['seed'].nunique()} seeds" if several else "95 % intervals over images"
    title_and_legend(figure, f"{listed(map(in_words, metrics)).capitalize()} by generation\nBars: {what}", axes)
    (paths,) = pictures.values()
    save(figure, run_description, paths)
