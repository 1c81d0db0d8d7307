"""Words of tables, figures and the summary."""

from collections.abc import Iterable


def listed(names: Iterable[str]) -> str:
    """Names in a sentence, for example "accuracy, uncertainty and brier"."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
