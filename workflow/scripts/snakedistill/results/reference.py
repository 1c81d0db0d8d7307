"""Reference numbers: known numbers in the form of the tables, which stand beside what was measured."""

from pathlib import Path

import pandas as pd

from snakedistill.core.errors import InputError
from snakedistill.core.files import as_written, read_csv


def short_name(folder: str) -> str:
    """The name of the reference numbers in a folder: the folder's, or that of a run whose `tables` it is."""
    path = Path(folder)
    return (path.parent if path.name == "tables" else path).name


def beside_reference(
    measured: pd.DataFrame,
    reference: str | None,
    name: str | None,
    keys: list[str],
    values: list[str],
    differences: bool = True,
) -> pd.DataFrame:
    """Add the reference numbers, empty where there is none, and measured minus reference.

    A number that `write_csv` writes as the reference number has a difference of 0: the tables of a run beside
    themselves differ in nothing.

    Args:
        measured: the table.
        reference: CSV of the reference numbers, or None. It has some of `keys` and `values`; several seeds are
            averaged.
        name: short name of the reference numbers; the added columns begin with it.
        keys: columns that name a row. Rows are matched by those that the reference has.
        values: columns with numbers that can be compared.
        differences: whether differences are added.

    Returns:
        The table with a column `NAME_VALUE` for each value that the reference has, and then `VALUE_difference`.

    Raises:
        InputError: the reference numbers cannot be matched, or a column of that name is there.
    """
    if reference is None:
        return measured
    known = read_csv(reference)
    keys, values = ([name for name in names if name in known and name in measured] for names in (keys, values))
    added = {value: f"{name}_{value}" for value in values}
    if taken := sorted(set(added.values()) & set(measured.columns)):
        raise InputError(f"reference: expected a name that gives no column {', '.join(taken)}, got {name}: rename it")
    if not keys:
        if len(known) != 1:
            raise InputError(f"{reference}: expected one row or a column that names the rows, got {len(known)} rows")
        joined = measured.assign(**{column: known[value].iloc[0] for value, column in added.items()})
    else:
        for key in keys:
            known[key] = known[key].astype(measured[key].dtype)
        means = known.groupby(keys, sort=False, dropna=False)[values].mean().reset_index()
        joined = measured.merge(means.rename(columns=added), on=keys, how="left", validate="many_to_one")
    if differences:
        for value, column in added.items():
            difference = joined[value] - joined[column]
            joined[f"{value}_difference"] = difference.mask(as_written(joined[value]) == joined[column], 0.0)
    return joined
