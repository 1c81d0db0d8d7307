"""Findings on whether probabilities can be believed."""

from collections.abc import Iterator

import pandas as pd

from snakedistill.core.errors import listed
from snakedistill.measures.comparison import SIGNIFICANCE
from snakedistill.results.findings.finding import CONTRADICTED, OPEN, Finding, code, corrected, in_range
from snakedistill.results.tables.calibration import AS_TRAINED


def calibration(table: pd.DataFrame) -> Iterator[Finding]:
    """Whether the networks' probabilities may be taken at their word; only those that may not are certain.

    Each network of each seed is a test, and Holm's correction is for all of them.
    """
    frame = table[table["scaled"] == AS_TRAINED]
    frame = frame.assign(off=[p < SIGNIFICANCE for p in corrected(frame["confidence_error_p"].tolist())])
    seeds = frame["seed"].nunique()
    off = frame.groupby("network", sort=False)["off"].sum()
    for verdict, of_networks in ((CONTRADICTED, off[off > 0]), (OPEN, off[off == 0])):
        rows = frame[frame["network"].isin(of_networks.index)]
        if rows.empty:
            continue
        statement = f"the probabilities of {listed(map(code, of_networks.index))} say how often the answer is right"
        words = f"the expected calibration error is {in_range(rows['confidence_error'])}"
        words += f"; perfectly calibrated networks show {in_range(rows['confidence_error_expected'])} on average"
        words += f"; {'more than these' if verdict == CONTRADICTED else 'not more'} by chance"
        if verdict == CONTRADICTED and seeds > 1:
            counts = f"{of_networks.min()} to {of_networks.max()}".removeprefix(f"{of_networks.max()} to ")
            words += f" in {counts} of {seeds} seeds"
        tests = f", with Holm's correction for {len(frame)} networks" if len(frame) > 1 else ""
        yield Finding(verdict, statement, f"{words}{tests}")
