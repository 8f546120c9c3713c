# Everything runs in .venv, made on first use from the locked and hashed requirements.

PYTHON ?= python3
PORT ?= 8000
ARGS ?=
READY := .venv/.ready
PYTEST := .venv/bin/python -m pytest

export PORT
export PIP_ROOT_USER_ACTION := ignore
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo serve worker migrate test test-slow lint bench bench-composition docs translations clean

help:  ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(READY)  ## Try it: own database, fictitious data, http://127.0.0.1:8000 (another port: make demo PORT=8001)
	@exec .venv/bin/grappe demo $(ARGS)

serve: $(READY)  ## Serve pages and API on 127.0.0.1:PORT (needs DATABASE_URL and SECRET_KEY)
	@exec .venv/bin/grappe serve $(ARGS)

worker: $(READY)  ## Run a worker: mails, closings, seals (same settings)
	@exec .venv/bin/grappe worker $(ARGS)

migrate: $(READY)  ## Bring the database to the newest revision (same settings)
	@exec .venv/bin/grappe migrate $(ARGS)

test: $(READY)  ## Rules, services, HTTP, browser, architecture
	$(PYTEST) -n logical --maxprocesses 4 tests/rules tests/services tests/http tests/browser tests/architecture $(ARGS)

test-slow: $(READY)  ## Races, crashes and volume
	$(PYTEST) tests/slow $(ARGS)

lint: $(READY)  ## Style, layers, types
	.venv/bin/ruff check .
	.venv/bin/lint-imports
	.venv/bin/mypy

docs: $(READY)  ## Print permissions, codes and announcements into docs/
	.venv/bin/python -m tests.architecture.docs

translations: $(READY)  ## Sentences without English (ARGS=--update first takes the code's into the catalogue)
	@.venv/bin/python -m tests.translations $(ARGS)

bench: $(READY)  ## Measure: one JSON object a line
	@.venv/bin/python -m tests.bench $(ARGS)

bench-composition: $(READY)  ## Measure the composition engine against plain HiGHS (about ten minutes)
	@.venv/bin/python -m tests.bench.composition $(ARGS)

clean:  ## Remove .venv and caches; the demo's data in .grappe stays
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo 'Grappe needs Python 3.11 or newer, and $(PYTHON) is older or missing.'; \
	  echo 'Name another one: make $(MAKECMDGOALS) PYTHON=python3.12'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo 'This Python cannot make virtual environments: install python3-venv (Debian: apt-get install python3-venv).'; exit 1; }
	@echo 'Installing into .venv (once; about a minute)…'
	@test -x .venv/bin/pip || $(PYTHON) -m venv --clear .venv
	@.venv/bin/pip install --quiet --require-hashes -r requirements-dev.txt
	@.venv/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
