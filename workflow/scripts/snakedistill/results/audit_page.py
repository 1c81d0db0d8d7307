"""The page that holds an audit, in Markdown."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from snakedistill.core.parts import TEST
from snakedistill.results.figures import FIGURES
from snakedistill.results.lines import as_networks
from snakedistill.results.run import Run
from snakedistill.results.summary.cells import by, escaped, markdown, measured, picture, write_markdown
from snakedistill.results.summary.contents import Contents
from snakedistill.results.summary.sections import SECTIONS, paragraphs

SHOWN = ("recursion", "inheritance", "calibration", "risk_coverage", "comparisons", "classes", "findings")
"""Keys of the sections of an audit."""


def write_audit_page(
    run: Run,
    shown: list[str],
    images: Mapping[str, int],
    run_description: str,
    pictures: Mapping[str, Sequence[Path]],
    summary: str,
) -> None:
    """Write the page.

    Args:
        run: the run, whose tables are written.
        shown: ids of the networks that figures compare.
        images: their number by part.
        run_description: what was audited, in words.
        pictures: PNG files by key of `FIGURES`, in a folder beside the page.
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
