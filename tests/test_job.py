"""What every job does before its work."""

import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT

CODE = """
import os, sys
from snakedistill.core.job import fix_threads, import_keras
fix_threads(1, "tensorflow")
import_keras()
import keras
print(sorted({"matplotlib", "sklearn"} & {*sys.modules}), os.environ["TF_ENABLE_ONEDNN_OPTS"], keras.backend.backend())
"""


@pytest.mark.parametrize(("given", "used"), [({}, "1"), ({"TF_ENABLE_ONEDNN_OPTS": "0"}, "0")])
def test_a_job_imports_keras_without_what_it_has_no_use_for_and_with_onednn(given, used):
    environment = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
    environment |= {"PYTHONPATH": str(ROOT / "workflow/scripts")} | given
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"[] {used} tensorflow"


TRAINS = """
import sys
from snakedistill.core.job import job
with job("out.log", 1, "tensorflow"):
    import keras
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    print("trained", flush=True)
    if sys.argv[1:]:
        raise ValueError("no")
"""


@pytest.mark.parametrize(
    ("arguments", "status", "log"),
    [([], 0, r"trained\n"), (["fail"], 1, r"Error: ValueError: no\n\nThe job printed:\ntrained\nTraceback (.|\n)*")],
)
def test_a_log_has_no_line_of_tensorflow_on_gpus_that_are_not_there(tmp_path, arguments, status, log):
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")}
    done = subprocess.run([sys.executable, "-c", TRAINS, *arguments], env=environment, cwd=tmp_path, check=False)
    assert done.returncode == status
    assert re.fullmatch(log, (tmp_path / "out.log").read_text())
    assert [path.name for path in tmp_path.iterdir()] == ["out.log"]
