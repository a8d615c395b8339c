# Every recipe works on a fresh clone: it needs make, a Rust toolchain and Python 3.11 or newer, nothing else.
# PYTHON=… picks the interpreter; each version of Python has a virtual environment of its own.

PYTHON ?= python3
PORT ?= 8000

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# "3.13", or "3.13t" for a free-threaded build; empty where the interpreter is missing or too old.
VERSION := $(shell $(PYTHON) -c 'import sys; v = sys.version_info; \
	print("%d.%d%s" % (v[0], v[1], getattr(sys, "abiflags", "")) if v >= (3, 11) else "")' 2>/dev/null)
VENV := .venv-$(VERSION)
BIN := $(VENV)/bin
RUST := $(shell find crates -name '*.rs' -o -name Cargo.toml) $(wildcard Cargo.toml Cargo.lock rust-toolchain.toml)

# pyo3 builds for this interpreter, whoever calls cargo. maturin sets the same two, so that clippy and maturin do not
# undo each other's work.
export PYO3_PYTHON := $(CURDIR)/$(BIN)/python
export PYO3_ENVIRONMENT_SIGNATURE := cpython-$(VERSION:t=)-64bit
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_QUIET := 1
unexport CONDA_PREFIX PYTHONHOME PYTHONPATH

.PHONY: help setup services run test test-django check lint types architecture rust soak slow bench docs wheel clean python-found

help:  ## list the recipes
	@echo "make RECIPE [PYTHON=python3.13]"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

# Set-up ------------------------------------------------------------------------------------------------------------

python-found:
	@if [[ -z "$(VERSION)" ]]; then \
		echo "PYTHON=$(PYTHON) is not a working Python 3.11 or newer; name one: make … PYTHON=/path/to/python3.13" >&2; \
		exit 1; \
	fi

$(VENV)/.installed: pyproject.toml | python-found
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --group dev
	@touch $@

# The development build: the core with cargo's dev profile, the package in place.
$(VENV)/.built: $(VENV)/.installed $(RUST)
	$(BIN)/maturin develop
	@touch $@

setup: $(VENV)/.built  ## make the virtual environment and build the core into it

# PostgreSQL and PgBouncer, where they can be installed without asking; otherwise it says what is missing.
services:
	scripts/services.sh

# What one does -----------------------------------------------------------------------------------------------------

run: setup  ## serve the example on http://127.0.0.1:8000 with demo data (PORT=… for another port)
	cd example && ../$(BIN)/python manage.py migrate --verbosity 0
	cd example && ../$(BIN)/python manage.py load_demo
	@echo
	@echo "  http://127.0.0.1:$(PORT)/                the example"
	@echo "  http://127.0.0.1:$(PORT)/docs            its API, to try out"
	@echo "  http://127.0.0.1:$(PORT)/openapi.json    its OpenAPI schema"
	@echo
	cd example && exec ../$(BIN)/python manage.py runbolt --host 127.0.0.1 --port $(PORT)

test: setup services  ## run every test, Rust and Python
	cargo test --locked --package bolt-core
	$(BIN)/python -m pytest

test-django: setup services  ## run Django's own tests of its database layer with django-bolt installed
	$(BIN)/python -m scripts.django_suite $(ARGS)

check: lint types architecture rust  ## run every check that is not a test
	@echo "all checks passed"

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python scripts/limits.py
	$(BIN)/python scripts/lock_floors.py

types: setup
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/python -m mypy.stubtest django_bolt._core --mypy-config-file pyproject.toml --allowlist scripts/stubtest.txt

architecture: setup
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/imports.py

rust: $(VENV)/.installed
	cargo fmt --all --check
	cargo clippy --quiet --locked --workspace --all-targets -- -D warnings

soak: setup  ## serve millions of good and bad requests and tell whether memory stays flat (needs wrk; ARGS=--requests …)
	$(BIN)/python -m scripts.soak $(ARGS)

slow: setup  ## hold a server with a thousand slow clients and measure the others (needs slowhttptest; ARGS=--seconds …)
	$(BIN)/python -m scripts.slow $(ARGS)

bench: | python-found  ## measure this project beside others (needs wrk and nginx; ARGS=… for its options)
	$(PYTHON) -m benchmarks $(ARGS)

docs: $(VENV)/.installed  ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

wheel: $(VENV)/.installed  ## build a release wheel into dist/
	$(BIN)/maturin build --release --locked --interpreter $(BIN)/python --out dist

clean:  ## remove everything that the recipes made
	rm -rf .venv-* target dist site example/db.sqlite3
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -f python/django_bolt/_core*.so
	find python tests example benchmarks scripts -name __pycache__ -type d -prune -exec rm -rf {} +
