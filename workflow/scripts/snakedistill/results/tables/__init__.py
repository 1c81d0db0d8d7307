"""The tables of a run, one table a file."""

from snakedistill.core.files import write_csv
from snakedistill.results.reference import beside_reference
from snakedistill.results.run import Run
from snakedistill.results.tables.best_epoch import BEST_EPOCH
from snakedistill.results.tables.calibration import CALIBRATION
from snakedistill.results.tables.classes import CLASSES
from snakedistill.results.tables.comparisons import COMPARISONS
from snakedistill.results.tables.confusion import CONFUSION
from snakedistill.results.tables.evaluation import EVALUATION
from snakedistill.results.tables.first_errors import FIRST_ERRORS
from snakedistill.results.tables.frontier import FRONTIER
from snakedistill.results.tables.histograms import HISTOGRAMS
from snakedistill.results.tables.inheritance import INHERITANCE
from snakedistill.results.tables.lifetimes import LIFETIMES
from snakedistill.results.tables.recursion import RECURSION
from snakedistill.results.tables.risk_coverage import RISK_COVERAGE
from snakedistill.results.tables.table import Table
from snakedistill.results.tables.timing import TIMING
from snakedistill.results.tables.uncertainty import UNCERTAINTY

TABLES: dict[str, Table] = {
    "evaluation": EVALUATION,
    "uncertainty": UNCERTAINTY,
    "histograms": HISTOGRAMS,
    "best_epoch": BEST_EPOCH,
    "classes": CLASSES,
    "confusion": CONFUSION,
    "inheritance": INHERITANCE,
    "calibration": CALIBRATION,
    "risk_coverage": RISK_COVERAGE,
    "comparisons": COMPARISONS,
    "recursion": RECURSION,
    "first_errors": FIRST_ERRORS,
    "lifetimes": LIFETIMES,
    "timing": TIMING,
    "frontier": FRONTIER,
}
"""The tables by name."""

AUDITED_TABLES = (
    "uncertainty",
    "classes",
    "confusion",
    "inheritance",
    "calibration",
    "risk_coverage",
    "comparisons",
    "recursion",
    "first_errors",
    "lifetimes",
)
"""Tables that need predictions alone, which an audit has."""


def write_table(name: str, run: Run, settings: dict, reference: str | None, path: str) -> None:
    """Write a table, reference numbers beside it.

    Args:
        name: key of `TABLES`.
        run: the run.
        settings: those that the table takes.
        reference: CSV of the reference numbers, or None.
        path: CSV to write.
    """
    table = TABLES[name]
    frame = table.rows(run, **settings)
    columns = list(table.keys), list(table.values), table.differences
    write_csv(beside_reference(frame, reference, run.reference, *columns), path)
