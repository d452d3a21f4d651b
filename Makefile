# Every target is a line and a comment; `make setup` is all that a fresh machine needs.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
FOLDERS = $${NETVIGIL_DATA:-../shared/data}/signals $${NETVIGIL_DATA:-../shared/data}/signals-more
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev system demo test check format kafka dashboards docs golden bench inject lock networks places score ablate tune count clean test-compose

help:  ## what there is
	@echo 'To use netvigil:'
	@grep -hE '^(help|setup|demo|places|kafka|clean):.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16
	@echo 'To work on it:'
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | grep -vE '^(help|setup|demo|places|kafka|clean):' | sed -E 's/:.*## /\t/' | expand -t 16

setup: .venv/ready  ## virtual environment in .venv with all that netvigil needs

setup-dev: .venv/ready-dev  ## the environment of setup, and what the tests need

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "netvigil needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V)"; exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || tools/system python3-venv
	@echo 'Making the virtual environment .venv: a few seconds.'
	@$(PYTHON) -m venv .venv

.venv/ready: requirements.lock pyproject.toml | .venv/bin/python
	@echo 'Installing the packages that netvigil needs: about half a minute.'
	@$(PIP) --require-hashes -r requirements.lock
	@echo 'Installing netvigil itself: a few seconds.'
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/ready-dev: requirements-dev.lock .venv/ready
	@echo 'Installing the packages that the tests need: about half a minute.'
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

system:  ## system packages for the tests (Debian, Ubuntu; needs root)
	@tools/system --tests

demo: setup  ## a reconstructed election-day shutdown, in your terminal
	@$(BIN)/netvigil demo

test: setup-dev system check  ## everything that CI runs; sets up what it needs

check: setup-dev  ## format, lint, types, imports, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy & types=$$!; $(BIN)/lint-imports --no-logo; imports=$$?; wait $$types && exit $$imports
	$(BIN)/pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder --ignore tests/live
	$(BIN)/pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder tests/live

format: setup-dev  ## put the code into the house's form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

networks: setup  ## write the tables of networks anew (needs npm)
	@$(BIN)/python -m pipeline.geo.networks

places: setup  ## the table of addresses and countries (needs the Internet)
	@$(BIN)/netvigil places

kafka: setup  ## an Apache Kafka to play with, in the foreground
	@$(BIN)/python -m tests.live.apache

dashboards: setup  ## write dashboards/generated from its source
	$(BIN)/python -m dashboards

docs: setup  ## write docs/settings.md from the settings classes
	$(BIN)/python -m pipeline.settings > docs/settings.md

golden: setup-dev  ## write the golden outputs anew; review the difference like code
	NETVIGIL_GOLDEN=write $(BIN)/pytest -q tests/replay tests/evaluation tests/test_state.py tests/test_docs.py

score: setup  ## ours and the field's detectors, held against all labelled cases
	@$(BIN)/netvigil evaluate $(FOLDERS:%=%/*/)

ablate: setup-dev  ## each parameter halved and doubled, each term taken away (ONLY="a b")
	@$(BIN)/python -m tests.evaluation.ablate $(FOLDERS) --only $(ONLY)

tune: setup-dev  ## parameters chosen without each case, judged on it (WITHOUT=case)
	@$(BIN)/python -m tests.evaluation.tune $(FOLDERS) --without "$(WITHOUT)"

bench: setup-dev  ## rates, as ratios in one run
	@$(BIN)/python -m tests.bench

inject: setup-dev  ## outages laid over made-up and real series (ARGS="--only plain --seeds 2")
	@$(BIN)/python -m tests.injection $(ARGS)

count: setup-dev  ## modules, lines, constants, parameters and literals that decide
	@$(BIN)/python -m tests.house.count

test-compose: setup-dev system  ## docker-compose.yml, really up: a stream in, notifications out
	$(BIN)/pytest -m compose tests/live

lock: setup-dev  ## write the lock files anew from pyproject.toml
	tools/lock

clean:  ## away with the virtual environment and all caches
	rm -rf .venv .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
