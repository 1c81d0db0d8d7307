"""The audit: every measure of predictions that came from elsewhere."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from snakedistill.core.files import name_of_folder
from snakedistill.core.outputs import (
    logits_of_classes,
    logits_of_probabilities,
    probabilities_of_logits,
    shares_of_classes,
)
from snakedistill.data.audit import Audit, read_audit
from snakedistill.measures.metrics import by_rows
from snakedistill.results.answers import Answers
from snakedistill.results.audit_page import write_audit_page
from snakedistill.results.figures import AUDITED_FIGURES, FIGURES, plot_figure
from snakedistill.results.groups import write_groups
from snakedistill.results.lines import ancestors, as_networks
from snakedistill.results.run import Run
from snakedistill.results.summary.html import write_html
from snakedistill.results.tables import write_table


@dataclass(frozen=True)
class AuditedPredictions:
    """Predictions from elsewhere as answers, for a `Run`."""

    audit: Audit

    def answers(self, parts: tuple[str, ...] | None = None) -> Iterator[Answers]:
        """The answers of every network, part by part, and seed by seed in a part; a source before its students.

        Args:
            parts: None for all.
        """
        audit = self.audit
        for name, part in audit.parts.items():
            if parts is not None and name not in parts:
                continue
            for seed, of_seed in zip(audit.seeds, part.outputs, strict=True):
                for network, outputs in zip(audit.networks, of_seed, strict=True):
                    values = logit_and_probability(outputs, audit.quantity)
                    yield Answers(seed, name, network, part.image_id, part.label, *values)


def logit_and_probability(outputs: np.ndarray, quantity: str) -> tuple[np.ndarray, np.ndarray]:
    """Logits, float32 [n, K], and probabilities, float [n, K]; the one is computed from the other in float64.

    Args:
        outputs: float [n, outputs].
        quantity: what they are, `logit` or `probability`.
    """
    logit = probability = outputs
    if quantity == "logit":
        probability = by_rows(probabilities_of_logits, outputs)
    else:
        logit = by_rows(logits_of_probabilities, outputs)
    return logits_of_classes(logit.astype(np.float32, copy=False)), shares_of_classes(probability)


def run_of(audit: Audit, tables: dict[str, str]) -> Run:
    """What tables and figures are made from.

    Teachers are the networks without a source that taught another one. Those that taught none are independent, and
    stand beside every student; where no network has a source there are none of both.

    Args:
        audit: the predictions.
        tables: paths by name.
    """
    sources = audit.sources
    taught = [network for network in audit.networks if sources[network] is not None]
    teachers = [network for network in audit.networks if sources[network] is None and network in sources.values()]
    independent = [network for network in audit.networks if network not in (*taught, *teachers)]
    return Run(
        results=[(seed, network) for seed in audit.seeds for network in audit.networks],
        classes=audit.classes,
        files=dict(tables),
        teachers=teachers,
        sources=sources,
        independent=dict.fromkeys(taught, independent),
        audited=AuditedPredictions(audit),
    )


def write_audit(
    predictions: str,
    run_description: str,
    tables: dict[str, str],
    groups: str,
    figures: str,
    summary: str,
    html: str,
    threads: int,
) -> None:
    """Measure predictions from elsewhere: write the tables, the figures, and a page that holds them.

    Args:
        predictions: CSV, see `read_audit`.
        run_description: what was audited, in words.
        tables: paths to write by name, of `AUDITED_TABLES`.
        groups: folder to write, of the tables by group, see `write_groups`.
        figures: folder to write.
        summary: Markdown file to write, beside that folder.
        html: the same as one HTML file.
        threads: tables that are computed at once.

    Raises:
        InputError: the predictions cannot be used.
    """
    audit = read_audit(predictions)
    run = run_of(audit, tables)
    with ThreadPoolExecutor(threads) as pool:
        of_groups = {name: run_of(audit.of_group(name), {}) for name in audit.groups}
        by_group = pool.submit(write_groups, run, of_groups, Path(groups))
        written = [pool.submit(write_table, name, run, {}, None, path) for name, path in tables.items()]
    for table in written:
        table.result()  # or its error
    shown = shown_networks(run)
    pictures = plot_figures(run, shown, run_description, Path(figures))
    images = {part: len(of_part.label) for part, of_part in audit.parts.items()}
    write_audit_page(run, shown, images, run_description, pictures, by_group.result(), summary)
    captions = {
        path.stem: (FIGURES[name].title.format(subject), FIGURES[name].caption)
        for name, paths in pictures.items()
        for subject, path in zip(FIGURES[name].pictures(as_networks(run.sources)), paths, strict=True)
    }
    write_html(summary, html, captions=captions)


def shown_networks(run: Run) -> list[str]:
    """The networks that figures compare: the first one with a source, else the first one, below its teacher.

    Of a network without a source it is the first teacher of the run.
    """
    student = next((network for network in run.networks if run.sources[network] is not None), run.networks[0])
    teacher = ancestors(student, run.sources)[-1:] or run.teachers[:1]
    return list(dict.fromkeys([*teacher, student]))


def plot_figures(run: Run, shown: list[str], run_description: str, folder: Path) -> dict[str, list[Path]]:
    """Plot the figures that predictions of any networks have.

    Args:
        run: the run, whose tables are written.
        shown: ids of the networks that figures compare.
        run_description: what was audited, in words.
        folder: folder to write.

    Returns:
        The PNG files by key of `FIGURES`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    networks = as_networks(run.sources)
    found = {}
    for name in AUDITED_FIGURES:
        figure = FIGURES[name]
        if len(run.classes) < figure.fewest_classes:
            continue
        pictures = figure.pictures(networks)
        names = map(name_of_folder, pictures.values())  # a network may be named vit/b16
        paths = [folder / f"{safe}.{suffix}" for safe in names for suffix in ("svg", "png")]
        settings = {setting: {"shown": shown}[setting] for setting in figure.settings}
        if pictures:
            plot_figure(figure.module, run, settings, list(pictures), run_description, list(map(str, paths)))
            found[name] = paths[1::2]
    return found
