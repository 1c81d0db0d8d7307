"""What a run supports, what it contradicts, and what it cannot tell: statements on distillation, from the tables."""

from collections.abc import Mapping

import pandas as pd

from snakedistill.results.findings.accuracies import accuracies
from snakedistill.results.findings.calibration import calibration
from snakedistill.results.findings.finding import Finding
from snakedistill.results.findings.inheritance import inherited
from snakedistill.results.findings.recursion import recursion
from snakedistill.results.tables.comparisons import has_assignments


def findings(tables: Mapping[str, pd.DataFrame]) -> list[Finding]:
    """The findings of a run or an audit.

    Args:
        tables: inheritance, calibration, comparisons and recursion.
    """
    return [one for topic in findings_by_topic(tables) for one in topic]


def findings_by_topic(tables: Mapping[str, pd.DataFrame]) -> list[list[Finding]]:
    """The findings on accuracies, on what is inherited, on recursion and on calibration."""
    assigned = has_assignments(tables["comparisons"])
    return [
        list(accuracies(tables["comparisons"])),
        list(inherited(tables["inheritance"], assigned)),
        list(recursion(tables["recursion"], assigned)),
        list(calibration(tables["calibration"])),
    ]
