"""How many seeds and images each comparison of a run needs, and what the run's design can never show."""

import numpy as np
import pandas as pd

from snakedistill.core.files import write_csv
from snakedistill.measures.comparison import FEWEST_SEEDS
from snakedistill.measures.crossed import mean_of
from snakedistill.measures.power import MOST_IMAGES, MOST_SEEDS, Components, components
from snakedistill.results.lines import pairs
from snakedistill.results.run import Run
from snakedistill.results.summary.cells import escaped, markdown, number, write_markdown
from snakedistill.results.summary.html import write_html
from snakedistill.results.summary.sections import MOST_ROWS
from snakedistill.results.tables.comparisons import has_assignments, right_of_networks, sides

MARGINS = (0.005, 0.01, 0.02, 0.05)
"""Differences of accuracies for which seeds and images are counted."""
NEVER = "never"


def rows(run: Run) -> pd.DataFrame:
    """What each pair of networks that is compared needs, on the test part.

    Returns:
        one, other, about, seeds, images (of a seed), assignments (as in `comparisons`), pairs (corrected together),
        difference; shared (share of the images of a seed that another one has too, on average; 1 where all have the
        same); the standard deviations seed_sd, image_sd and rest_sd, see `Components` (seed_sd and rest_sd of several
        seeds); smallest_difference that this design shows with a power of 80 %, with any number of seeds on these
        images (of_all_seeds), and with these seeds on any number of images (of_all_images); and for each margin, for
        example 0.01, the seeds_for_0.01 with these images and the images_for_0.01 with these seeds, or never. A run of
        one seed knows nothing of seeds.
    """
    compared = pairs(run.sources, run.independent, run.teachers, run.probes)
    of_seeds, images = right_of_networks(run)
    right = images.laid_out(of_seeds).transpose(0, 2, 1)
    found, assignments = [], len(run.seeds) if run.splits_by_seed else 1
    for pair in compared:
        values = np.subtract(*sides(pair, right, run.networks))
        row = {"one": pair.names[0], "other": pair.names[1], "about": pair.about, "seeds": len(run.seeds)}
        row |= {
            "images": images.of_a_seed,
            "assignments": assignments,
            "pairs": len(compared),
            "difference": mean_of(values, images.present),
        }
        row["shared"] = (of_pair := components(values, images.label, images.present)).shared
        found.append(row | _needed(of_pair, len(run.seeds), images.of_a_seed, len(compared)))
    return pd.DataFrame(found)


def _needed(found: Components, seeds: int, images: int, many: int) -> dict:
    """What a pair needs whose components are found, where `many` pairs are corrected together."""
    of_seeds = found.seed is not None
    row = {"seed_sd": np.sqrt(found.seed) if found.seed is not None else np.nan}
    row |= {"image_sd": np.sqrt(found.image), "rest_sd": np.sqrt(found.rest) if of_seeds else np.nan}
    row |= {"smallest_difference": found.smallest_difference(seeds, images, many)}
    row |= {"of_all_seeds": found.smallest_difference(MOST_SEEDS, images, many) if of_seeds else np.nan}
    row |= {"of_all_images": found.smallest_difference(seeds, MOST_IMAGES, many) if of_seeds else np.nan}
    for margin in MARGINS:
        needed = {"seeds": found.seeds_needed(margin, images, many) or NEVER if of_seeds else ""}
        needed["images"] = found.images_needed(margin, seeds, many) or NEVER
        row |= {f"{what}_for_{margin:g}": value for what, value in needed.items()}
    return row


def write_power(run: Run, run_description: str, table: str, page: str, html: str) -> None:
    """Write what each comparison of a run needs, as a table and as a page.

    Args:
        run: the run, or an audit.
        run_description: what it is, in words.
        table: CSV to write, see `rows`.
        page: Markdown file to write.
        html: the same as one HTML file.
    """
    frame = rows(run)
    write_csv(frame, table)
    title = "# How many seeds and images a comparison needs"
    said = _page(frame) if len(frame) else ["There are no two networks to compare."]
    write_markdown([title, f"> {run_description}", *said], page)
    write_html(page, html)


def _page(frame: pd.DataFrame) -> list[str]:
    """The paragraphs of the page; the answer first."""
    first = frame.iloc[0]
    several = first["seeds"] > 1
    shown = frame.head(MOST_ROWS).to_dict("records")
    names = [[escaped(row["one"]), escaped(row["other"])] for row in shown]
    columns = ["smallest_difference", *(["of_all_seeds", "of_all_images"] if several else [])]
    deviations = ["seed_sd", "image_sd", "rest_sd"] if several else ["image_sd"]
    heads = ["first", "second", "first - second", "this design", *(["any seeds", "any images"] if several else [])]
    heads += [f"sd, {name.removesuffix('_sd')}" for name in deviations]
    cells = [
        [*name, number(row["difference"], sign="+")] + [number(row[column]) for column in (*columns, *deviations)]
        for name, row in zip(names, shown, strict=True)
    ]
    found = [*_in_words(frame), markdown(heads, cells, "ll" + "r" * (len(heads) - 2))]
    for what, other in (("seeds", "images"), ("images", "seeds")):
        if what == "images" or several:
            fixed = f"{first[other]:,} {other if first[other] > 1 else other[:-1]}"
            found.append(
                f"**{what.capitalize()} needed** with {fixed}, for a difference of so many points of accuracy:"
            )
            needed = [
                name + [_count(row[f"{what}_for_{margin:g}"]) for margin in MARGINS]
                for name, row in zip(names, shown, strict=True)
            ]
            found.append(markdown(["first", "second", *(f"{100 * one:g}" for one in MARGINS)], needed, "llrrrr"))
    if len(frame) > MOST_ROWS:
        found.append(f"Shown are the first {MOST_ROWS} of {len(frame)} pairs; `power.csv` has all.")
    return found


def _in_words(frame: pd.DataFrame) -> list[str]:
    """What the design shows, what it never can, and how the numbers are meant."""
    first = frame.iloc[0]
    least, most = (number(end) for end in (frame["smallest_difference"].min(), frame["smallest_difference"].max()))
    seeds, images, many = (int(first[name]) for name in ("seeds", "images", "pairs"))
    corrected = f"with Holm's correction for {many} pairs" if many > 1 else "for one pair"
    ends = least if least == most else f"{least} to {most}, by the pair"
    words = (
        f"**{seeds} seed{'s' if seeds > 1 else ''} and {images:,} test images show a difference of accuracies of "
        f"{ends}**, with a power of 80 % and {corrected}."
    )
    if seeds == 1:
        return [
            f"{words} That is a statement on these networks. One seed says nothing of what another training run would "
            f"give, so nothing can be said of the recipe: train at least {FEWEST_SEEDS} seeds."
        ]
    least, most = (number(end) for end in (frame["of_all_seeds"].min(), frame["of_all_seeds"].max()))
    ends = least if least == most else f"{least} to {most}, by the pair"
    assigned = has_assignments(frame)
    words += (
        f" **No number of seeds {'with test parts of' if assigned else 'on'} these images shows less than {ends}**: "
        "images on which two recipes differ whatever the seed would be others in another sample. *Any seeds* and *any "
        "images* are what a design shows whose seeds or images are unlimited while the others stay as they are."
    )
    if assigned:
        words += (
            " Each seed has its own assignment of images to parts, so *seeds* stand for training samples of these "
            f"images too; two seeds share {100 * frame['shared'].iloc[0]:.0f} % of the test images of one. Images are "
            "counted by seed."
        )
    low, high = _spread_of_deviation(seeds)
    meant = (
        "*sd* are the standard deviations of the difference: of a seed, of an image, and of what a seed and an image "
        "have alone. The variance of the mean is that of seeds over their number, plus that of images over theirs, "
        f"plus the rest over both. The deviation of seeds is itself estimated from {seeds} seeds: the true one is "
        f"likely {low} to {high} times as large, so plan with more seeds than the least."
    )
    if seeds < FEWEST_SEEDS:
        meant += f" Fewer than {FEWEST_SEEDS} seeds say nothing of a recipe, whatever these numbers are."
    return [words, meant]


def _spread_of_deviation(seeds: int) -> tuple[str, str]:
    """The 95 % interval of a standard deviation of so many values, over its estimate."""
    from scipy import stats  # slow to import

    low, high = (np.sqrt((seeds - 1) / stats.chi2.ppf(end, seeds - 1)) for end in (0.975, 0.025))
    return f"{low:.2g}", f"{high:.2g}"


def _count(needed: int | str) -> str:
    return f"{needed:,}" if isinstance(needed, int) else str(needed)
