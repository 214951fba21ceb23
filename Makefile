# Two commands matter: `make run` and `make test`. Both set up everything they need.
PYTHON ?= python3
# Files of tests at once, `make test AT_ONCE=0` one after the other in one process (docs/decisions/0039).
AT_ONCE ?= 2
BIN := .venv/bin
WEB := dashboards/web
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
PAGE := $(shell find $(WEB)/src $(WEB)/public -type f 2>/dev/null) $(WEB)/index.html $(WEB)/package.json $(WEB)/package-lock.json api/sentences.json
# Where a start may not write any, or PYTHONDONTWRITEBYTECODE is set, each would compile all of it: half a second and more.
BYTECODE := $(BIN)/python -m compileall -q anju api backbone community dashboards/*.py firmware-sim gateway ingest rules
# Hashes of lock files, recorded device data, words of the page; and passwords that say in examples that they are one.
NOT_SECRET := --exclude-files '^requirements/|^tests/data/|package-lock\.json$$|/i18n/' \
  --exclude-lines ':(secret|password|p%40ss|a%40b|p%40)@|password="p@"'

.PHONY: run test check bench lock page types clean

run: .venv/run
	@exec $(BIN)/anju up

test: .venv/dev .venv/debian
	@$(BIN)/python dashboards/build_web.py npm run --silent test
	@$(BIN)/python -m pytest --numprocesses $(AT_ONCE) --dist loadfile --no-loadscope-reorder

check: .venv/dev
	@$(BIN)/ruff format --check --quiet . || { echo "run: .venv/bin/ruff format ."; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary .
	@$(BIN)/lint-imports --no-logo > .venv/imports.log || { cat .venv/imports.log; exit 1; }
	@git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook $(NOT_SECRET)
	@$(BIN)/python dashboards/build_web.py npm run --silent lint
	@$(BIN)/python dashboards/build_web.py npm run --silent typecheck
	@echo "check: all clean"

bench: .venv/dev
	@$(BIN)/python -m benchmarks

# Lock files name no host: each machine asks the registry it is set to.
lock: .venv/dev
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra all -o requirements/run.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra all --group dev -o requirements/dev.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header requirements/build.in -o requirements/build.txt

page: .venv/dev
	@$(BIN)/python dashboards/build_web.py

# The page's types, from the API's own description. The page may not build before it has them.
types:
	@test -e .venv/dev || $(MAKE) .venv/dev
	@$(BIN)/python -m api.openapi > $(WEB)/src/api/openapi.json
	@$(BIN)/python dashboards/build_web.py npm run --silent types

clean:
	rm -rf .venv $(WEB)/node_modules $(WEB)/dist

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=…"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || deploy/debian-packages python3-venv
	@echo "making .venv"
	@$(PYTHON) -m venv .venv

.venv/run: requirements/run.txt requirements/build.txt pyproject.toml $(PAGE) | $(BIN)/python
	@test -e .venv/dev || { echo "installing Python packages"; $(PIP) --require-hashes -r requirements/build.txt -r requirements/run.txt; }
	@echo "building the web page and installing anju"
	@$(PIP) --no-deps --no-build-isolation --editable .
	@$(BYTECODE)
	@touch $@

.venv/dev: requirements/dev.txt pyproject.toml $(PAGE) | $(BIN)/python
	@echo "installing Python packages, building the web page"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@$(BYTECODE)
	@touch $@ .venv/run

.venv/debian: tests/debian-packages.txt | $(BIN)/python
	@deploy/debian-packages < $<
	@touch $@
