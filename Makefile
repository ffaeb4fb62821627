# Every target sets itself up: a machine needs only make and Python 3.11 or newer. `make test PYTHON=3.13` (or a path) takes
# another Python than the default one, in an environment of its own.
UV := $(shell uv --version >/dev/null 2>&1 && echo uv || echo .tools/bin/uv)
ifneq ($(origin PYTHON),command line)
  override PYTHON :=
endif
VENV := .venv$(if $(PYTHON),-$(notdir $(PYTHON)))
BIN := $(VENV)/bin
SYNC = $(UV) sync --frozen $(if $(PYTHON),--python $(PYTHON))
DOCKER := docker
GATED := recsys/*.py,recsys/matrices/*,recsys/stages/*,recsys/readers/*,recsys/lake/*,recsys/ingest/*
export UV_PROJECT_ENVIRONMENT := $(VENV)
unexport VIRTUAL_ENV PYTHONPATH

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint check coverage bench readme image sbom audit clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' Makefile

setup: $(VENV)/.ready ## make .venv with everything, in the locked versions

demo: setup ## generate demo data, run the main job on it, show one listener's list
	@$(BIN)/recsys demo
	@echo "the command on the path:  . $(BIN)/activate"

test: setup $(VENV)/.bytecode ## all tests
	@$(BIN)/pytest -n 2

lint: setup $(VENV)/.bytecode ## format, lint, types, dependencies, unused code
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/deptry --no-ansi .
	@$(BIN)/vulture

check: lint ## what lint does, and the quick tests
	@$(BIN)/pytest -n 2 -m "not slow"

coverage: setup $(VENV)/.bytecode ## all tests, and the share of branches they take; fails under 95 % in stages, lake and ingest
	@PYTEST_ADDOPTS="$(PYTEST_ADDOPTS) --cov --cov-report=" $(MAKE) --no-print-directory test
	@$(BIN)/coverage report --skip-covered --skip-empty
	@$(BIN)/coverage report --include '$(GATED)' --fail-under 95 --format total >/dev/null \
	  || { echo "stages, lake and ingest: under 95 %" >&2; exit 1; }

bench: setup ## time the main job and its kernels on synthetic data; fails on nothing
	-@$(BIN)/python -m bench.batch --preset reference --threads 1 --rounds 1
	-@$(BIN)/python -m bench.neighbors
	-@$(BIN)/python -m bench.scores
	-@$(BIN)/python -m bench.diversity

image: ## build the container image recsys; needs docker, or DOCKER=podman
	$(DOCKER) build --tag recsys .

sbom: $(filter .tools/bin/uv,$(UV)) ## write build/sbom.json: every dependency and its version, as CycloneDX
	@mkdir -p build
	@$(UV) export --frozen --no-dev --format cyclonedx1.5 --preview-features sbom-export --output-file build/sbom.json >/dev/null
	@echo "build/sbom.json"

audit: $(filter .tools/bin/uv,$(UV)) ## ask for known holes in the locked dependencies; needs the network
	@mkdir -p build
	@$(UV) export --frozen --no-dev --no-emit-project --output-file build/requirements.txt >/dev/null
	@rm -f build/audit.json
	-@$(UV) tool run pip-audit --requirement build/requirements.txt --require-hashes --disable-pip --format json --output build/audit.json
	@python3 tests/audit.py build/audit.json

readme: setup ## write the generated parts of README.md and docs/reference anew
	@$(BIN)/python -m tests.readme

clean: ## remove what setup and the tools made; the lake stays
	rm -rf .venv .venv-* .coverage .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	find recsys flows tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.ready: pyproject.toml uv.lock | $(filter .tools/bin/uv,$(UV))
	$(SYNC) || $(SYNC) --system-certs # for networks with a certificate of their own
	@$(BIN)/recsys compile
	@touch $@

$(VENV)/.bytecode: $(VENV)/.ready # of all that tests need: they start many processes
	@$(SYNC) --compile-bytecode --quiet
	@touch $@

.tools/bin/uv:
	@python3 -m pip install --quiet --root-user-action ignore --target .tools uv \
	  || { python3 -m venv .tools && .tools/bin/python -m pip install --quiet uv; } \
	  || { echo "uv is missing and python3 has neither pip nor venv: install one of the three, then run make again" >&2; exit 1; }
