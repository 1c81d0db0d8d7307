"""Findings on whether probabilities can be believed."""

from collections.abc import Iterator

import pandas as pd

from snakedistill.core.errors import listed
from snakedistill.results.findings.finding import CONTRADICTED, OPEN, Finding, code, in_range
from snakedistill.results.tables.calibration import AS_TRAINED


def calibration(table: pd.DataFrame) -> Iterator[Finding]:
    """Whether the networks' probabilities may be taken at their word; only those that may not are certain."""
    frame = table[table["scaled"] == AS_TRAINED]
    beyond = frame["confidence_error"] > frame["confidence_error_likely"]
    shares = beyond.groupby(frame["network"], sort=False).mean()
    every, one = (" in every seed", " in at least one seed") if frame["seed"].nunique() > 1 else ("", "")
    for verdict, of_networks, compared in (
        (CONTRADICTED, shares.index[shares == 1], f"above what 95 % of perfectly calibrated networks show{every}"),
        (OPEN, shares.index[shares < 1], f"within what 95 % of perfectly calibrated networks show{one}"),
    ):
        rows = frame[frame["network"].isin(of_networks)]
        if rows.empty:
            continue
        statement = f"the probabilities of {listed(map(code, of_networks))} say how often the answer is right"
        words = f"the expected calibration error is {in_range(rows['confidence_error'])}, {compared} on so many images"
        expected = in_range(rows["confidence_error_expected"])
        yield Finding(verdict, statement, f"{words}; the mean of such networks is {expected}")
