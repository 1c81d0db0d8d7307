"""The one exception a user is meant to read, and what to say when a file finds no room."""

import errno
import os
from collections.abc import Iterable
from difflib import get_close_matches

_MOST_NAMES = 10


class InputError(ValueError):
    """Something given by the user cannot be used; the message says what, what was expected and what to do."""


def no_room(error: BaseException | None) -> str | None:
    """The system's own words where an error, or one behind it, is that a file found no room."""
    reasons = {code: os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)}
    while error is not None:
        for code, words in reasons.items():
            # Libraries in C report the number, or only the words.
            if getattr(error, "errno", None) == code or words in str(error):
                return words
        error = error.__cause__ or error.__context__
    return None


def some(names: Iterable[object], between: str = ", ") -> str:
    """The names, or the first ten of more and how many more there are."""
    texts = list(map(str, names))
    more = [f"{len(texts) - _MOST_NAMES:,} more"] if len(texts) > _MOST_NAMES else []
    return between.join([*texts[:_MOST_NAMES], *more])


def listed(names: Iterable[str]) -> str:
    """Names in a sentence, for example "accuracy, uncertainty and brier"."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def nearest(name: object, known: Iterable[str]) -> str:
    """The question whether the known name most like a given one was meant, or an empty text."""
    close = get_close_matches(str(name), [one for one in known if isinstance(one, str)], n=1)
    return f"; did you mean {close[0]}?" if close else ""
