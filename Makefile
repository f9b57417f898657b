# PromptStudio. All that is needed beforehand: Python >= 3.11, Node >= 20, make.

PYTHON ?= python3
PORT ?= 8787
DATA ?= .promptstudio
# More than eight workers gain nothing: the suite is then as long as its slowest file.
PYTEST_WORKERS ?= auto --maxprocesses 8

BIN := .venv/bin
PYTHON_READY := .venv/.ready
PROVE_READY := .venv/.prove-ready
DYNOXIDE := .cache/dynoxide/.ready
PYTHON_TARGETS := .cache/python-targets/.ready
NODE_READY := tests/node/node_modules/.ready
NODE_PROVE_READY := tests/node-prove/node_modules/.ready

.DEFAULT_GOAL := help
.PHONY: help setup dev test prove prove-rest prove-tools check conformance regen bench bench-store bench-coldstart bench-sdk

help: ## list these targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-16s %s\n", $$1, $$2}'

setup: $(PYTHON_READY) $(NODE_READY) ## install everything into .venv and tests/node

dev: $(PYTHON_READY) ## start PromptStudio with the example prompts
	$(BIN)/promptstudio dev --port $(PORT) --data $(DATA)

test: setup ## every test that needs only Python and Node
	$(BIN)/pytest -n $(PYTEST_WORKERS) --note-skipped

prove: prove-tools check ## every test; here a missing tool is a failure
	PROMPTSTUDIO_PROVE=1 $(BIN)/pytest -n $(PYTEST_WORKERS)

prove-rest: prove-tools ## of these, the tests that `make test` skipped for want of a tool or did in part
	PROMPTSTUDIO_PROVE=1 $(BIN)/pytest -n $(PYTEST_WORKERS) --skipped

prove-tools: setup $(PROVE_READY) $(DYNOXIDE) $(PYTHON_TARGETS) $(NODE_PROVE_READY)

check: setup ## linters and type checkers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/generators -k type_checker  # tsc --strict

conformance: prove-tools ## the Endpoint Protocol's cases in every runtime, as a table; ARGS=-v for each case
	PROMPTSTUDIO_PROVE=1 $(BIN)/pytest tests/conformance -n $(PYTEST_WORKERS) $(ARGS)

regen: setup ## write the golden files anew
	$(BIN)/python -m tests.generators.regen
	$(BIN)/python -m tests.generators.sdk.regen

bench: setup ## the endpoint's speed beside its peers
	$(BIN)/python bench/endpoint.py

bench-store: setup ## each store beside the bare client of its engine
	$(BIN)/python bench/store.py

bench-sdk: setup ## what SDKs cost to import and to generate, beside their peers
	$(BIN)/python bench/sdk.py

bench-coldstart: setup ## a generated Lambda project's first answer beside a usual function's
	$(BIN)/python bench/coldstart.py

$(PYTHON_READY): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit("PromptStudio needs Python 3.11 or newer, and $(PYTHON) is %d.%d. Name another one: make PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
	$(BIN)/uv sync --frozen
	@touch $@

$(PROVE_READY): $(PYTHON_READY)
	$(BIN)/uv sync --frozen --group prove
	@touch $@

$(DYNOXIDE): tests/contract/engines/install_dynoxide.py | $(PYTHON_READY)
	$(BIN)/python $<
	@touch $@

$(PYTHON_TARGETS): tests/generators/install_python_tools.py $(wildcard generators/promptstudio_generators/templates/*/requirements.txt) | $(PYTHON_READY)
	$(BIN)/python -m tests.generators.install_python_tools
	$(BIN)/python -m tests.generators.sdk.python.interpreters
	$(BIN)/python -m tests.conformance.runtimes.install_web_adapter
	@touch $@

$(NODE_READY): tests/node/package.json tests/node/package-lock.json
	@node -e 'if (parseInt(process.versions.node) < 20) { console.error("PromptStudio needs Node 20 or newer, and this is " + process.version); process.exit(1) }'
	npm --prefix tests/node ci --no-audit --no-fund
	@touch $@

$(NODE_PROVE_READY): tests/node-prove/package.json tests/node-prove/package-lock.json
	# Not `npm ci`: it asks for the binaries of all systems, and not every registry has them.
	npm --prefix tests/node-prove install --no-save --no-audit --no-fund
	@touch $@
