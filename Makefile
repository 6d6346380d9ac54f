# make demo   sets everything up and renders examples/prompts.csv to out/ with a real voice
# make test   sets everything up and runs all that CI checks
#
# Both are safe to repeat: what is installed is not installed again, until pyproject.toml changes.

PYTHON ?= python3
VENV ?= .venv
OUT ?= out
EXTRAS ?= piper
# More options for pytest: make pytest PYTEST="-k store -x"
PYTEST ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
STAMPS := $(VENV)/.stamps
CLIENTS := build/clients
APT := apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends

.PHONY: demo test test-all clients lint format types imports pytest coverage blocks docs clean
.DELETE_ON_ERROR:
.NOTPARALLEL:

demo: $(STAMPS)/voxpress
	$(BIN)/voxpress render examples/prompts.csv -o $(OUT)

test: lint types imports blocks pytest

# The lanes that need weights, a network, minutes, other environments or another server.
test-all: $(STAMPS)/lanes $(STAMPS)/clients
	$(BIN)/voxpress engines install xtts
	$(BIN)/voxpress engines install outetts
	VOXPRESS_TEST_ENVIRONMENTS=1 $(BIN)/pytest -m "models or engines or faults or s3 or slow or clients" $(PYTEST)

# Clients of the server as they are, in Python, in JavaScript and in a browser.
clients: $(STAMPS)/dev $(STAMPS)/clients
	$(BIN)/pytest -m clients $(PYTEST)

lint: $(STAMPS)/dev
	$(BIN)/ruff check --output-format concise
	$(BIN)/ruff format --check

format: $(STAMPS)/dev
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

types: $(STAMPS)/dev
	$(BIN)/mypy

imports: $(STAMPS)/dev
	$(BIN)/lint-imports --no-logo

pytest: $(STAMPS)/dev
	$(BIN)/pytest -n auto --dist worksteal $(PYTEST)

coverage: $(STAMPS)/dev
	$(BIN)/pytest -n auto --dist worksteal --cov=voxpress $(PYTEST)

# The blocks of code in README and docs.
blocks: $(STAMPS)/dev
	$(BIN)/pytest -n auto --dist worksteal -q -m blocks tests/docs

# Writes those pages and tables that come from the program; the tests compare them.
docs: $(STAMPS)/dev
	$(BIN)/python tools/generate_docs.py

clean:
	rm -rf $(VENV) $(OUT) build dist .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(STAMPS)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "voxpress needs Python 3.11 or newer; name one: make PYTHON=python3.12" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "$(PYTHON) cannot make a virtual environment; on Debian: apt install python3-venv" >&2; exit 2; }
	$(PIP) --upgrade 'pip>=25.1'
	@mkdir -p $(STAMPS)
	@touch $@

$(STAMPS)/voxpress: pyproject.toml | $(STAMPS)/python
	$(PIP) --editable '.[$(EXTRAS)]'
	@touch $@

$(STAMPS)/dev: $(STAMPS)/voxpress
	$(PIP) --group dev
	@touch $@

# Clients of the server, which cannot be in one environment with each other. Node and Chromium come from the system; where
# they are missing and apt may be used, Debian's are installed.
$(STAMPS)/clients: Makefile tests/server/clients/package.json | $(STAMPS)/python
	@command -v npm >/dev/null || { $(APT) nodejs npm; }
	@command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || { $(APT) chromium-headless-shell; }
	$(PIP) --upgrade --target $(CLIENTS)/openai-2 'openai==2.54.0'
	$(PIP) --upgrade --target $(CLIENTS)/litellm 'litellm==1.110.2'
	$(PIP) --upgrade --target $(CLIENTS)/livekit 'livekit-plugins-openai==1.8.9' 'livekit-agents==1.8.9'
	$(PIP) --upgrade --target $(CLIENTS)/pipecat 'pipecat-ai==1.14.0'
	@mkdir -p $(CLIENTS)/node
	cp tests/server/clients/package.json $(CLIENTS)/node
	npm install --prefix $(CLIENTS)/node --no-package-lock --no-audit --no-fund --loglevel error
	@touch $@

$(STAMPS)/lanes: $(STAMPS)/dev
	$(PIP) --editable '.[piper,kokoro,listen,openai,server]' --group lanes
	@touch $@
