"""A job whose file finds no room says so at the head of its log, and leaves nothing half-written."""

import subprocess
import sys

from conftest import ROOT

JOB = """
import resource, sys
sys.path.insert(0, {scripts!r})
from snakedistill.core.files import write_text
from snakedistill.core.job import job
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
with job("log"):
    write_text("x" * {size}, "file.txt")
"""


def test_a_file_that_finds_no_room(tmp_path):
    for size, status in ((200_000, 1), (50_000, 0)):
        script = JOB.format(scripts=str(ROOT / "workflow/scripts"), size=size)
        done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path)
        assert done.returncode == status
        log = (tmp_path / "log").read_text()
        if status:
            assert log.startswith("Error: a file could not be written: File too large. The disk or a quota is full")
            assert "Traceback" in log
            assert [path.name for path in tmp_path.iterdir()] == ["log"]
        else:
            assert log == ""
            assert (tmp_path / "file.txt").stat().st_size == size


INNER_ZIP = """
import resource, sys
sys.path.insert(0, {scripts!r})
from snakedistill.data.archive import open_archive
from snakedistill.core.job import job
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
with job("log"), open_archive({archive!r}):
    pass
"""


def test_an_archive_that_finds_no_room_is_not_called_damaged(archive, tmp_path):
    script = INNER_ZIP.format(scripts=str(ROOT / "workflow/scripts"), archive=str(archive))
    assert subprocess.run([sys.executable, "-c", script], cwd=tmp_path).returncode == 1
    said = (tmp_path / "log").read_text()
    assert said.startswith(f"Error: {archive}/train.zip found no room in ")
    assert ": File too large. Make room there, or set TMPDIR to a folder that has it." in said
