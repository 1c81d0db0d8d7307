"""The page that holds an audit, in Markdown."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from snakedistill.core.parts import TEST
from snakedistill.results.figures import FIGURES
from snakedistill.results.groups import ACCURACY
from snakedistill.results.lines import as_networks
from snakedistill.results.run import Run
from snakedistill.results.summary.cells import (
    by,
    escaped,
    markdown,
    measured,
    number,
    picture,
    significant,
    write_markdown,
)
from snakedistill.results.summary.contents import Contents
from snakedistill.results.summary.instrument import difference_in_words
from snakedistill.results.summary.sections import MOST_ROWS, SECTIONS, paragraphs
from snakedistill.results.tables.calibration import AS_TRAINED
from snakedistill.results.tables.comparisons import ALL_SEEDS

SHOWN = ("recursion", "inheritance", "calibration", "risk_coverage", "comparisons", "classes", "findings")
"""Keys of the sections of an audit."""


def write_audit_page(
    run: Run,
    shown: list[str],
    images: Mapping[str, int],
    run_description: str,
    pictures: Mapping[str, Sequence[Path]],
    by_group: Mapping[str, pd.DataFrame],
    summary: str,
) -> None:
    """Write the page.

    Args:
        run: the run, whose tables are written.
        shown: ids of the networks that figures compare.
        images: their number by part.
        run_description: what was audited, in words.
        pictures: PNG files by key of `FIGURES`, in a folder beside the page.
        by_group: tables by group of images, see `groups.write_groups`; none without groups.
        summary: Markdown file to write.
    """
    tables = {name: run.table(name) for name in run.files}
    contents = Contents(tables, as_networks(run.sources), shown, pd.DataFrame(), None)
    parts = ", ".join(f"{number:,} of {part}" for part, number in images.items())
    page = [
        "# Audit of predictions: what was measured",
        f"> {run_description}",
        f"{sum(images.values()):,} images ({parts}), {len(run.classes)} classes, {len(run.networks)} networks, "
        f"seed{'s' if len(run.seeds) > 1 else ''} {', '.join(map(str, run.seeds))}.",
        _networks(run, contents),
        *(_groups(by_group, len(run.seeds) > 1) if by_group else ()),
    ]
    for key in SHOWN:
        of_section = [
            picture(path) for name, paths in pictures.items() if FIGURES[name].section == key for path in paths
        ]
        page += [f"## {SECTIONS[key].heading}", *paragraphs(key, contents, of_section)]
    write_markdown(page, summary)


def _networks(run: Run, contents: Contents) -> str:
    """A table of the networks: whom each learned from, and its accuracy."""
    test = contents.tables["uncertainty"]
    rows = [
        [escaped(network), escaped(run.sources[network] or ""), measured(of_seeds, "accuracy")]
        for network, of_seeds in by(test[test["split"] == TEST], ["network"])
    ]
    return markdown(["network", "learns from", "test accuracy"], rows, "llr")


def _groups(tables: Mapping[str, pd.DataFrame], several: bool) -> list[str]:
    """How good each network is on each group, and which of two networks is better there."""
    frame, rows = tables[ACCURACY], []
    measures = [("calibration", "confidence_error"), ("calibration", "confidence_error_expected")]
    measures += [("risk_coverage", "risk_area")]
    for row in frame.sort_values("p", kind="stable").head(MOST_ROWS).sort_index().to_dict("records"):
        cells = [escaped(row["network"]), escaped(row["group"]), f"{row['images']:,}"]
        cells += [_of_group(tables["uncertainty"], row, "accuracy"), number(row["accuracy_elsewhere"])]
        cells += [significant(row["p_holm"], 2), row["these_networks"]]
        cells += [_of_group(tables[table], row, name, 3) for table, name in measures]
        rows.append(cells)
    words = (
        "Each group of test images by itself. *Elsewhere* is the accuracy on all other images; p asks whether the "
        "group's images could be a random sample of all images, by permutation, with Holm's correction for all "
        "networks and groups. Accuracy may differ because the images do, or because there were few such images to "
        "learn from. `groups/` has every table by group."
    )
    heads = ["network", "group", "images", "accuracy", "elsewhere", "p, Holm", "this group"]
    heads += ["ECE", "ECE expected", "risk area"]
    return ["## Groups", words, markdown(heads, rows, "llrrrrlrrr"), *_pairs_by_group(tables["comparisons"], several)]


def _of_group(frame: pd.DataFrame, row: dict, name: str, digits: int = 4) -> str:
    """A quantity of a network on a group; as trained, where there are rows with a temperature too."""
    rows = frame[(frame["network"] == row["network"]) & (frame["group"] == row["group"])]
    return measured(rows[rows["scaled"] == AS_TRAINED] if "scaled" in rows else rows, name, digits)


def _pairs_by_group(frame: pd.DataFrame, several: bool) -> list[str]:
    """The pairs of networks that are compared, on each group."""
    frame = frame[frame["seed"].astype(str) == ALL_SEEDS] if several else frame
    rows = [
        [escaped(row[key]) for key in ("one", "other", "group")] + [difference_in_words(row)]
        for row in frame.sort_values(["one", "other"], kind="stable").head(MOST_ROWS).to_dict("records")
    ]
    words = (
        "The accuracy of the first network minus that of the second on each group, with its 95 % interval, which is "
        "not corrected for the number of pairs and groups. `groups/comparisons.csv` has all of them."
    )
    return [words, markdown(["first", "second", "group", "first - second"], rows, "lllr")] if rows else []
