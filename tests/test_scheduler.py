"""How often Snakemake's scheduler chooses jobs."""

import subprocess
import sys

import pytest
from conftest import copy_project

# Prints how often the scheduler was told to choose jobs anew after a while.
COUNT = """
import sys
import snakemake.cli
from snakemake.scheduling.job_scheduler import JobScheduler

assert JobScheduler._schedule_reevalutation
delays = []
JobScheduler._schedule_reevalutation = lambda scheduler, delay: delays.append(delay)
try:
    snakemake.cli.main(sys.argv[1:])
finally:
    print("delays", *delays)
"""


@pytest.mark.parametrize(
    ("given", "expected"), [([], set()), (["--max-jobs-per-timespan", "7/2s"], {"2.0"})], ids=["default", "given"]
)
def test_only_a_limit_that_is_given_has_the_scheduler_choose_again(tmp_path, given, expected):
    """With Snakemake's own limit it would do so every second, once more for each job that has ended."""
    copy_project(tmp_path)
    command = [sys.executable, "-c", COUNT, "--cores", "1", *given, "--config", "run=one", "--"]
    command += ["results/one/config.yaml"]
    finished = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert set(finished.stdout.splitlines()[-1].split()[1:]) == expected
    assert (tmp_path / "results/one/config.yaml").is_file()
