# One command each. `make demo` and `make test` need a Python of at least 3.11 and make, nothing else.
#   make demo    build the My Company SAS example in build/demo, plan, preview, apply, show the log
#   make check   format, lint, types, imports and the quick tests, before every commit
#   make test    the same and every test, the slow ones too: what CI runs
#   make soak    random rulesets on the engine and the reference, 200,000 (ASSIGNRULES_SOAK=N); failing ones in build/soak;
#                then thousands of applies killed at random moments (ASSIGNRULES_KILLS=N for each part)
#   make mutants mutation testing of the modules that place guards, types and staleness (MUTANTS=scalars for one of them)
#   make fmt     write the canonical layout and mend what can be mended
#   make clean   remove everything that these commands made
# PYTHON=/path/to/python chooses the interpreter that .venv is made with; JOBS=N the number of test processes.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo test check lint soak mutants fmt clean

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JOBS ?= auto
PYTHON ?=

# A home folder that cannot be written (a service account, a container's user) must not stop uv.
CACHE := $(shell [ -n "$$UV_CACHE_DIR$$XDG_CACHE_HOME" ] || [ -w "$$HOME" ] || echo "$(CURDIR)/build/uv-cache")
ifneq ($(CACHE),)
export UV_CACHE_DIR := $(CACHE)
endif

# Hundreds of processes start in the tests, and each would compile every module anew where the caller's habit is to keep no bytecode.
unexport PYTHONDONTWRITEBYTECODE

help:
	@sed -n '2,9s/^# *//p' Makefile

# Installs once; again only when pyproject.toml changes or the environment is gone.
$(STAMP): pyproject.toml
	@set -eu; \
	python=""; \
	for candidate in "$(PYTHON)" python3 python3.14 python3.13 python3.12 python3.11 python; do \
	    if [ -n "$$candidate" ] && command -v "$$candidate" >/dev/null 2>&1 \
	        && "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then python="$$candidate"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "No Python of version 3.11 or newer was found (looked for python3, python3.11 … python3.14)." >&2; \
	    echo "Install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; \
	fi; \
	if command -v uv >/dev/null 2>&1; then \
	    echo "making $(VENV) with uv ($$("$$python" --version))"; \
	    uv venv --quiet --clear --python "$$("$$python" -c 'import sys; print(sys.executable)')" $(VENV); \
	    uv pip install --quiet --python $(BIN)/python --editable . --group dev; \
	else \
	    if ! "$$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then \
	        echo "$$python ($$("$$python" --version)) lacks the venv module with ensurepip." >&2; \
	        echo "On Debian and Ubuntu: apt-get install python3-venv. Or name another interpreter: make PYTHON=…" >&2; exit 1; \
	    fi; \
	    echo "making $(VENV) with $$python ($$("$$python" --version)); this takes a moment, once"; \
	    "$$python" -m venv --clear $(VENV); \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'; \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev; \
	fi; \
	touch $@

demo: $(STAMP)
	@rm -rf build/demo
	@mkdir -p build
	$(BIN)/assignrules demo build/demo

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

# The types beside the tests, as a first reading of them keeps one core busy for half a minute.
check: lint
	@mkdir -p build
	@$(BIN)/mypy --strict src >build/types.txt 2>&1 & types=$$!; \
	echo '$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "not slow"'; \
	failed=0; $(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "not slow" || failed=1; \
	echo '$(BIN)/mypy --strict src'; wait $$types || failed=1; cat build/types.txt; exit $$failed

test: lint
	$(BIN)/mypy --strict src
	$(BIN)/python -m pytest -q -n $(JOBS) --dist loadgroup --durations=20 --durations-min=5

soak: $(STAMP)
	PYTHONPATH=. $(BIN)/python -m tests.differential.soak
	ASSIGNRULES_KILLS=$${ASSIGNRULES_KILLS:-500} $(BIN)/pytest -n $(JOBS) -k random_moments tests/apply

mutants: $(STAMP)
	@if command -v uv >/dev/null 2>&1; then uv pip install --quiet --python $(BIN)/python --group mutants; \
	else $(BIN)/python -m pip install --quiet --disable-pip-version-check --group mutants; fi
	$(BIN)/python -m tests.faults.mutants $(MUTANTS)

fmt: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests examples -type d -name __pycache__ -prune -exec rm -rf {} +
