# Every target sets up .venv first. `make run` and `make report` call plain Snakemake.
PYTHON ?= python3
CORES ?= all
VENV := .venv
READY := $(VENV)/.ready
PYTEST := $(VENV)/bin/python -m pytest --durations=10
# Two tests at a time, of different files.
BY_TWO := -n 2 --dist loadgroup

.PHONY: run report artefact test test-long test-browser test-slurm test-slurm-long benchmark lint docs reference lock

run: $(READY)
	$(VENV)/bin/snakemake --cores $(CORES)

report: run
	$(VENV)/bin/snakemake --report report.html

# The predictions of the run with labels, histories, settings and findings, in one archive: docs/audit.md.
artefact: run
	$(VENV)/bin/snakemake --cores $(CORES) -- artefact

test: $(READY)
	$(PYTEST) $(BY_TWO)

# Tests that take minutes each: whole small experiments over what users vary, every rule on a disk that fills up, JAX in
# an environment without TensorFlow.
test-long: $(READY)
	$(PYTEST) $(BY_TWO) -m "long and not slurm"

# The page that classifies in the browser, the summary and the site, in Debian's Chromium; installs it as root. Needs npm.
test-browser: $(READY)
	command -v chromium > /dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium > /dev/null; }
	$(PYTEST) -m browser tests/test_page.py tests/test_site.py tests/test_summary_in_browser.py

# Starts a Slurm of one node from Debian's packages, as root. `test-slurm` runs the sample experiment and one fault,
# `test-slurm-long` two seeds and the other faults.
test-slurm: $(READY)
	$(PYTEST) -m "slurm and not long" tests/slurm

test-slurm-long: $(READY)
	$(PYTEST) -m "slurm and long" tests/slurm

# The tables of docs/performance.md: training beside stock Keras, its Distiller and, where it is installed, PyTorch; then
# decoding, prediction, starting and planning. It takes a quarter of an hour.
benchmark: $(READY)
	$(VENV)/bin/python benchmarks/training.py
	$(VENV)/bin/python benchmarks/jobs.py

lint: $(READY) docs
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/snakefmt --check Snakefile workflow
	$(VENV)/bin/snakemake --lint
	PYTHONPATH=workflow/scripts $(VENV)/bin/lint-imports --no-cache
	$(VENV)/bin/mypy

# The documentation site, in site/. A link to no page or heading of it is an error.
docs: $(READY)
	$(VENV)/bin/zensical build --strict

# The JSON schema and the reference page of the configuration, from its types.
reference: $(READY)
	PYTHONPATH=workflow/scripts $(VENV)/bin/python -m snakedistill.configuration.reference_page

# The exact version and hash of every package, for every supported Python and platform.
lock: $(READY)
	$(VENV)/bin/uv pip compile --quiet --system-certs --universal --python-version 3.11 --generate-hashes --no-header \
		--group dev pyproject.toml --output-file requirements.txt

$(READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "Expected Python 3.11 to 3.13, got $$($(PYTHON) --version): make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing requirements.txt into $(VENV), which takes about a minute"
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	sed -n '/^uv==/,/[^\\]$$/p' requirements.txt > $(VENV)/uv.txt
	test -x $(VENV)/bin/uv || $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt
	$(VENV)/bin/uv pip sync --quiet --system-certs --python $(VENV)/bin/python --require-hashes --compile-bytecode requirements.txt
	touch $@
