# Everything that building, trying and testing need is installed by these targets.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
PROGRAMS := docker-registry skopeo podman openssl zsh fish mandoc

.PHONY: help demo test lint format interop bench docs man setup packages clean

help: ## Show what there is to make
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

.venv/.stamp: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    apt-get update -qq && apt-get install -qq -y python3-venv >/dev/null; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --constraint constraints.txt --editable '.[dev]'
	@touch $@

packages: ## Install the Debian packages that tests and demo use
	@missing=; for program in $(PROGRAMS); do \
	    command -v $$program >/dev/null 2>&1 || missing="$$missing $$program"; done; \
	if [ -n "$$missing" ]; then \
	    if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	        echo "missing; as root: apt-get install$$missing" >&2; exit 1; fi; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	        apt-get install -qq -y --no-install-recommends $$missing >/dev/null; fi

setup: .venv/.stamp packages ## Create .venv and install everything

demo: setup ## Mirror real images, carry them in an archive, prove it
	$(BIN)/python -m scripts.demo

lint: .venv/.stamp ## Style, types and layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.stamp ## Format the code and repair what can be
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

test: setup lint ## Everything that must hold; ends with pytest's closing line
	$(BIN)/pytest -n auto --cov --cov-report=

interop: setup .interop/peers.json ## Test with registries and programs of others; writes docs/interop.md
	$(BIN)/python -m scripts.interop

.interop/peers.json: constraints.txt scripts/peers.py
	$(BIN)/python -m scripts.peers

bench: setup ## Measure against skopeo; writes docs/performance.md
	$(BIN)/python -m scripts.bench

docs: .venv/.stamp ## Write the documentation's tables of options
	$(BIN)/python -m scripts.reference

man: .venv/.stamp ## Write the manual pages to build/man
	$(BIN)/python -m scripts.man build/man

clean: ## Remove what make made
	rm -rf .venv .interop build dist .coverage* .mypy_cache .ruff_cache .pytest_cache
