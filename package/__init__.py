"""The installed package: the folders of a clone lie below it, and the library is imported from where they have it."""

import sys
from pathlib import Path

_HERE = Path(__file__).parent

# A job of another copy of the workflow, such as a clone, finds the library of that copy: Snakemake adds the folder of
# the job's script to the path, behind this package.
_folders = (Path(folder, "snakedistill") for folder in (*sys.path, _HERE / "workflow/scripts"))
__path__ = [str(next(folder for folder in _folders if (folder / "core/job.py").is_file()))]

SNAKEFILE = str(_HERE / "Snakefile")
"""Path of the workflow, for `module` and for `snakemake --snakefile`."""
