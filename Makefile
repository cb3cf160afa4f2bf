# Two commands: `make demo` and `make test`. Both set up what they need; `.venv/bin/lightship` works after either.

SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test setup system lint types docs clean

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make demo    build examples/agent-platform, start it in the sandbox, call its routes, print size, layers and times
demo: setup
	@$(BIN)/python tools/demo.py

## make test    lint, types and every test; conformance tests need the tools that `make system` installs
test: setup lint types
	@$(BIN)/python tools/run_tests.py

## make setup   the virtual environment and the system packages
setup: system $(VENV)/.ready

$(VENV)/.ready: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install -q -e . --group dev
	@touch $@

## make system  system packages with apt, where it may; otherwise one message names them
system:
	@sh tools/system-packages.sh

lint: $(VENV)/.ready
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet

types: $(VENV)/.ready
	@$(BIN)/mypy

## make docs    regenerate docs/reference
docs: $(VENV)/.ready
	@$(BIN)/python -m tools.reference

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build
