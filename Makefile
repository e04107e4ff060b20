# Every target works as root and as an ordinary user, with nothing installed but Python 3.11 or newer.
# The logic is in cs_platform/supervisor/; docs/operations.md explains it.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && exit; done; echo python3)
VENV := .venv/bin/python

.PHONY: help setup demo demo-reset test lint format bench services-up services-down guards faults browser-all

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

setup: ## the virtual environment with the locked dependencies
	@$(PYTHON) -m cs_platform.supervisor.environment

demo: setup ## the whole product with demo data on 127.0.0.1:18000; Ctrl-C stops it. ARGS="--port-base 19000"
	@$(VENV) manage.py demo --with-parent $(ARGS)

demo-reset: setup ## drops the demo's data
	@$(VENV) manage.py demo --reset $(ARGS)

test: setup ## linters, contracts and the whole suite. ARGS="tests/accounts -k archive" goes to pytest
	@$(VENV) -m cs_platform.supervisor.suite

guards: setup ## switches every guard off, one by one, and expects its tests to fail. ARGS="-k outbox"
	@$(VENV) -m cs_platform.supervisor.guards $(ARGS)

faults: setup ## faults, long histories, races, PgBouncer: an hour; writes docs/faults.md. ARGS="histories --faults 50"
	@$(VENV) -m tests.faults $(ARGS)

browser-all: setup ## every test that drives a browser, and nothing else
	@CI=true $(VENV) -m pytest -m browser $(ARGS)

lint: setup ## the quick linters only
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/lint-imports

format: setup ## formats the Python files
	@.venv/bin/ruff check --fix-only --quiet . && .venv/bin/ruff format .

bench: setup ## how fast it is, against the floor of this machine. ARGS="account-list --scale 0.2", or all
	@$(VENV) manage.py bench $(or $(ARGS),all)

services-up: setup ## the embedded PostgreSQL and Valkey alone
	@$(VENV) manage.py services up

services-down: setup ## stops them
	@$(VENV) manage.py services down
