"""What every job does before its work."""

import os
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
