# Everything here works on a fresh machine: each target makes the virtual environment it needs.

PYTHON ?= python3
VENV ?= .venv
# Index with CPU-only builds of torch; without it pip takes torch from its usual index.
TORCH_CPU_INDEX ?=
TORCH ?= torch==2.13.0
TEST_WORKERS ?= 2

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help run install test lint typecheck unit fmt bench clean

help: ## This list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: pyproject.toml | $(BIN)/python
	$(PIP) --editable .
	@touch $@

$(VENV)/.all: pyproject.toml | $(BIN)/python
	$(if $(TORCH_CPU_INDEX),$(PIP) --no-deps --extra-index-url $(TORCH_CPU_INDEX) $(TORCH))
	$(PIP) --editable '.[all,dev]'
	@touch $@

run: $(VENV)/.base ## Evaluate BM25 on the sample that ships: no download of data or models
	$(BIN)/evalharness run --task sample --model bm25

install: $(VENV)/.all ## Everything, with the tools of developers

# Side by side: the tests leave a core idle a tenth of their time.
test: $(VENV)/.all ## All that CI checks
	@$(MAKE) --no-print-directory -j2 lint typecheck unit

lint: $(VENV)/.all ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

typecheck: $(VENV)/.all ## mypy --strict
	$(BIN)/mypy

unit: $(VENV)/.all ## pytest
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist worksteal

fmt: $(VENV)/.all ## Format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.all ## Every benchmark that runs without its peer's own environment
	for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

clean: ## Remove the virtual environment and what tools leave behind
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
