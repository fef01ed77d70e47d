# Everything that building, trying and testing need is installed by these targets.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
PACKAGES := docker-registry skopeo busybox-static openssl zsh fish
PROGRAMS := docker-registry skopeo busybox openssl zsh fish

.PHONY: help demo test lint format bench setup packages clean

help: ## Show what there is to make
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

.venv/.stamp: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --constraint constraints.txt --editable '.[dev]'
	@touch $@

packages: ## Install the Debian packages that tests and demo use
	@missing=; for program in $(PROGRAMS); do \
	    command -v $$program >/dev/null 2>&1 || missing="$$missing $$program"; done; \
	if [ -n "$$missing" ]; then \
	    if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	        echo "missing:$$missing; as root: apt-get install $(PACKAGES)" >&2; exit 1; fi; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	        apt-get install -qq -y --no-install-recommends $(PACKAGES) >/dev/null; fi

setup: .venv/.stamp packages ## Create .venv and install everything

demo: setup ## Mirror real images between two registries of our own
	$(BIN)/python scripts/demo.py

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

bench: setup ## Measure against skopeo; writes docs/performance.md
	$(BIN)/python -m scripts.bench

clean: ## Remove what make made
	rm -rf .venv build dist .coverage* .mypy_cache .ruff_cache .pytest_cache
