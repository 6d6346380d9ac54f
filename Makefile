# make demo   sets everything up and renders examples/prompts.csv to out/ with a real voice
# make test   sets everything up and runs lint, types, imports, blocks and the default tests; .ci/run runs all
#
# Both are safe to repeat: what is installed is not installed again, until pyproject.toml or constraints.txt changes.

PYTHON ?= python3
VENV ?= .venv
OUT ?= out
EXTRAS ?= piper
# The version of every package; `make lock` writes it.
CONSTRAINTS ?= constraints.txt
# More options for pytest: make pytest PYTEST="-k store -x"
PYTEST ?=

ALL := piper,kokoro,listen,mobi,openai,postgres,ray,server
GROUPS := dev lanes site release lock
NEWEST ?= $(shell for name in python3.13 python3.12; do \
  for each in $$name $(HOME)/.pyenv/versions/*/bin/$$name; do $$each -c "" 2>/dev/null && { echo $$each; exit; }; done; done)

BIN := $(VENV)/bin
PIP_ALONE := $(BIN)/python -m pip --disable-pip-version-check install --quiet
PIP := $(PIP_ALONE) --constraint $(CONSTRAINTS) --build-constraint $(CONSTRAINTS)
STAMPS := $(VENV)/.stamps
RESOLVE = $(BIN)/uv pip compile pyproject.toml --quiet --no-annotate --custom-compile-command "make lock"
CLIENTS := build/clients
APT := apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends

.PHONY: demo test test-all test-newest test-lowest clients cluster manim lint format types imports pytest coverage blocks docs site text wheel-test lock clean
.DELETE_ON_ERROR:
.NOTPARALLEL:

demo: $(STAMPS)/voxpress
	$(BIN)/voxpress render examples/prompts.csv -o $(OUT)

test: lint types imports blocks pytest

# The test groups that need weights, a network, minutes, other environments or another server.
test-all: $(STAMPS)/lanes $(STAMPS)/clients $(STAMPS)/telephony $(STAMPS)/postgres
	$(BIN)/voxpress engines install xtts
	$(BIN)/voxpress engines install outetts
	VOXPRESS_TEST_ENVIRONMENTS=1 $(BIN)/pytest -n 2 --dist loadfile \
	  -m "models or engines or faults or s3 or postgres or slow or clients" $(PYTEST)

# Clients of the server as they are, in Python, in JavaScript and in a browser, against a server alone and against a replica
# over PostgreSQL and an object store: a minute.
clients: $(STAMPS)/lanes $(STAMPS)/clients $(STAMPS)/postgres
	$(BIN)/pytest -m clients $(PYTEST)

# A Ray cluster of several nodes over an object store, whose actors, nodes and store are lost: about ten minutes.
cluster: $(STAMPS)/lanes
	$(BIN)/pytest -m cluster tests/test_cluster.py $(PYTEST)

# The example for manim, which takes minutes to install.
manim: $(STAMPS)/dev $(STAMPS)/manim
	$(BIN)/pytest -m clients tests/test_manim.py $(PYTEST)

lint: $(STAMPS)/dev
	$(BIN)/ruff check --output-format concise
	$(BIN)/ruff format --check
	$(BIN)/codespell
	$(BIN)/python tools/check_prose.py

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

# The documentation as a site, in build/site.
site: $(STAMPS)/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

# How texts are read: the suites of cases are not part of the project. NEMO is the folder tests/nemo_text_processing of
# NVIDIA/NeMo-text-processing, CASES a table of cases.
text: $(STAMPS)/dev
	$(BIN)/python benchmarks/text.py $(NEMO:%=--nemo %) $(CASES:%=--cases %) --show

# The packages in dist/: built, looked into, and the wheel tried in an empty environment.
wheel-test: $(STAMPS)/release
	rm -rf dist
	$(BIN)/python -m build --no-isolation .
	$(BIN)/twine check --strict dist/*
	$(BIN)/python tools/try_wheel.py

# Takes what pyproject.toml allows, and keeps the versions that constraints.txt has; UPGRADE=--upgrade takes the newest.
lock: $(STAMPS)/lock
	$(RESOLVE) --universal --python-version 3.11 --all-extras $(GROUPS:%=--group %) $(UPGRADE) -o constraints.txt

# The default tests with the lowest versions that pyproject.toml allows, in an environment of their own. Golden
# files belong to the versions in constraints.txt.
test-lowest: $(STAMPS)/lock
	@mkdir -p build
	$(RESOLVE) --upgrade --python $(PYTHON) --resolution lowest-direct --all-extras --group dev -o build/lowest.txt
	$(MAKE) pytest VENV=$(VENV)-lowest CONSTRAINTS=build/lowest.txt EXTRAS=$(ALL) \
	  PYTEST="--deselect tests/test_golden_audio.py $(PYTEST)"

# The default tests with the newest Python found, in an environment of their own.
test-newest:
	@test -n "$(NEWEST)" || { echo "there is no python3.13 and no python3.12" >&2; exit 2; }
	$(MAKE) pytest VENV=$(VENV)-newest PYTHON=$(NEWEST)

clean:
	rm -rf $(VENV) $(VENV)-* $(OUT) build dist .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(STAMPS)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "voxpress needs Python 3.11 or newer; name one: make PYTHON=python3.12" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "$(PYTHON) cannot make a virtual environment; on Debian: apt install python3-venv" >&2; exit 2; }
	$(PIP_ALONE) --upgrade 'pip>=25.3'
	@mkdir -p $(STAMPS)
	@touch $@

$(STAMPS)/voxpress: pyproject.toml $(CONSTRAINTS) | $(STAMPS)/python
	$(PIP) --editable '.[$(EXTRAS)]'
	@touch $@

$(STAMPS)/dev: $(STAMPS)/voxpress
	$(PIP) --group dev
	@touch $@

$(STAMPS)/lock $(STAMPS)/release $(STAMPS)/site: $(STAMPS)/%: pyproject.toml $(CONSTRAINTS) | $(STAMPS)/python
	$(PIP) --group $*
	@touch $@

# Recorded prompts and lists of Debian, and the telephone receiver of FreeSWITCH: tests skip what cannot be had.
$(STAMPS)/telephony: Makefile
	@mkdir -p build/debian $(STAMPS)
	-@ldconfig -p | grep -q libspandsp || { command -v apt-get >/dev/null && { $(APT) libspandsp2; }; }
	-@command -v apt-get >/dev/null && cd build/debian && \
	  apt-get download -qq $(addprefix asterisk-core-sounds-,en es fr it ru $(foreach set,en es fr,$(set)-wav $(set)-gsm $(set)-g722)) && \
	  for each in *.deb; do dpkg-deb -x "$$each" . && rm "$$each"; done
	@touch $@

# PostgreSQL's programs: the tests start servers of their own with them.
$(STAMPS)/postgres: Makefile | $(STAMPS)/python
	-@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { command -v apt-get >/dev/null && { $(APT) postgresql; }; }
	@touch $@

# Clients of the server, which cannot be in one environment with each other. Node and Chromium come from the system; where
# they are missing and apt may be used, Debian's are installed.
$(STAMPS)/clients: Makefile tests/server/clients/package.json | $(STAMPS)/python
	@command -v npm >/dev/null || { $(APT) nodejs npm; }
	@command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || { $(APT) chromium-headless-shell; }
	$(PIP_ALONE) --upgrade --target $(CLIENTS)/openai-2 'openai==2.54.0'
	$(PIP_ALONE) --upgrade --target $(CLIENTS)/litellm 'litellm==1.110.2'
	$(PIP_ALONE) --upgrade --target $(CLIENTS)/livekit 'livekit-plugins-openai==1.8.9' 'livekit-agents==1.8.9'
	$(PIP_ALONE) --upgrade --target $(CLIENTS)/pipecat 'pipecat-ai==1.14.0'
	$(PIP_ALONE) --upgrade --target $(CLIENTS)/wyoming-bench 'wyoming-bench==2026.10.0'
	@mkdir -p $(CLIENTS)/node
	cp tests/server/clients/package.json $(CLIENTS)/node
	npm install --prefix $(CLIENTS)/node --no-package-lock --no-audit --no-fund --loglevel error
	@touch $@

$(STAMPS)/manim: Makefile | $(STAMPS)/python
	@pkg-config --exists pangocairo || { $(APT) gcc libpango1.0-dev pkg-config python3-dev; }
	$(PIP_ALONE) --upgrade --target $(CLIENTS)/manim 'manim-voiceover==0.4.0'
	@touch $@

$(STAMPS)/lanes: $(STAMPS)/dev
	$(PIP) --editable '.[$(ALL)]' --group lanes
	@touch $@
