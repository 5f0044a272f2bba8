# Each target does all of its own set-up in the virtual environment .venv.
PYTHON ?= python3
BIN := .venv/bin
PARTS := setup.cfg setup.py pyproject.toml

.PHONY: help quickstart test slow parity fuzz kill lint types docs results dist clean

help:
	@echo "make quickstart   frames, four encoders, probes, table and page, in runs/quickstart"
	@echo "make test         the default tests"
	@echo "make slow         the longer tests"
	@echo "make parity       the tests against PyTorch, which it installs"
	@echo "make fuzz         2,000 damaged files of every format"
	@echo "make kill         20 kills of every command"
	@echo "make lint types   ruff and mypy"
	@echo "make docs         the site, in docs/_build/html"
	@echo "make results      tables and figures of the docs, from the studies in runs"
	@echo "make dist         the source archive and the wheel, in dist, checked and installed once"

quickstart: .venv/base
	$(BIN)/python train.py --recipe quickstart --precision auto

test: .venv/test
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

slow: .venv/test
	$(BIN)/python -m pytest -m slow --numprocesses auto --dist loadfile

parity: .venv/parity
	$(BIN)/python -m pytest -m parity

fuzz: .venv/test
	$(BIN)/python tests/fuzz/run.py

kill: .venv/test
	$(BIN)/python tests/kill/run.py

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev
	$(BIN)/mypy

# Every page is read anew, so that each build shows all warnings; any of them fails it.
docs: .venv/docs
	$(BIN)/python -m sphinx --fresh-env --fail-on-warning --keep-going --quiet docs docs/_build/html

results: .venv/base
	$(BIN)/python docs/make_results.py --from runs

dist: .venv/dev
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*
	$(BIN)/python -m pytest -m slow tests/test_setup.py

clean:
	rm -rf .venv build dist docs/_build docs/reference *.egg-info

.venv/base: $(PARTS) | .venv/bin/python
	$(BIN)/python -m pip install --editable .
	touch $@

.venv/test .venv/dev .venv/parity .venv/docs: .venv/%: $(PARTS) | .venv/bin/python
	$(BIN)/python -m pip install --editable ".[$*]"
	touch $@

# lpips declares torchvision, whose build on the Python Package Index does not load beside PyTorch for CPUs; the tests
# need the code of lpips alone.
.venv/parity: .venv/lpips
.venv/lpips: | .venv/bin/python
	$(BIN)/python -m pip install --no-deps lpips==0.1.4
	touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "error: Python 3.11 to 3.13 is needed: got $$($(PYTHON) --version); accepted: make PYTHON=python3.11"; exit 2; }
	$(PYTHON) -m venv .venv
