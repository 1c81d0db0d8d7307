"""Lines for a person at a terminal."""

import fcntl
import io
import os
import pty
import struct
import termios

from snakedistill.core.terminal import ERASE_LINE, write_line


def on_a_terminal(line: str, columns: int) -> str:
    """What a terminal of so many columns gets."""
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(writer, "w") as stream:
        write_line(line, stream)
        found = os.read(reader, 4096).decode()
    os.close(reader)
    return found.replace("\r\n", "\n")


def test_a_file_gets_the_line_as_it_is():
    stream = io.StringIO()
    write_line("a line " * 30, stream)
    assert stream.getvalue() == "a line " * 30 + "\n"


def test_a_terminal_gets_lines_that_fit_and_no_remains_of_a_bar():
    words = [f"word{number}" for number in range(30)]
    found = on_a_terminal(" ".join(words), 40)
    assert found.startswith(ERASE_LINE)
    lines = found.removeprefix(ERASE_LINE).splitlines()
    assert len(lines) > 1 and max(map(len, lines)) <= 40
    assert " ".join(lines).split() == words
    assert on_a_terminal("short", 40) == f"{ERASE_LINE}short\n"


def test_a_path_is_not_broken():
    path = "results/" + 50 * "x"
    assert path in on_a_terminal(f"Open {path}", 40)
