# Every target sets itself up: a machine needs only make and Python 3.11 or newer.
UV := $(shell uv --version >/dev/null 2>&1 && echo uv || echo .tools/bin/uv)
BIN := .venv/bin
export UV_PROJECT_ENVIRONMENT := .venv
unexport VIRTUAL_ENV PYTHONPATH

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench readme sbom audit clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' Makefile

setup: .venv/.ready ## make .venv with everything, in the locked versions

demo: setup ## generate demo data, run the main job on it, show one listener's list
	@$(BIN)/recsys demo
	@echo "the command on the path:  . $(BIN)/activate"

test: setup ## all tests
	@$(BIN)/pytest -n 2

check: setup ## format, lint, types and the quick tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/pytest -n 2 -m "not slow"

bench: setup ## time the main job and its kernels on synthetic data; fails on nothing
	-@$(BIN)/python -m bench.batch --preset reference --threads 1 --rounds 1
	-@$(BIN)/python -m bench.neighbors
	-@$(BIN)/python -m bench.scores
	-@$(BIN)/python -m bench.diversity

sbom: $(filter .tools/bin/uv,$(UV)) ## write build/sbom.json: every dependency and its version, as CycloneDX
	@mkdir -p build
	@$(UV) export --frozen --no-dev --format cyclonedx1.5 --preview-features sbom-export --output-file build/sbom.json >/dev/null
	@echo "build/sbom.json"

audit: $(filter .tools/bin/uv,$(UV)) ## ask for known holes in the locked dependencies; needs the network
	@mkdir -p build
	@$(UV) export --frozen --no-dev --no-emit-project --output-file build/requirements.txt >/dev/null
	@$(UV) tool run pip-audit --requirement build/requirements.txt --require-hashes --disable-pip

readme: setup ## write the generated parts of README.md anew
	@$(BIN)/python -m tests.readme

clean: ## remove what setup and the tools made; the lake stays
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	find recsys flows tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.ready: pyproject.toml uv.lock | $(filter .tools/bin/uv,$(UV))
	$(UV) sync --frozen || $(UV) sync --frozen --system-certs # for networks with a certificate of their own
	@touch $@

.tools/bin/uv:
	@python3 -m pip install --quiet --root-user-action ignore --target .tools uv \
	  || { python3 -m venv .tools && .tools/bin/python -m pip install --quiet uv; } \
	  || { echo "uv is missing and python3 has neither pip nor venv: install one of the three, then run make again" >&2; exit 1; }
