"""The one exception a user is meant to read, and what to say when a file finds no room."""

import errno
import os


class InputError(ValueError):
    """Something given by the user cannot be used; the message says what, what is allowed and what to do."""


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
