# `make demo` and `make test` work from a fresh clone with Python 3.11+ and make alone.
PYTHON  ?= python3
VENV    := .venv
BIN     := $(VENV)/bin
PIP     := $(BIN)/python -I -m pip --disable-pip-version-check --quiet
RUNTIME := $(VENV)/.runtime
DEV     := $(VENV)/.dev
REPORTS := build/tests
PYTEST  := $(BIN)/python -m pytest -n 2 --dist worksteal -q -m 'not large'

# The tests start hundreds of processes: each would compile all of our modules for itself.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check style parts bench bench-large loadtest fuzz fuzz-api e2e-large fmt lock clean

help: ## say what each target does
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	@$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements/runtime.txt pyproject.toml | $(BIN)/python
	@$(PIP) install --require-hashes --only-binary :all: -r requirements/runtime.txt
	@$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(DEV): requirements/dev.txt $(RUNTIME)
	@$(PIP) install --require-hashes --only-binary :all: -r requirements/dev.txt
	@touch $@

# What stands before this is silent: on stdout is the one line of JSON.
demo: $(RUNTIME) ## bring up a whole node with sample data; Ctrl-C stops it
	@exec $(BIN)/idnode demo

test: parts ## all tests but the whole-size ones
	$(PYTEST) --junitxml=$(REPORTS)/wholes.xml tests/property tests/fuzz tests/matrix tests/e2e
	$(BIN)/python tests/tally.py $(REPORTS)/parts.xml $(REPORTS)/wholes.xml

check: style parts ## style, types, architecture, unit and property tests, coverage
	$(PYTEST) tests/property

style: $(DEV) ## style and types alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Neither what chance draws nor what a whole node passes counts as covered.
parts: $(DEV) ## architecture, documents, unit and contract tests with their coverage
	$(PYTEST) --junitxml=$(REPORTS)/parts.xml --cov --cov-report= \
	  tests/architecture tests/docs tests/unit tests/golden tests/contracts
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
	$(BIN)/python -m pytest -m large -s tests/e2e tests/matrix

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
