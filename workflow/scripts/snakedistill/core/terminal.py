"""Lines for a person at a terminal, on which jobs show progress bars at the same time."""

import os
import textwrap
from typing import TextIO

ERASE_LINE = "\r\x1b[K"
"""What a terminal takes for: go to the beginning of the line, and erase what stands there, such as a bar."""


def write_line(line: str, stream: TextIO) -> None:
    """Write a line; on a terminal it takes the place of a progress bar, and is broken between words where it is long.

    Args:
        line: text without a line break at its end.
        stream: a terminal or a file.
    """
    if stream.isatty():
        columns = os.get_terminal_size(stream.fileno()).columns
        if len(line) > columns > 0:
            line = textwrap.fill(line, columns, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
        line = f"{ERASE_LINE}{line}"
    stream.write(f"{line}\n")
    stream.flush()
