# Each target sets up what it needs. `make run` and `make test` are all a newcomer has to know.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --upgrade

# Without kept bytecode every process of the tests compiles the whole house again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test check check-types check-rest bench lock clean translations

run: $(VENV)/run
	@instance="$${CASEFILE_INSTANCE:-instance}"; \
	if [ -e "$$instance/casefile.db" ] && [ ! -e "$$instance/sample" ] && [ ! -e "$$instance/sample-unfinished" ]; \
	then exec $(BIN)/casefile serve; else exec $(BIN)/casefile demo --serve; fi

test: $(VENV)/dev
	@sh tests/system-packages.sh
	$(BIN)/python -m pytest --numprocesses auto --dist loadgroup

# Types are read by one process while the tests keep the other cores busy.
check: $(VENV)/dev
	@$(MAKE) --no-print-directory --jobs=2 check-types check-rest

check-types:
	$(BIN)/mypy

check-rest:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/python -m pytest --quiet --numprocesses auto --dist loadgroup tests/unit tests/house -m "not slow and not browser"

bench: $(VENV)/dev
	$(BIN)/python -m tests.bench

lock: $(VENV)/dev
	$(COMPILE) pyproject.toml -o requirements.txt
	$(COMPILE) --group pyproject.toml:build -o requirements-build.txt
	$(COMPILE) pyproject.toml --group dev -o requirements-dev.txt

translations: $(VENV)/dev
	$(BIN)/pybabel --quiet extract --no-location --sort-output --omit-header -F babel.cfg -k _l -o casefile/translations/messages.pot .

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Casefile needs Python 3.11 or newer; name one with: make run PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing. On Debian: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/run: $(VENV)/bin/python requirements.txt requirements-build.txt pyproject.toml
	@echo "Installing what Casefile needs into $(VENV) (once) …"
	@$(PIP) --require-hashes -r requirements.txt -r requirements-build.txt
	@$(PIP) --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(VENV)/dev: $(VENV)/run requirements-dev.txt
	@$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
