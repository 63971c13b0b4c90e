# One door to everything. Needs make and Python 3.11 or later; the rest goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ARGS ?=
POSTGRES15_BIN ?= /usr/lib/postgresql/15/bin

.PHONY: help setup demo serve test test-postgres15 check bench faults lock clean

help:
	@echo "make setup   make .venv, with everything pinned in lock/dev.txt"
	@echo "make demo    watch a property company's calling day    (ARGS='--owners 500 --seed 7')"
	@echo "make serve   API, scheduler, dialer and worker (ARGS='--port 8080')"
	@echo "make test    run all tests                             (ARGS='-k overdue')"
	@echo "make test-postgres15  what speaks SQL, on PostgreSQL 15 as well"
	@echo "make check   format, lint, types, imports"
	@echo "make bench   measure against the bare work          (ARGS=claims, ARGS=--quick)"
	@echo "make faults  kill dialers and PostgreSQL through a day  (ARGS='--seed 7', ARGS=--short)"
	@echo "make lock    rewrite the pins from pyproject.toml"
	@echo "make clean   remove .venv and all caches, but no home"

setup: $(READY)

$(READY): pyproject.toml lock/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or later is needed; $(PYTHON) is none. Name one: make PYTHON=python3.12" >&2; \
	  exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  rm -rf $(VENV); \
	  echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; \
	  exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --require-hashes --only-binary :all: -r lock/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --no-deps --no-build-isolation --no-index -e .
	@touch $@

demo: $(READY)
	$(BIN)/ownerline demo $(ARGS)

serve: $(READY)
	@exec $(BIN)/ownerline serve $(ARGS)

test: $(READY)
	$(BIN)/python -m pytest -n auto $(ARGS)

test-postgres15: $(READY)
	POSTGRES15_BIN=$(POSTGRES15_BIN) .ci/postgres15 $(ARGS)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/python -m bench $(ARGS)

faults: $(READY)
	$(BIN)/python -m tests.faults $(ARGS)

lock: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
	$(BIN)/uv pip compile pyproject.toml --group dev --group build --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --quiet --output-file lock/dev.txt

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-output
