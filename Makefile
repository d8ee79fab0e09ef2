# `make demo` and `make test` work from a fresh clone with Python 3.11+ and make alone.
PYTHON  ?= python3
VENV    := .venv
BIN     := $(VENV)/bin
PIP     := $(BIN)/python -I -m pip --disable-pip-version-check --quiet
RUNTIME := $(VENV)/.runtime
DEV     := $(VENV)/.dev

.PHONY: help demo test check bench bench-large loadtest fuzz fuzz-api e2e-large fmt lock clean

help: ## say what each target does
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements/runtime.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes --only-binary :all: -r requirements/runtime.txt
	$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(DEV): requirements/dev.txt $(RUNTIME)
	$(PIP) install --require-hashes --only-binary :all: -r requirements/dev.txt
	@touch $@

demo: $(RUNTIME) ## bring up a whole node with sample data; Ctrl-C stops it
	@exec $(BIN)/idnode demo

test: $(DEV) ## all tests but the whole-size ones
	$(BIN)/python -m pytest -n 2 --dist worksteal -m 'not large' tests

check: $(DEV) ## style, types, architecture, unit tests with their coverage
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 -q -m 'not large' --cov --cov-report=term:skip-covered \
	  tests/architecture tests/docs tests/unit tests/golden tests/property tests/contracts
	$(BIN)/python tests/coverage_gate.py

bench: $(DEV) ## rates of this machine beside bare references and bars, as JSON; BENCH=--quick for half a minute
	@$(BIN)/idnode bench $(BENCH)

bench-large: $(DEV) ## what size costs: cold look-ups at 1 and at 10 million side by side; 25 GB of disk
	@$(BIN)/python -m loadtest.bench.growth

loadtest: $(DEV) ## what a mix of users sees and up to which load; LOADTEST="--suite mixed" for one suite
	@$(BIN)/python -m loadtest.suites $(LOADTEST)

fuzz: $(DEV) ## ten million inputs to every decoder; FUZZ="--seconds 60 --guided" as in CI
	$(BIN)/python -m tests.fuzz $(FUZZ)

fuzz-api: $(DEV) ## what the API's description allows and what not, 5 minutes for each role; FUZZ_API="--seconds 10"
	$(BIN)/python -m tests.fuzz_api $(FUZZ_API)

e2e-large: $(DEV) ## whole-size runs: 514 enterprises, 3,000,000 identifiers loaded and searched; IDENTIFIERS=30000 for less
	$(BIN)/python -m pytest -m large -s tests/e2e

fmt: $(DEV) ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: | $(BIN)/python ## renew the pinned requirement files (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --extra embedded requirements/build.in pyproject.toml -o requirements/runtime.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  -c requirements/runtime.txt --group dev --extra embedded requirements/build.in pyproject.toml -o requirements/dev.txt

clean: ## remove the environment and caches, never data in ./var
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage build dist
