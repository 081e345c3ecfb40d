# Ramekin: `make run` serves the demo, `make test` passes the tests. Both set up what they need.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help torture cluster run test test-all check setup clients lock samples error-table image-test bench clean

help:
	@echo "make run         set up and serve the demo, whose console is at http://127.0.0.1:8000/"
	@echo "make test        set up and pass the tests, in five minutes"
	@echo "make test-all    what \`make test\` leaves out, in twenty-five minutes"
	@echo "make check       types, style, layers"
	@echo "make image-test  build and start the container image (root on Debian; see docs/deployment.md)"
	@echo "make bench       measure speed and memory beside others, in five minutes (needs wrk)"
	@echo "make torture     the long proofs of durability and of clusters, and 100,000 requests of all kinds; writes docs/*-results.md"
	@echo "make cluster     start two servers on six nodes of Valkey or Redis, and say what to try"
	@echo "make lock        resolve the dependencies again"

run: $(VENV)/run.stamp
	@echo "Starting the demo; open its console in a browser; Ctrl-C stops it. Your own tables: $(BIN)/ramekin serve --help"
	@$(BIN)/ramekin demo $(if $(PORT),--port $(PORT))

test: $(VENV)/dev.stamp clients
	@echo "Running the tests, with types, style and layers beside them; the slowest of them come last."
	@scripts/check & check=$$!; scripts/test; tests=$$?; \
		wait $$check || { echo "Style, types or layers are not in order: see above, or what make check says."; exit 1; }; exit $$tests
	@echo "Passed. Next: make run, or read CONTRIBUTING.md."

test-all: $(VENV)/dev.stamp clients
	@scripts/test-all

check: $(VENV)/dev.stamp
	@scripts/check

setup: $(VENV)/dev.stamp clients
	@echo "Set up. Next: make test, or make run."

$(VENV)/made.stamp:
	@scripts/make-venv "$(PYTHON)" "$(VENV)"
	@touch $@

$(VENV)/run.stamp: requirements/run.lock requirements/build.lock pyproject.toml | $(VENV)/made.stamp
	@echo "Installing what the server needs."
	@$(PIP) --require-hashes -r requirements/run.lock -r requirements/build.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock pyproject.toml | $(VENV)/made.stamp
	@echo "Installing what the server and its tests need; the first time takes a minute."
	@$(PIP) --require-hashes -r requirements/dev.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/run.stamp

clients: $(VENV)/clients/python.stamp $(VENV)/clients/node.stamp

$(VENV)/clients/python.stamp: requirements/clients.lock | $(VENV)/dev.stamp
	@scripts/setup-clients python

$(VENV)/clients/node.stamp: tests/clients/package-lock.json | $(VENV)/dev.stamp
	@scripts/setup-clients node

lock: $(VENV)/dev.stamp
	@scripts/lock

samples: $(VENV)/run.stamp
	@$(BIN)/python scripts/make_samples.py

error-table: $(VENV)/run.stamp
	@$(BIN)/python scripts/make_error_table.py

image-test:
	@scripts/image-test

bench: $(VENV)/dev.stamp
	@$(BIN)/python -m benchmarks

torture: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.durability.torture $(ARGS)
	@$(BIN)/python -m tests.cluster.torture
	@FUZZ=500 $(BIN)/python -m pytest -q -n auto --timeout 3600 -m long tests/fuzz
	@REQUESTS=50000 MUTATIONS=1000 $(BIN)/python -m pytest -q -n auto --timeout 3600 tests/fuzz/test_grammar.py \
		tests/api/test_http_rules.py::test_whatever_is_sent_has_the_same_answers_on_all_ways_however_it_is_cut

cluster: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.cluster.demo

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*
