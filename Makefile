# The commands of this project. `make run` and `make test` need Python 3.11 or newer and this file;
# once their virtual environment stands, they need no network.
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check
ARGS ?=

# Installs one locked set, unless exactly this set is installed already: $(VENV)/locked keeps a
# copy of what was installed. Sets only ever add to each other; $(2) are the sets it contains.
define install
@if ! cmp -s requirements/$(1).txt $(VENV)/locked/$(1).txt; then \
	echo "Installing what requirements/$(1).txt locks (once; a minute or two) ..."; \
	$(PIP) install --require-hashes --requirement requirements/$(1).txt && \
	for set in $(1) $(2); do cp requirements/$$set.txt $(VENV)/locked/ || exit 1; done; \
fi
@if ! cmp -s pyproject.toml $(VENV)/locked/pyproject.toml; then \
	echo "Installing this project in place ..."; \
	$(PIP) install --no-deps --no-build-isolation --editable . && \
	cp pyproject.toml $(VENV)/locked/; \
fi
endef

.PHONY: help
help: ## Show this help
	@echo "Usage: make TARGET"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 10

.PHONY: run
run: env-run ## Run the monitor on the workspace of this folder (ARGS=--once: one pass)
	@exec $(BIN)/monitor run $(ARGS)

# Shared among the cores, a file to a core: its tests come in order and make what they share once.
.PHONY: test
test: env-test ## Run the tests that need Python packages only (ARGS=tests/match: some; -n0: in one process)
	@exec $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile -m "not slow and not exim and not chromium and not pgbouncer and not crash and not readers" $(ARGS)

.PHONY: lint
lint: env-dev ## Check style, format, types and the order of the rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: bench
bench: env-bench ## Run a benchmark: BENCH=stories ARGS="FILE ..."; without BENCH, list them
ifdef BENCH
	@exec $(BIN)/python bench/$(BENCH).py $(ARGS)
else
	@for file in bench/[a-z]*.py; do \
		echo "$$(basename $$file .py): $$(sed -n '1s/"""//gp' $$file)"; done
	@echo 'Run one with: make bench BENCH=NAME ARGS="..."'
endif

.PHONY: lock
lock: ## Resolve pyproject.toml anew into requirements/*.txt (LOCK="--upgrade": newer releases)
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && \
	$(PYTHON) -m venv "$$tools" && "$$tools/bin/pip" --quiet install uv && \
	lock() { out=requirements/$$1.txt; shift; echo "$$out"; env -u UV_INDEX -u UV_DEFAULT_INDEX \
		-u UV_FIND_LINKS UV_CUSTOM_COMPILE_COMMAND="make lock" "$$tools/bin/uv" --no-config pip \
		compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --output-file "$$out" $(LOCK) \
		--group build "$$@" pyproject.toml; } && \
	lock run && \
	lock test --group test --constraint requirements/run.txt && \
	lock dev --group test --group dev --constraint requirements/test.txt && \
	lock bench --group bench --constraint requirements/test.txt

.PHONY: image
image: ## Build the container image monitor:dev, with its commit named in it (ENGINE=podman)
	@export TZ=UTC0 && exec $(or $(ENGINE),docker) build --tag monitor:dev \
		--build-arg REVISION="$$(git rev-parse --short HEAD)" \
		--build-arg CREATED="$$(git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ)" .

.PHONY: clean
clean: ## Remove the virtual environment and all caches; data/ stays
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find monitor tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: env-run env-test env-dev env-bench
env-run: $(VENV)/locked
	$(call install,run)
env-test: $(VENV)/locked
	$(call install,test,run)
env-dev: $(VENV)/locked
	$(call install,dev,test run)
env-bench: $(VENV)/locked
	$(call install,bench,test run)

$(VENV)/locked:
	@command -v $(PYTHON) >/dev/null || { \
		echo "$(PYTHON) was not found: install Python 3.11 or newer." >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1)." >&2; \
		echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments; on Debian: apt install python3-venv" >&2; \
		exit 2; }
	@echo "Making the virtual environment $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@mkdir $(VENV)/locked
