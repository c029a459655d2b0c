# Two commands are enough: `make demo` and `make test`. Each makes the environment first.

PYTHON ?= python3.11
BIN := .venv/bin
INSTALLED := .venv/.installed
TESTED := .venv/.tested
SOURCES := $(shell find gateway channels policies tests schema.graphql README.md pyproject.toml -type f -not -path '*/__pycache__/*')
TEST := $(BIN)/pytest --numprocesses auto --dist loadfile --cov

.DEFAULT_GOAL := help
.PHONY: help install demo test check lint types imports schema bench clean

help: ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-9s %s\n", $$1, $$2}'

install: $(INSTALLED) ## the environment in .venv, with everything pinned

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[demo,dev]'
	@touch $@

demo: install ## a gateway to look at, with customers, keys and local providers
	$(BIN)/gateway demo

test: install ## every test; those that need a database on SQLite, and again on PostgreSQL
	@rm -f $(TESTED)
	$(TEST) --cov-report=
	$(TEST) --cov-append --cov-report=term --database postgresql tests/gateway tests/api tests/canaries tests/reliability
	@touch $(TESTED)

$(TESTED): $(SOURCES)
	$(MAKE) test

check: install lint types imports schema $(TESTED) ## what CI runs: lint, types, import directions, schema drift, tests (unless they ran on just this), coverage
	$(BIN)/coverage report --format=total --fail-under=90

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: install
	$(BIN)/mypy

imports: install
	$(BIN)/lint-imports

schema: install ## is schema.graphql what the code says?
	$(BIN)/gateway schema | diff - schema.graphql

bench: install ## the server's CPU per requestContact beside a floor, in one run, on both databases
	$(BIN)/python -m tests.benchmarks.main_job
	$(BIN)/python -m tests.benchmarks.main_job --database postgresql

clean: ## the environment and caches; not what is in var/
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage* build *.egg-info
